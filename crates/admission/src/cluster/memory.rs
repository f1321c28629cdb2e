//! A cluster that a test wrote down.

use super::Cluster;
use async_trait::async_trait;
use auth::{Attributes, Decision, Objects, Watcher};
use object::{GroupResource, Result, Value, meta};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

type Key = (GroupResource, String, String);

/// A cluster of what was put into it, whose authorizers allow what was allowed.
#[derive(Default)]
pub(crate) struct Memory {
    objects: Mutex<BTreeMap<Key, Arc<Value>>>,
    allowed: Mutex<Vec<(String, String, String)>>,
}

impl Memory {
    pub(crate) fn put(&self, group: &'static str, resource: &'static str, object: Value) {
        let place = (meta::namespace(&object).to_owned(), meta::name(&object).to_owned());
        let key = (GroupResource::new(group, resource), place.0, place.1);
        self.objects.lock().unwrap().insert(key, Arc::new(object));
    }

    /// Lets everybody do this to the object of this name.
    pub(crate) fn allow(&self, verb: &str, resource: &str, name: &str) {
        let rule = (verb.to_owned(), resource.to_owned(), name.to_owned());
        self.allowed.lock().unwrap().push(rule);
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

    fn watch(&self, _resource: &GroupResource, _watcher: Watcher) {}
}

#[async_trait]
impl Cluster for Memory {
    async fn newest(
        &self,
        resource: &GroupResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Value>>> {
        Ok(self.get(resource, namespace, name))
    }

    async fn swap_status(&self, resource: &GroupResource, object: &Value) -> Result<bool> {
        let place = (meta::namespace(object).to_owned(), meta::name(object).to_owned());
        let key = (resource.clone(), place.0, place.1);
        self.objects.lock().unwrap().insert(key, Arc::new(object.clone()));
        Ok(true)
    }

    async fn decide(&self, asked: &Attributes) -> Decision {
        let allowed = self.allowed.lock().unwrap();
        let fits = allowed.iter().any(|(verb, resource, name)| {
            *verb == asked.verb && *resource == asked.resource && *name == asked.name
        });
        if fits { Decision::Allow(String::new()) } else { Decision::NoOpinion(String::new()) }
    }
}
