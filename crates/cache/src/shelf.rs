//! The objects of one kind, and the ring of its last changes.

use crate::change::{Change, Fault, Standing};
use crate::index::{self, Index};
use crate::interest::{Groups, Interest};
use crate::item::{Item, Items, Key};
use crate::limits::{INDEX_FROM_OBJECTS, RING_BYTES, RING_CHANGES};
use crate::query::Query;
use kinds::Kind;
use object::Result;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::Revision;
use tokio::sync::watch;

/// The objects of one kind.
#[derive(Debug)]
pub struct Shelf {
    /// The kind.
    pub kind: &'static Kind,
    state: RwLock<State>,
}

/// Stored values that cannot be read, by key.
pub(crate) type Faults = BTreeMap<Key, Fault>;

/// What a load found: by key, the revision that wrote it, and what it is.
pub(crate) type Loaded = BTreeMap<Key, (Revision, Result<Arc<Item>>)>;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) items: Items,
    pub(crate) faults: Faults,
    pub(crate) index: Index,
    pub(crate) groups: Groups,
    pub(crate) ring: VecDeque<Arc<Change>>,
    pub(crate) ring_bytes: usize,
    /// The number of the first change in the ring.
    pub(crate) first: u64,
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
        match state.faults.get(key.as_str()) {
            Some(fault) => Err(fault.why.clone()),
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
    pub(crate) fn apply(
        &self,
        key: String,
        revision: Revision,
        outcome: Result<Option<Arc<Item>>>,
    ) {
        self.write().change(key.into(), revision, outcome);
    }

    /// Fills the shelf for the first time, with what was loaded at `revision`.
    pub(crate) fn fill(&self, loaded: Loaded, revision: Revision) {
        let mut state = self.write();
        state.put_all(loaded);
        state.trimmed = revision;
    }

    /// Catches up to what was loaded at `revision`, having followed all changes up to `since`.
    pub(crate) fn catch_up(&self, loaded: Loaded, since: Revision, revision: Revision) {
        self.write().catch_up(loaded, since, revision);
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
    /// Puts what was loaded into an empty shelf.
    pub(crate) fn put_all(&mut self, loaded: Loaded) {
        for (key, (revision, outcome)) in loaded {
            match outcome {
                Ok(item) => {
                    self.index.follow(&key, None, Some(&item));
                    self.items.insert(key, item);
                }
                Err(why) => {
                    tracing::error!("{why}");
                    self.faults.insert(key, Fault { revision, why });
                }
            }
        }
    }

    pub(crate) fn change(
        &mut self,
        key: Key,
        revision: Revision,
        outcome: Result<Option<Arc<Item>>>,
    ) {
        let is = match outcome {
            Ok(item) => Standing { item, fault: None },
            Err(why) => {
                tracing::error!("{why}");
                Standing { item: None, fault: Some(Fault { revision, why }) }
            }
        };
        let was = Standing {
            item: match &is.item {
                Some(item) => self.items.insert(key.clone(), item.clone()),
                None => self.items.remove(&key),
            },
            fault: match &is.fault {
                Some(fault) => self.faults.insert(key.clone(), fault.clone()),
                None => self.faults.remove(&key),
            },
        };
        if is.is_nothing() && was.is_nothing() {
            return;
        }
        self.index.follow(&key, was.item.as_deref(), is.item.as_deref());
        self.record(Change::new(key, revision, is, was));
    }

    /// Puts a change into the ring, and wakes whom it concerns.
    pub(crate) fn record(&mut self, change: Change) {
        self.latest = self.latest.max(change.revision);
        let change = Arc::new(change);
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
            self.trimmed = self.trimmed.max(change.revision);
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

    /// What was there at an older revision; `None` if that was trimmed.
    pub(crate) fn at(&self, revision: Revision) -> Option<(Items, Faults)> {
        if revision < self.trimmed {
            return None;
        }
        let (mut items, mut faults) = (self.items.clone(), self.faults.clone());
        for change in self.ring.iter().rev().take_while(|change| change.revision > revision) {
            match &change.previous {
                Some(item) => drop(items.insert(change.key.clone(), item.clone())),
                None => drop(items.remove(&change.key)),
            }
            match &change.previous_fault {
                Some(fault) => drop(faults.insert(change.key.clone(), fault.clone())),
                None => drop(faults.remove(&change.key)),
            }
        }
        Some((items, faults))
    }
}

/// Refuses where a value that cannot be read may be among what a query selects.
pub(crate) fn refuse_faults(faults: &Faults, query: &Query, kind: &Kind) -> Result<()> {
    match faults.iter().find(|(key, _)| query.may_select(key, kind)) {
        Some((_, fault)) => Err(fault.why.clone()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;
    use store::Entry;

    #[test]
    fn the_ring_is_bounded_by_changes_and_by_bytes() {
        let kind = kinds::find("", "v1", "configmaps").unwrap();
        let shelf = Shelf::new(kind);
        let put = |revision: Revision, size: usize| {
            let name = format!("map-{}", revision % 3);
            let map = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": { "name": name, "namespace": "space" },
                "data": { "value": "x".repeat(size) },
            });
            let entry = Entry {
                key: format!("/registry/configmaps/space/{name}"),
                value: crate::encode_stored(kind, &map).unwrap(),
                create_revision: revision,
                mod_revision: revision,
                unreadable: None,
            };
            let item = Item::read(kind, &entry).map(Arc::new).map(Some);
            shelf.apply(format!("space/{name}"), revision, item);
            let state = shelf.read();
            assert!(state.ring.len() <= RING_CHANGES);
            assert!(state.ring_bytes <= RING_BYTES);
            let held: usize = state.ring.iter().map(|change| change.bytes).sum();
            assert_eq!(held, state.ring_bytes);
            let last = state.ring.back().unwrap();
            assert_eq!(last.revision, revision);
            assert!(state.trimmed < state.ring.front().unwrap().revision);
        };
        let small = RING_CHANGES as Revision + 50;
        (1..small).for_each(|revision| put(revision, 10));
        (small..small + 50).for_each(|revision| put(revision, 1 << 20));
        assert!(shelf.read().ring.len() < 50, "one of the larger ones had to go");
    }
}
