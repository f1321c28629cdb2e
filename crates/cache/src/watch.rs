//! Watches: each reads the ring at its own pace, from its own place.
//!
//! Nothing is queued for a watcher, so a slow one costs no memory: when the ring has moved on
//! past its place, it is told so (410) and lists again.

use crate::change::Change;
use crate::feed::Cache;
use crate::interest::Interest;
use crate::item::Item;
use crate::limits::WATCH_TURN_EVENTS;
use crate::query::Query;
use crate::read::At;
use crate::shelf::{Shelf, refuse_faults};
use object::{ApiError, Result};
use std::collections::VecDeque;
use std::sync::Arc;
use store::Revision;
use tokio::sync::watch;

/// What a watcher reports.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// The object is new to this watcher.
    Added(Arc<Item>),
    /// The object has changed.
    Modified(Arc<Item>),
    /// The object is gone, or no longer selected; as it last was, at the revision of the change.
    Deleted(Arc<Item>),
    /// Everything up to this revision has been reported; `initial` ends the initial events.
    Bookmark {
        /// The revision.
        revision: Revision,
        /// Whether this ends the initial events.
        initial: bool,
    },
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the changes after this revision.
    After(Revision),
    /// With the changes from now on, "now" being as fresh as asked.
    Now {
        /// How fresh.
        at: At,
    },
    /// With all objects as they are, as fresh as asked; `bookmark`: end them with a bookmark.
    Initial {
        /// How fresh.
        at: At,
        /// Whether a bookmark ends them.
        bookmark: bool,
    },
}

/// One watch.
#[derive(Debug)]
pub struct Watcher {
    member: Member,
    query: Query,
    /// The number of the next change to look at.
    next: u64,
    pending: VecDeque<WatchEvent>,
    cache: Arc<Cache>,
    /// Changes up to this revision are none of its business.
    after: Revision,
    /// The revision up to which everything has been reported.
    reported: Revision,
    /// Why there is nothing more behind what is pending.
    ended: Option<ApiError>,
}

/// A place in a group of the shelf's watchers, given up when dropped.
#[derive(Debug)]
struct Member {
    shelf: Arc<Shelf>,
    interest: Interest,
    changed: watch::Receiver<u64>,
}

impl Member {
    fn join(shelf: &Arc<Shelf>, query: &Query) -> Self {
        let interest = Interest::of(query, shelf.kind);
        let changed = shelf.join(&interest);
        Self { shelf: shelf.clone(), interest, changed }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shelf.leave(&self.interest);
    }
}

impl Cache {
    /// Begins a watch; 410 if its start is no longer in the ring.
    pub async fn watch(
        self: &Arc<Self>,
        shelf: &Arc<Shelf>,
        query: Query,
        start: Start,
    ) -> Result<Watcher> {
        if let Start::Initial { at, .. } | Start::Now { at } = start {
            self.reach(at).await?;
        }
        self.begin(shelf, query, start, true)
    }

    /// The same with what the cache holds, however fresh that is; values that can't be read when
    /// it begins are left out.
    pub fn watch_now(
        self: &Arc<Self>,
        shelf: &Arc<Shelf>,
        query: Query,
        start: Start,
    ) -> Result<Watcher> {
        self.begin(shelf, query, start, false)
    }

    fn begin(
        self: &Arc<Self>,
        shelf: &Arc<Shelf>,
        query: Query,
        start: Start,
        strict: bool,
    ) -> Result<Watcher> {
        // Before the ring is read, so that no change slips in between.
        let member = Member::join(shelf, &query);
        if matches!(start, Start::Initial { .. }) {
            shelf.prepare_index(&query);
        }
        let state = shelf.read();
        if strict {
            refuse_faults(&state.faults, &query, shelf.kind)?;
        }
        let reached = state.latest.max(self.revision());
        let mut pending = VecDeque::new();
        let (next, reported) = match start {
            Start::After(revision) => {
                let too_old = || gone(revision, state.trimmed);
                (state.number_after(revision).ok_or_else(too_old)?, revision)
            }
            Start::Now { .. } => (state.next_number(), reached),
            Start::Initial { bookmark, .. } => {
                let selected = |item: &&Arc<Item>| query.matches(item);
                let added = |item: &Arc<Item>| WatchEvent::Added(item.clone());
                match state.indexed(&query, shelf.kind) {
                    Some(found) => {
                        let items = found.into_iter().map(|(_, item)| item);
                        pending.extend(items.filter(selected).map(added));
                    }
                    None => pending.extend(state.items.values().filter(selected).map(added)),
                }
                if bookmark {
                    pending.push_back(WatchEvent::Bookmark { revision: reached, initial: true });
                }
                (state.next_number(), reached)
            }
        };
        drop(state);
        let cache = self.clone();
        let after = if let Start::After(revision) = start { revision } else { 0 };
        Ok(Watcher { member, query, next, pending, cache, after, reported, ended: None })
    }
}

impl Watcher {
    /// The next event; waits for one. 410 when the ring has moved on. Safe to cancel.
    pub async fn next(&mut self) -> Result<WatchEvent> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(event);
            }
            // Marked as seen before the ring is read, so that no change slips in between.
            self.member.changed.borrow_and_update();
            self.take_turn()?;
            if self.pending.is_empty() {
                let ended = |_| ApiError::unavailable("the server is shutting down");
                self.member.changed.changed().await.map_err(ended)?;
            }
        }
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<WatchEvent> {
        self.pending.pop_front()
    }

    /// A bookmark for everything that has been reported by now; `None` while events wait.
    pub fn bookmark(&mut self) -> Result<Option<WatchEvent>> {
        let reached = self.cache.revision();
        self.take_turn()?;
        if !self.pending.is_empty() {
            return Ok(None);
        }
        self.reported = self.reported.max(reached);
        Ok(Some(WatchEvent::Bookmark { revision: self.reported, initial: false }))
    }

    /// Takes changes out of the ring until one is selected, or none are left.
    fn take_turn(&mut self) -> Result<()> {
        while self.pending.is_empty() {
            if let Some(error) = &self.ended {
                return Err(error.clone());
            }
            let turn = {
                let state = self.member.shelf.read();
                let moved_on = || gone(self.reported, state.trimmed);
                state
                    .changes(&self.member.interest, self.next, WATCH_TURN_EVENTS)
                    .ok_or_else(moved_on)?
            };
            self.next = turn.next;
            let Some(last) = turn.changes.last() else { return Ok(()) };
            self.reported = self.reported.max(last.revision);
            for change in &turn.changes {
                match self.event(change) {
                    Ok(event) => self.pending.extend(event),
                    // What came before it is still to be told.
                    Err(error) => {
                        self.ended = Some(error);
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// What a change means to this watcher.
    fn event(&self, change: &Change) -> Result<Option<WatchEvent>> {
        // A watch may begin at a revision that the cache has yet to reach.
        if change.until <= self.after {
            return Ok(None);
        }
        if change.revision <= self.after {
            return Err(gone(self.after, change.until));
        }
        if let Some(fault) = &change.fault
            && self.query.may_select(&change.key, self.member.shelf.kind)
        {
            return Err(fault.why.clone());
        }
        let is = change.item.as_ref().filter(|item| self.query.matches(item));
        let was = change.previous.as_ref().filter(|item| self.query.matches(item));
        Ok(match (was, is) {
            (None, None) => None,
            (None, Some(item)) => Some(WatchEvent::Added(item.clone())),
            (Some(_), Some(item)) => Some(WatchEvent::Modified(item.clone())),
            (Some(item), None) => Some(WatchEvent::Deleted(change.left(item)?)),
        })
    }
}

/// The answer to a start that the ring no longer holds, in upstream's words.
fn gone(asked: Revision, oldest: Revision) -> ApiError {
    ApiError::expired(format!("too old resource version: {asked} ({oldest})"))
}
