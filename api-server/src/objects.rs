//! The cluster as the authenticators and authorizers see it: decoded objects out of the cache.

use auth::{Change, Objects, Watcher};
use cache::{At, Cache, Item, Query, Shelf, Start, WatchEvent};
use object::{ApiError, GroupResource, Result, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Revision;

/// The watch cache, as objects in their preferred version.
#[derive(Clone, Debug)]
pub(crate) struct Cached(pub(crate) Arc<Cache>);

impl Cached {
    /// One object, as of now: everything acknowledged before the call is in it.
    pub(crate) async fn newest(
        &self,
        resource: &GroupResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Value>>> {
        let Some(shelf) = self.0.shelf_of(&resource.group, &resource.resource) else {
            return Ok(None);
        };
        let item = self.0.get(shelf, namespace, name, At::Newest).await?;
        item.map(|item| item.stored_value().map(Arc::new)).transpose()
    }

    /// The same; 404 when it is not there.
    pub(crate) async fn need(
        &self,
        resource: &GroupResource,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>> {
        let found = self.newest(resource, namespace, name).await?;
        found.ok_or_else(|| ApiError::not_found(resource, name))
    }
}

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
        let mut told = Told { watcher, known: BTreeSet::new() };
        let revision = told.everything(&self.0, &shelf);
        let cache = self.0.clone();
        runtime::spawn("objects watch", async move {
            let mut start = Start::After(revision);
            loop {
                if let Ok(mut events) = cache.watch_now(&shelf, Query::everything(), start) {
                    while let Ok(event) = events.next().await {
                        told.event(&event);
                    }
                }
                // The ring has moved on past this watcher: what is there, and what is gone.
                start = Start::After(told.everything(&cache, &shelf));
            }
        })
        .detach();
    }
}

/// What a watcher has been told.
struct Told {
    watcher: Watcher,
    /// The namespaces and names of the objects that it knows.
    known: BTreeSet<(String, String)>,
}

impl Told {
    /// Tells of everything that there is, and of what is known and gone; gives the revision.
    fn everything(&mut self, cache: &Cache, shelf: &Shelf) -> Revision {
        let list = cache.list_now(shelf, &Query::everything());
        let mut gone = std::mem::take(&mut self.known);
        for item in &list.items {
            gone.remove(&place(item));
            self.tell(item, false);
        }
        for (namespace, name) in gone {
            (self.watcher)(&Change { namespace, name, object: None });
        }
        list.revision
    }

    fn event(&mut self, event: &WatchEvent) {
        match event {
            WatchEvent::Added(item) | WatchEvent::Modified(item) => self.tell(item, false),
            WatchEvent::Deleted(item) => self.tell(item, true),
            WatchEvent::Bookmark { .. } => {}
        }
    }

    fn tell(&mut self, item: &Item, deleted: bool) {
        if deleted {
            self.known.remove(&place(item));
        } else {
            self.known.insert(place(item));
        }
        (self.watcher)(&change(item, deleted));
    }
}

fn place(item: &Item) -> (String, String) {
    (item.header.namespace.clone(), item.header.name.clone())
}

fn change(item: &Item, deleted: bool) -> Change {
    Change {
        namespace: item.header.namespace.clone(),
        name: item.header.name.clone(),
        object: if deleted { None } else { decoded(item) },
    }
}

fn decoded(item: &Item) -> Option<Arc<Value>> {
    match item.stored_value_unmanaged() {
        Ok(object) => Some(Arc::new(object)),
        Err(error) => {
            tracing::error!("{error}");
            None
        }
    }
}
