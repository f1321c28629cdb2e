//! The objects of one kind, and the ring of its last changes.

use crate::change::Change;
use crate::index::{self, Index};
use crate::interest::{Groups, Interest};
use crate::item::Item;
use crate::limits::{INDEX_FROM_OBJECTS, RING_BYTES, RING_CHANGES};
use crate::read::Query;
use imbl::OrdMap;
use kinds::Kind;
use object::{ApiError, Result};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::Revision;
use tokio::sync::watch;

/// `namespace/name`, or `name`; shared by the map, the indexes and the ring.
pub(crate) type Key = Arc<str>;

/// The objects of a kind in order of their keys, cheap to clone.
pub(crate) type Items = OrdMap<Key, Arc<Item>>;

/// The objects of one kind.
#[derive(Debug)]
pub struct Shelf {
    /// The kind.
    pub kind: &'static Kind,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) items: Items,
    /// Stored values that cannot be read, by key, with the reason.
    faults: BTreeMap<String, ApiError>,
    index: Index,
    groups: Groups,
    ring: VecDeque<Arc<Change>>,
    ring_bytes: usize,
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
        Self { kind, state: RwLock::default() }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("no holder of the lock panics")
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().expect("no holder of the lock panics")
    }

    /// One object, or the reason why it cannot be read.
    pub fn get(&self, namespace: &str, name: &str) -> Result<Option<Arc<Item>>> {
        let key = crate::item::key(namespace, name);
        let state = self.read();
        match state.faults.get(&key) {
            Some(fault) => Err(fault.clone()),
            None => Ok(state.items.get(key.as_str()).cloned()),
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
        let mut state = self.write();
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
        state.change(key.into(), revision, item);
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
            let mut state = self.write();
            for (key, outcome) in loaded {
                match outcome {
                    Ok(item) => state.put(key.into(), item),
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
            self.read().items.iter().map(|(key, item)| (key.to_string(), item.revision)).collect();
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

    /// One watcher more for an interest; [`Shelf::leave`] ends that.
    pub(crate) fn join(&self, interest: &Interest) -> watch::Receiver<u64> {
        let mut state = self.write();
        let State { groups, ring, first, .. } = &mut *state;
        let numbered = ring.iter().enumerate().map(|(at, c)| (*first + at as u64, &**c));
        groups.join(interest, numbered, *first)
    }

    pub(crate) fn leave(&self, interest: &Interest) {
        self.write().groups.leave(interest);
    }

    /// Forgets the JSON that nobody has read since the last call.
    pub(crate) fn drop_unused_json(&self) {
        let state = self.read();
        let (items, ring) = (state.items.clone(), state.ring.clone());
        drop(state);
        items.values().for_each(|item| item.drop_unused_json());
        ring.iter().filter_map(|c| c.previous.as_ref()).for_each(|item| item.drop_unused_json());
    }

    /// Indexes what a query selects by, where the shelf is so large that it pays.
    pub(crate) fn prepare_index(&self, query: &Query) {
        let terms = index::terms(query, self.kind);
        let state = self.read();
        if state.items.len() < INDEX_FROM_OBJECTS || state.index.is_ready(&terms) {
            return;
        }
        drop(state);
        let mut state = self.write();
        let State { index, items, .. } = &mut *state;
        index.prepare(&terms, items);
    }
}

/// Some of the changes that concern a watcher.
pub(crate) struct Turn {
    pub(crate) changes: Vec<Arc<Change>>,
    /// The number of the first change that it has yet to look at.
    pub(crate) next: u64,
}

impl State {
    fn put(&mut self, key: Key, item: Arc<Item>) {
        self.index.follow(&key, None, Some(&item));
        self.items.insert(key, item);
    }

    fn change(&mut self, key: Key, revision: Revision, item: Option<Arc<Item>>) {
        let previous = match &item {
            Some(item) => self.items.insert(key.clone(), item.clone()),
            None => self.items.remove(&key),
        };
        if item.is_none() && previous.is_none() {
            return;
        }
        self.index.follow(&key, previous.as_deref(), item.as_deref());
        self.latest = revision;
        let change = Arc::new(Change::new(key, revision, item, previous));
        let number = self.next_number();
        self.ring_bytes += change.bytes;
        self.ring.push_back(change.clone());
        while self.ring.len() > RING_CHANGES
            || (self.ring_bytes > RING_BYTES && self.ring.len() > 1)
        {
            self.trim();
        }
        self.groups.came(number, &change);
    }

    fn trim(&mut self) {
        if let Some(change) = self.ring.pop_front() {
            self.groups.went(self.first, &change);
            self.ring_bytes -= change.bytes;
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

    /// The changes that concern an interest from a number on, at most `limit`; `None` if one of
    /// them was trimmed.
    pub(crate) fn changes(&self, interest: &Interest, from: u64, limit: usize) -> Option<Turn> {
        let mut numbers = self.groups.get(interest)?.numbers(from)?;
        let mut turn = Turn { changes: Vec::new(), next: self.next_number() };
        for number in numbers.by_ref().take(limit) {
            let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
            turn.changes.push(self.ring.get(place)?.clone());
        }
        if let Some(number) = numbers.next() {
            turn.next = number;
        }
        Some(turn)
    }

    /// The keys and items among which a query's answer is, where an index tells.
    pub(crate) fn indexed(&self, query: &Query, kind: &Kind) -> Option<Vec<(&Key, &Arc<Item>)>> {
        let keys = self.index.narrowest(&index::terms(query, kind))?;
        let items = keys.into_iter().flatten().filter_map(|key| self.items.get_key_value(key));
        Some(items.collect())
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
