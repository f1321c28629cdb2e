//! The history of all keys in memory: every version since the last compaction, in order.
//!
//! The core that the memory store and the embedded store share. It knows no disk, no clock and
//! no tasks. Revisions, compaction and their errors are etcd's (`etcd/server/mvcc`): an empty
//! store is at revision 1, a read at the compacted revision still works, one before it fails.

use crate::{Entry, Expect, Page, Range, Revision, StoreError, limits, prefix_end};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

/// What an empty store starts from, as in etcd: the first write makes revision 2.
pub(crate) const FIRST_REVISION: Revision = 1;

/// Milliseconds since 1970 by the wall clock, which outlives a restart.
pub(crate) type UnixMillis = i64;

/// One write as it went into the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) revision: Revision,
    pub(crate) key: Arc<str>,
    /// When the key came into being; 0 for a removal.
    pub(crate) create_revision: Revision,
    /// `None` for a removal.
    pub(crate) value: Option<Bytes>,
    /// When the value goes away by itself.
    pub(crate) expires: Option<UnixMillis>,
}

#[derive(Clone, Debug)]
struct Version {
    revision: Revision,
    create_revision: Revision,
    value: Option<Bytes>,
}

/// All versions of all keys, and the log of changes in order of their revisions.
#[derive(Debug)]
pub(crate) struct History {
    versions: BTreeMap<Arc<str>, Vec<Version>>,
    log: VecDeque<Written>,
    log_bytes: usize,
    newest: Revision,
    compacted: Revision,
    /// Changes up to here may be missing from the log: a watch has to start at or after it.
    complete_after: Revision,
    /// The beginnings of the keys of which a disk keeps the newest version only.
    lanes: Vec<String>,
    /// The oldest revision at which such keys can be read.
    lanes_from: Revision,
    expiries: BTreeSet<(UnixMillis, Arc<str>, Revision)>,
}

impl History {
    /// An empty history; of the keys that begin with one of `lanes` a disk may keep only the
    /// newest version.
    pub(crate) fn new(lanes: Vec<String>) -> Self {
        Self {
            versions: BTreeMap::new(),
            log: VecDeque::new(),
            log_bytes: 0,
            newest: FIRST_REVISION,
            compacted: 0,
            complete_after: 0,
            lanes,
            lanes_from: 0,
            expiries: BTreeSet::new(),
        }
    }

    pub(crate) fn newest(&self) -> Revision {
        self.newest
    }

    /// The newest entry of a key, if the key exists.
    pub(crate) fn get(&self, key: &str) -> Option<Entry> {
        let (key, versions) = self.versions.get_key_value(key)?;
        entry(key, versions.last()?)
    }

    /// Whether a disk may forget all versions of the key but the newest.
    pub(crate) fn in_lane(&self, key: &str) -> bool {
        self.lanes.iter().any(|lane| key.starts_with(lane.as_str()))
    }

    /// A page of the range. An empty `end` means up to the last key.
    pub(crate) fn range(&self, range: &Range) -> Result<Page, StoreError> {
        let revision = range.revision.filter(|asked| *asked > 0).unwrap_or(self.newest);
        if revision > self.newest {
            return Err(StoreError::Future { asked: revision, newest: self.newest });
        }
        if revision < self.compacted {
            return Err(self.gone(revision, self.compacted));
        }
        if revision < self.lanes_from && self.meets_lane(range) {
            return Err(self.gone(revision, self.lanes_from));
        }
        let mut page = Page { revision, ..Page::default() };
        if !range.end.is_empty() && range.start >= range.end {
            return Ok(page);
        }
        let end = match range.end.as_str() {
            "" => Bound::Unbounded,
            end => Bound::Excluded(end),
        };
        for (key, versions) in
            self.versions.range::<str, _>((Bound::Included(range.start.as_str()), end))
        {
            let standing = versions.iter().rev().find(|version| version.revision <= revision);
            let Some(version) = standing.filter(|version| version.value.is_some()) else {
                continue;
            };
            page.count += 1;
            if range.limit == 0 || page.entries.len() < range.limit {
                page.entries.extend(entry(key, version));
            } else {
                page.more = true;
            }
        }
        Ok(page)
    }

    /// At most `limit` changes after the revision `after`, oldest first.
    pub(crate) fn changes(
        &self,
        after: Revision,
        limit: usize,
    ) -> Result<impl Iterator<Item = &Written>, StoreError> {
        let oldest = self.compacted.max(self.complete_after + 1);
        if after + 1 < oldest {
            return Err(self.gone(after + 1, oldest));
        }
        let first = self.log.partition_point(|written| written.revision <= after);
        Ok(self.log.range(first..).take(limit))
    }

    /// Appends a write whose revision is greater than every one before.
    pub(crate) fn apply(&mut self, written: Written) {
        debug_assert!(written.revision > self.newest || self.log.is_empty());
        self.newest = self.newest.max(written.revision);
        if let Some(expires) = written.expires {
            self.expiries.insert((expires, written.key.clone(), written.revision));
        }
        self.versions.entry(written.key.clone()).or_default().push(Version {
            revision: written.revision,
            create_revision: written.create_revision,
            value: written.value.clone(),
        });
        self.log_bytes += size_bytes(&written);
        self.log.push_back(written);
    }

    /// After loading what a disk kept: `newest` and `compacted` as they were, and every revision
    /// that the disk no longer has puts the start of the complete history behind it.
    pub(crate) fn loaded(&mut self, newest: Revision, compacted: Revision) {
        self.newest = self.newest.max(newest);
        self.compacted = compacted;
        let mut missing = self.newest;
        for written in self.log.iter().rev() {
            if written.revision != missing {
                break;
            }
            missing -= 1;
        }
        // The change at the compacted revision itself can be watched too, and none made revision 1.
        let first = compacted.max(FIRST_REVISION + 1);
        self.complete_after = if missing >= first { missing } else { 0 };
        // A version in a lane is gone from the disk once another replaced it, so the past of a
        // lane reaches back to its last replacement (or removal, which leaves a gap) only.
        let replacement = self.log.iter().rev().find(|written| {
            written.create_revision != written.revision && self.in_lane(&written.key)
        });
        self.lanes_from =
            replacement.map_or(0, |written| written.revision).max(self.complete_after);
        self.trim_log(compacted);
    }

    /// Forgets what was superseded before `revision`; returns the revisions of the writes that
    /// nothing can read any more, so that a disk may drop them too.
    pub(crate) fn compact(&mut self, revision: Revision) -> Result<Vec<Revision>, StoreError> {
        if revision <= self.compacted {
            return Err(self.gone(revision, self.compacted));
        }
        if revision > self.newest {
            return Err(StoreError::Future { asked: revision, newest: self.newest });
        }
        self.compacted = revision;
        let up_to = self.log.partition_point(|written| written.revision <= revision);
        let keys: BTreeSet<Arc<str>> =
            self.log.range(..up_to).map(|written| written.key.clone()).collect();
        let mut dropped = Vec::new();
        for key in keys {
            let Some(versions) = self.versions.get_mut(&key) else { continue };
            let standing = versions.partition_point(|version| version.revision <= revision);
            // The one that stands at `revision` stays, unless it is a removal.
            let keep = match standing.checked_sub(1).map(|at| (at, &versions[at])) {
                Some((at, version)) if version.value.is_none() => at + 1,
                Some((at, _)) => at,
                None => 0,
            };
            dropped.extend(versions.drain(..keep).map(|version| version.revision));
            if versions.is_empty() {
                self.versions.remove(&key);
            }
        }
        self.trim_log(revision);
        dropped.sort_unstable();
        Ok(dropped)
    }

    /// The revision to compact to when the log has outgrown its limits.
    pub(crate) fn overgrown(&self) -> Option<Revision> {
        let grown =
            self.log_bytes > limits::HISTORY_BYTES || self.log.len() > limits::HISTORY_CHANGES;
        let middle = self.log.get(self.log.len() / 2)?.revision;
        (grown && middle > self.compacted).then_some(middle)
    }

    /// When the next value goes away by itself.
    pub(crate) fn next_expiry(&self) -> Option<UnixMillis> {
        self.expiries.first().map(|(expires, ..)| *expires)
    }

    /// Takes out what has expired by `now`, at most `limit`: the keys with the revision that
    /// still has to stand for the value to be removed.
    pub(crate) fn take_expired(
        &mut self,
        now: UnixMillis,
        limit: usize,
    ) -> Vec<(Arc<str>, Revision)> {
        let mut expired = Vec::new();
        while expired.len() < limit
            && let Some(first) = self.expiries.first()
            && first.0 <= now
            && let Some((_, key, revision)) = self.expiries.pop_first()
        {
            if self.standing(&key).is_some_and(|(_, standing)| standing == revision) {
                expired.push((key, revision));
            }
        }
        expired
    }

    /// The create and mod revision of a key that exists.
    pub(crate) fn standing(&self, key: &str) -> Option<(Revision, Revision)> {
        let last = self.versions.get(key)?.last()?;
        last.value.as_ref().map(|_| (last.create_revision, last.revision))
    }

    fn meets_lane(&self, range: &Range) -> bool {
        self.lanes.iter().any(|lane| {
            (range.end.is_empty() || *lane < range.end) && range.start < prefix_end(lane)
        })
    }

    fn gone(&self, asked: Revision, oldest: Revision) -> StoreError {
        StoreError::Compacted { asked, oldest }
    }

    /// Drops what the log holds before `revision`; the change at it can still be watched.
    fn trim_log(&mut self, revision: Revision) {
        while let Some(first) = self.log.front()
            && first.revision < revision
        {
            self.log_bytes -= size_bytes(first);
            self.log.pop_front();
        }
    }
}

/// Whether the expectation holds when the key stands at the mod revision `standing`.
pub(crate) fn holds(expect: Expect, standing: Option<Revision>) -> bool {
    match expect {
        Expect::Absent => standing.is_none(),
        Expect::Revision(revision) => standing == Some(revision),
    }
}

fn entry(key: &str, version: &Version) -> Option<Entry> {
    Some(Entry {
        key: key.to_owned(),
        value: version.value.clone()?,
        create_revision: version.create_revision,
        mod_revision: version.revision,
        unreadable: None,
    })
}

/// What a change weighs in memory, roughly.
fn size_bytes(written: &Written) -> usize {
    const FIXED: usize = 128;
    FIXED + written.key.len() + written.value.as_ref().map_or(0, Bytes::len)
}

#[cfg(test)]
mod tests;
