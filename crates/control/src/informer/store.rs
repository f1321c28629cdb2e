//! The objects of one kind by key, with an index by controlling owner.
//!
//! It doesn't know which kind: what has the type puts in and takes out.

use crate::Key;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// An object of a kind that its holder doesn't know.
pub(super) trait Held: Any + Send + Sync {
    fn meta(&self) -> &ObjectMeta;
}

/// The store of one kind.
#[derive(Default)]
pub(super) struct Store {
    pub(super) objects: BTreeMap<Key, Arc<dyn Held>>,
    /// Keys by the UID of the controlling owner.
    pub(super) controlled: HashMap<String, BTreeSet<Key>>,
}

impl Store {
    /// Puts `object` in, and gives what was there.
    pub(super) fn insert(&mut self, key: Key, object: Arc<dyn Held>) -> Option<Arc<dyn Held>> {
        let owner = controller_uid(&*object).map(str::to_owned);
        let old = self.objects.insert(key.clone(), object);
        if let Some(old) = &old {
            self.unlink(&key, &**old);
        }
        if let Some(owner) = owner {
            self.controlled.entry(owner).or_default().insert(key);
        }
        old
    }

    /// Takes out the object named `key`.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<dyn Held>> {
        let old = self.objects.remove(key)?;
        self.unlink(key, &*old);
        Some(old)
    }

    /// Takes out all that `listed` doesn't name.
    pub(super) fn keep_only(&mut self, listed: &BTreeSet<Key>) -> Vec<Arc<dyn Held>> {
        let keys: Vec<Key> =
            self.objects.keys().filter(|key| !listed.contains(*key)).cloned().collect();
        keys.iter().filter_map(|key| self.remove(key)).collect()
    }

    fn unlink(&mut self, key: &Key, old: &dyn Held) {
        let Some(owner) = controller_uid(old) else { return };
        if let Some(keys) = self.controlled.get_mut(owner) {
            keys.remove(key);
            if keys.is_empty() {
                self.controlled.remove(owner);
            }
        }
    }
}

fn controller_uid(object: &dyn Held) -> Option<&str> {
    let owners = object.meta().owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str())
}
