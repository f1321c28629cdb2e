//! The objects of one kind, and the ring of its last changes.

use crate::item::Item;
use crate::limits::RING_CHANGES;
use imbl::OrdMap;
use kinds::Kind;
use object::{ApiError, Result};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use store::Revision;
use tokio::sync::watch;

/// The objects of a kind in order of their keys (`namespace/name`), cheap to clone.
pub(crate) type Items = OrdMap<String, Arc<Item>>;

/// One change of one object.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) revision: Revision,
    /// The object as written; `None`: it was removed.
    pub(crate) item: Option<Arc<Item>>,
    /// The object as it was; `None`: it is new.
    pub(crate) previous: Option<Arc<Item>>,
}

/// The objects of one kind.
#[derive(Debug)]
pub struct Shelf {
    /// The kind.
    pub kind: &'static Kind,
    state: RwLock<State>,
    /// The number of the last change, to wake watchers.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) items: Items,
    /// Stored values that cannot be read, by key, with the reason.
    faults: BTreeMap<String, ApiError>,
    ring: VecDeque<Change>,
    /// The number of the first change in the ring.
    first: u64,
    /// The revision of the last change. The cache as a whole may not have reached it yet, but a
    /// list of this shelf shows it.
    pub(crate) latest: Revision,
    /// Changes up to this revision are no longer (or never were) in the ring.
    pub(crate) trimmed: Revision,
}

impl Shelf {
    pub(crate) fn new(kind: &'static Kind) -> Self {
        Self { kind, state: RwLock::default(), changed: watch::Sender::new(0) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("no holder of the lock panics")
    }

    /// One object, or the reason why it cannot be read.
    pub fn get(&self, namespace: &str, name: &str) -> Result<Option<Arc<Item>>> {
        let key = crate::item::key(namespace, name);
        let state = self.read();
        match state.faults.get(&key) {
            Some(fault) => Err(fault.clone()),
            None => Ok(state.items.get(&key).cloned()),
        }
    }

    /// Where its objects are below the store's prefix.
    pub(crate) fn place(&self) -> &'static str {
        self.kind.storage.map(|storage| storage.key).unwrap_or_default()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.read().items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Applies a change; `outcome` is the new item, its removal, or why it cannot be read.
    pub(crate) fn apply(&self, key: String, revision: Revision, outcome: Result<Option<Arc<Item>>>) {
        let mut state = self.state.write().expect("no holder of the lock panics");
        let item = match outcome {
            Ok(item) => {
                state.faults.remove(&key);
                item
            }
            Err(fault) => {
                tracing::error!("{fault}");
                state.faults.insert(key.clone(), fault);
                None
            }
        };
        let previous = match &item {
            Some(item) => state.items.insert(key.clone(), item.clone()),
            None => state.items.remove(&key),
        };
        if item.is_none() && previous.is_none() {
            return;
        }
        state.latest = revision;
        state.ring.push_back(Change { key, revision, item, previous });
        if state.ring.len() > RING_CHANGES {
            state.trim();
        }
        let number = state.first + state.ring.len() as u64;
        drop(state);
        self.changed.send_replace(number);
    }

    /// Fills the shelf with what was loaded at `revision`. What differs from before is a change
    /// of that revision, unless the shelf is filled for the first time.
    pub(crate) fn fill(
        &self,
        mut loaded: BTreeMap<String, Result<Arc<Item>>>,
        revision: Revision,
        first_time: bool,
    ) {
        if first_time {
            let mut state = self.state.write().expect("no holder of the lock panics");
            for (key, outcome) in loaded {
                match outcome {
                    Ok(item) => drop(state.items.insert(key, item)),
                    Err(fault) => {
                        tracing::error!("{fault}");
                        state.faults.insert(key, fault);
                    }
                }
            }
            state.trimmed = revision;
            return;
        }
        let before: Vec<(String, Revision)> =
            self.read().items.iter().map(|(key, item)| (key.clone(), item.revision)).collect();
        for (key, seen) in before {
            match loaded.remove(&key) {
                None => self.apply(key, revision, Ok(None)),
                Some(Ok(item)) if item.revision == seen => {}
                Some(outcome) => self.apply(key, revision, outcome.map(Some)),
            }
        }
        for (key, outcome) in loaded {
            self.apply(key, revision, outcome.map(Some));
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl State {
    fn trim(&mut self) {
        if let Some(change) = self.ring.pop_front() {
            self.trimmed = change.revision;
            self.first += 1;
        }
    }

    /// The number of the first change after `revision`; `None` if it may have been trimmed.
    pub(crate) fn number_after(&self, revision: Revision) -> Option<u64> {
        if revision < self.trimmed {
            return None;
        }
        let skip = self.ring.partition_point(|change| change.revision <= revision);
        Some(self.first + skip as u64)
    }

    /// The changes from a number on, at most `limit`; `None` if the first was trimmed.
    pub(crate) fn changes(&self, from: u64, limit: usize) -> Option<Vec<Change>> {
        let skip = usize::try_from(from.checked_sub(self.first)?).ok()?;
        Some(self.ring.iter().skip(skip).take(limit).cloned().collect())
    }

    /// The number that the next change will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    /// The first value that cannot be read among the keys from `start` to `end`.
    pub(crate) fn fault(&self, start: &str, end: Option<&str>) -> Option<&ApiError> {
        let mut faults = self.faults.range(start.to_owned()..);
        let (key, fault) = faults.next()?;
        end.is_none_or(|end| key.as_str() < end).then_some(fault)
    }

    /// The items as they were at an older revision; `None` if that was trimmed.
    pub(crate) fn items_at(&self, revision: Revision) -> Option<Items> {
        if revision < self.trimmed {
            return None;
        }
        let mut items = self.items.clone();
        for change in self.ring.iter().rev().take_while(|change| change.revision > revision) {
            match &change.previous {
                Some(item) => drop(items.insert(change.key.clone(), item.clone())),
                None => drop(items.remove(&change.key)),
            }
        }
        Some(items)
    }
}
