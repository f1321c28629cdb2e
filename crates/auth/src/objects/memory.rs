//! Objects that a test wrote down.

use super::{Change, Objects, Watcher};
use object::{GroupResource, Value, meta};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Key = (GroupResource, String, String);

/// A cluster of what was put into it.
#[derive(Default)]
pub(crate) struct Memory {
    objects: Mutex<BTreeMap<Key, Arc<Value>>>,
    watchers: Mutex<Vec<(GroupResource, Watcher)>>,
}

impl Memory {
    pub(crate) fn put(&self, group: &'static str, resource: &'static str, object: Value) {
        let (namespace, name) =
            (meta::namespace(&object).to_owned(), meta::name(&object).to_owned());
        let resource = GroupResource::new(group, resource);
        let object = Arc::new(object);
        let key = (resource.clone(), namespace.clone(), name.clone());
        self.objects.lock().unwrap().insert(key, object.clone());
        self.tell(&resource, &Change { namespace, name, object: Some(object) });
    }

    pub(crate) fn remove(&self, group: &'static str, resource: &'static str, at: (&str, &str)) {
        let resource = GroupResource::new(group, resource);
        let (namespace, name) = (at.0.to_owned(), at.1.to_owned());
        self.objects.lock().unwrap().remove(&(resource.clone(), namespace.clone(), name.clone()));
        self.tell(&resource, &Change { namespace, name, object: None });
    }

    fn tell(&self, resource: &GroupResource, change: &Change) {
        for (watched, watcher) in &*self.watchers.lock().unwrap() {
            if watched == resource {
                watcher(change);
            }
        }
    }
}

impl Objects for Memory {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let key = (resource.clone(), namespace.to_owned(), name.to_owned());
        self.objects.lock().unwrap().get(&key).cloned()
    }

    fn list(&self, resource: &GroupResource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let objects = self.objects.lock().unwrap();
        let here = |key: &Key| key.0 == *resource && namespace.is_none_or(|wanted| wanted == key.1);
        objects.iter().filter(|(key, _)| here(key)).map(|(_, object)| object.clone()).collect()
    }

    fn watch(&self, resource: &GroupResource, watcher: Watcher) {
        for object in self.list(resource, None) {
            let (namespace, name) = (meta::namespace(&object).into(), meta::name(&object).into());
            watcher(&Change { namespace, name, object: Some(object) });
        }
        self.watchers.lock().unwrap().push((resource.clone(), watcher));
    }
}
