//! The cluster as the authenticators and authorizers see it: decoded objects out of the cache.

use auth::{Change, Objects, Watcher};
use cache::{Cache, Item, Query, Start, WatchEvent};
use object::{GroupResource, Value};
use std::sync::Arc;

/// The watch cache, as objects in their preferred version.
#[derive(Clone, Debug)]
pub(crate) struct Cached(pub(crate) Arc<Cache>);

impl Objects for Cached {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let shelf = self.0.shelf_of(&resource.group, &resource.resource)?;
        match shelf.get(namespace, name) {
            Ok(item) => item.and_then(|item| decoded(&item)),
            Err(error) => {
                tracing::error!("{error}");
                None
            }
        }
    }

    fn list(&self, resource: &GroupResource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let Some(shelf) = self.0.shelf_of(&resource.group, &resource.resource) else {
            return Vec::new();
        };
        let mut query = Query::everything();
        query.namespace = namespace.map(str::to_owned);
        let list = self.0.list_now(shelf, &query);
        list.items.iter().filter_map(|item| decoded(item)).collect()
    }

    fn watch(&self, resource: &GroupResource, watcher: Watcher) {
        let Some(shelf) = self.0.shelf_of(&resource.group, &resource.resource).cloned() else {
            tracing::error!("{resource} can't be watched: it is not stored");
            return;
        };
        let list = self.0.list_now(&shelf, &Query::everything());
        for item in &list.items {
            watcher(&change(item, false));
        }
        let cache = self.0.clone();
        let revision = list.revision;
        runtime::spawn("objects watch", async move {
            let mut start = Start::After(revision);
            loop {
                let Ok(mut events) = cache.watch_now(&shelf, Query::everything(), start) else {
                    return;
                };
                // When the ring has moved on, everything is told once more.
                while let Ok(event) = events.next().await {
                    match event {
                        WatchEvent::Added(item) | WatchEvent::Modified(item) => {
                            watcher(&change(&item, false));
                        }
                        WatchEvent::Deleted(item) => watcher(&change(&item, true)),
                        WatchEvent::Bookmark { .. } => {}
                    }
                }
                start = Start::Initial { at: cache::At::Any, bookmark: false };
            }
        })
        .detach();
    }
}

fn change(item: &Item, deleted: bool) -> Change {
    Change {
        namespace: item.header.namespace.clone(),
        name: item.header.name.clone(),
        object: if deleted { None } else { decoded(item) },
    }
}

fn decoded(item: &Item) -> Option<Arc<Value>> {
    match item.stored_value() {
        Ok(object) => Some(Arc::new(object)),
        Err(error) => {
            tracing::error!("{error}");
            None
        }
    }
}
