//! What really happened: the store's history from its beginning.

use cache::{Item, Query};
use futures::StreamExt;
use kinds::Kind;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Revision, Store};

/// A change of one object of a kind.
pub(crate) struct Change {
    pub(crate) revision: Revision,
    pub(crate) key: String,
    pub(crate) before: Option<Arc<Item>>,
    pub(crate) after: Option<Arc<Item>>,
}

/// What a watcher is told: `A`, `M` or `D`, of which object, at which revision.
pub(crate) type Told = (char, String, Revision);

pub(crate) struct Truth(Vec<Change>);

impl Truth {
    pub(crate) async fn of(store: &dyn Store, kind: &'static Kind) -> Self {
        let prefix = format!("/registry/{}/", kind.storage.as_ref().unwrap().key);
        let newest = store.revision().await.unwrap();
        let mut changes = Vec::new();
        let mut state: BTreeMap<String, Arc<Item>> = BTreeMap::new();
        let mut history = store.watch(1).await.unwrap();
        let mut reached = 1;
        while reached < newest {
            let batch = history.next().await.unwrap().unwrap();
            reached = batch.revision;
            for event in batch.events {
                let Some(key) = event.entry.key.strip_prefix(&prefix) else { continue };
                let item = || Arc::new(Item::read(kind, &event.entry).unwrap());
                let after = (!event.deleted).then(item);
                let before = match &after {
                    Some(item) => state.insert(key.to_owned(), item.clone()),
                    None => state.remove(key),
                };
                let (revision, key) = (event.entry.mod_revision, key.to_owned());
                changes.push(Change { revision, key, before, after });
            }
        }
        Self(changes)
    }

    /// What a watch from `after` on has to tell.
    pub(crate) fn events(&self, query: &Query, after: Revision) -> Vec<Told> {
        let selected = |item: &Option<Arc<Item>>| item.as_ref().is_some_and(|i| query.matches(i));
        let later = self.0.iter().filter(|change| change.revision > after);
        let told = later.filter_map(|change| {
            let sort = match (selected(&change.before), selected(&change.after)) {
                (false, false) => return None,
                (false, true) => 'A',
                (true, true) => 'M',
                (true, false) => 'D',
            };
            Some((sort, change.key.clone(), change.revision))
        });
        told.collect()
    }

    /// What a list as of a revision has to show: keys and the revisions that wrote them.
    pub(crate) fn list(&self, query: &Query, at: Revision) -> BTreeMap<String, Revision> {
        let mut state = BTreeMap::new();
        for change in self.0.iter().take_while(|change| change.revision <= at) {
            match change.after.as_ref().filter(|item| query.matches(item)) {
                Some(item) => drop(state.insert(change.key.clone(), item.revision)),
                None => drop(state.remove(&change.key)),
            }
        }
        state
    }
}

/// What is known after these events, each of which has to make sense.
pub(crate) fn follow(state: &mut BTreeMap<String, Revision>, told: &[Told]) {
    for (sort, key, revision) in told {
        let before = match sort {
            'D' => state.remove(key),
            _ => state.insert(key.clone(), *revision),
        };
        assert_eq!(before.is_some(), *sort != 'A', "{sort} of {key} at {revision}");
        assert!(before.is_none_or(|before| before < *revision), "{sort} {key} {revision}");
    }
}

/// The keys and revisions of a list.
pub(crate) fn shown(items: &[Arc<Item>]) -> BTreeMap<String, Revision> {
    items.iter().map(|item| (item.key(), item.revision)).collect()
}
