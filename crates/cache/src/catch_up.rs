//! How a shelf catches up after a gap: the store's history was compacted before the feed read it.
//!
//! What differs between before and now is told to running watchers as if it had been followed:
//! each object once, in order of revisions. When each removal happened is not known, so nobody
//! can resume within the gap (410), and what is listed as of a revision in it comes from the store.

use crate::change::{Change, Standing};
use crate::index::Index;
use crate::item::Key;
use crate::shelf::{Loaded, State};
use object::Result;
use store::Revision;

impl State {
    pub(crate) fn catch_up(&mut self, loaded: Loaded, since: Revision, revision: Revision) {
        let known = |key: &Key| match self.faults.get(key) {
            Some(fault) => Some(fault.revision),
            None => self.items.get(key).map(|item| item.revision),
        };
        let mut gone: Vec<Key> = self.items.keys().chain(self.faults.keys()).cloned().collect();
        gone.retain(|key| !loaded.contains_key(key));
        let differs = |key: &Key, written: Revision| known(key) != Some(written);
        let of_the_gap = |written: Revision| written > since && written <= revision;
        let mut changed = loaded.iter().filter(|(key, (written, _))| differs(key, *written));
        if revision < since || !changed.all(|(_, (written, _))| of_the_gap(*written)) {
            self.restart(loaded, revision);
            return;
        }
        let mut written: Vec<(Revision, Key, Result<_>)> = loaded
            .into_iter()
            .filter(|(key, (written, _))| differs(key, *written))
            .map(|(key, (written, outcome))| (written, key, outcome))
            .collect();
        written.sort_by_key(|(written, ..)| *written);

        for key in gone {
            let was = Standing { item: self.items.remove(&key), fault: self.faults.remove(&key) };
            self.index.follow(&key, was.item.as_deref(), None);
            let mut change = Change::new(key, since + 1, Standing::default(), was);
            change.until = revision;
            self.record(change);
        }
        for (written, key, outcome) in written {
            self.change(key, written, outcome.map(Some));
        }
        self.latest = self.latest.max(revision);
        self.trimmed = self.trimmed.max(revision);
    }

    /// The store is not the one that was followed, or has gone back: all watchers begin anew.
    fn restart(&mut self, loaded: Loaded, revision: Revision) {
        tracing::warn!(revision, "the store's history is another one: all watches begin anew");
        self.items.clear();
        self.faults.clear();
        self.index = Index::default();
        self.put_all(loaded);
        // Beyond every watcher's place.
        self.first = self.next_number() + 1;
        self.ring.clear();
        self.ring_bytes = 0;
        self.groups.restart(self.first);
        self.latest = revision;
        self.trimmed = revision;
    }
}
