//! The only window that this crate has on the cluster.

use object::{GroupResource, Value};
use std::sync::Arc;

/// What became of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its namespace; empty for one of the cluster's scope.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it is now; `None` once it is gone.
    pub object: Option<Arc<Value>>,
}

/// Is told of changes. It must return quickly, for it may hold up the cache.
pub type Watcher = Arc<dyn Fn(&Change) + Send + Sync>;

/// Objects as the watch cache has them, in their preferred version.
pub trait Objects: Send + Sync {
    /// One object; `None` when there is none. `namespace` is empty at the cluster's scope.
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Option<Arc<Value>>;

    /// All objects of a resource, or those of one namespace, in the order of their keys.
    fn list(&self, resource: &GroupResource, namespace: Option<&str>) -> Vec<Arc<Value>>;

    /// Tells `watcher` of every object that there is, and from then on of every change, in the
    /// order of their revisions, each object's own order at least. After a relist of the cache
    /// this includes those that have gone meanwhile.
    fn watch(&self, resource: &GroupResource, watcher: Watcher);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a lock in a test")]
pub(crate) mod memory;
