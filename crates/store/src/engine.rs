//! The history with its readers: what the memory store and the embedded store do alike.
//!
//! A watch has no queue of its own. It reads the shared history from where it stands, so a slow
//! reader costs nothing, misses nothing, and learns that it is too late only when the history
//! that it needs was compacted. Writing is the stores' business: see [`Engine::plan`] and
//! [`Engine::publish`].

use crate::history::{History, UnixMillis, Written, holds};
use crate::{
    Batch, Change, Entry, Event, Expect, Outcome, Page, Range, Revision, StoreError, Watch, limits,
};
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// A write that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) key: Arc<str>,
    pub(crate) expect: Expect,
    pub(crate) change: Change,
}

/// What becomes of a group of writes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// What goes into the history, in order.
    pub(crate) written: Vec<Written>,
    /// One outcome for each request, in their order; they hold once `written` is published.
    pub(crate) outcomes: Vec<Outcome>,
}

/// The history, shared by readers, watches and the one writer.
#[derive(Debug)]
pub(crate) struct Engine {
    history: Arc<RwLock<History>>,
    newest: watch::Sender<Revision>,
}

impl Engine {
    pub(crate) fn new(history: History) -> Self {
        let newest = watch::Sender::new(history.newest());
        Self { history: Arc::new(RwLock::new(history)), newest }
    }

    pub(crate) fn get(&self, key: &str) -> (Option<Entry>, Revision) {
        let history = self.read();
        (history.get(key), history.newest())
    }

    pub(crate) fn range(&self, range: &Range) -> Result<Page, StoreError> {
        self.read().range(range)
    }

    pub(crate) fn revision(&self) -> Revision {
        self.read().newest()
    }

    /// Changes as they come, beginning after `after`.
    pub(crate) fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        let mut newest = self.newest.subscribe();
        newest.mark_changed();
        // Asked now, so that a watch that is too late is refused rather than ended.
        drop(self.read().changes(after, 0)?);
        let reader = Reader { history: self.history.clone(), newest, after, ended: false };
        Ok(Box::pin(futures::stream::unfold(reader, Reader::next).flat_map(futures::stream::iter)))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, History> {
        self.history.read().expect("no holder of the lock panics")
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, History> {
        self.history.write().expect("no holder of the lock panics")
    }

    /// Appends what is durable by now, and tells the watches.
    pub(crate) fn publish(&self, written: Vec<Written>) {
        if written.is_empty() {
            return;
        }
        let mut history = self.write();
        for written in written {
            history.apply(written);
        }
        let newest = history.newest();
        drop(history);
        self.announce(newest);
    }

    /// Tells the watches how far the history has come.
    pub(crate) fn announce(&self, newest: Revision) {
        self.newest.send_if_modified(|known| {
            let further = newest > *known;
            *known = newest.max(*known);
            further
        });
    }

    /// Sees each change; ends with the engine.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Revision> {
        self.newest.subscribe()
    }
}

/// Decides a group of writes one after the other, each on top of those before it.
pub(crate) fn plan(history: &History, requests: &[Request], now: UnixMillis) -> Plan {
    let mut plan = Plan::default();
    // Where this group's own writes are in `plan.written`, by key.
    let mut ahead: HashMap<Arc<str>, usize> = HashMap::new();
    let mut newest = history.newest();
    for request in requests {
        let own = ahead.get(&request.key).map(|at| &plan.written[*at]);
        let standing = match own {
            Some(written) => {
                written.value.as_ref().map(|_| (written.create_revision, written.revision))
            }
            None => history.standing(&request.key),
        };
        if !holds(request.expect, standing.map(|(_, revision)| revision)) {
            let current = match own {
                Some(written) => entry(written),
                None => history.get(&request.key),
            };
            plan.outcomes.push(Outcome::Conflict { current });
            continue;
        }
        if standing.is_none() && request.change == Change::Delete {
            // Nothing to remove makes no revision, as in etcd.
            plan.outcomes.push(Outcome::Done(newest));
            continue;
        }
        newest += 1;
        let (value, expires) = match &request.change {
            Change::Put { value, ttl } => (Some(value.clone()), ttl.map(|ttl| later(now, ttl))),
            Change::Delete => (None, None),
        };
        let create_revision = match (&value, standing) {
            (None, _) => 0,
            (Some(_), Some((created, _))) => created,
            (Some(_), None) => newest,
        };
        ahead.insert(request.key.clone(), plan.written.len());
        plan.written.push(Written {
            revision: newest,
            key: request.key.clone(),
            create_revision,
            value,
            expires,
        });
        plan.outcomes.push(Outcome::Done(newest));
    }
    plan
}

/// Refuses a value that etcd would refuse.
pub(crate) fn check_size(change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Put { value, .. } if value.len() > limits::VALUE_BYTES => {
            Err(StoreError::TooLarge { bytes: value.len(), limit_bytes: limits::VALUE_BYTES })
        }
        _ => Ok(()),
    }
}

fn later(now: UnixMillis, ttl: std::time::Duration) -> UnixMillis {
    now.saturating_add(UnixMillis::try_from(ttl.as_millis()).unwrap_or(UnixMillis::MAX))
}

fn entry(written: &Written) -> Option<Entry> {
    Some(Entry {
        key: written.key.to_string(),
        value: written.value.clone()?,
        create_revision: written.create_revision,
        mod_revision: written.revision,
        unreadable: None,
    })
}

/// One watch: where it stands in the shared history.
struct Reader {
    history: Arc<RwLock<History>>,
    newest: watch::Receiver<Revision>,
    after: Revision,
    ended: bool,
}

impl Reader {
    async fn next(mut self) -> Option<(Vec<Result<Batch, StoreError>>, Self)> {
        loop {
            if self.ended {
                return None;
            }
            let read = self.take();
            match read {
                Ok(batches) if batches.is_empty() => {
                    // The store is gone when the sender is: the watch ends.
                    self.newest.changed().await.ok()?;
                }
                Ok(batches) => return Some((batches.into_iter().map(Ok).collect(), self)),
                Err(error) => {
                    self.ended = true;
                    return Some((vec![Err(error)], self));
                }
            }
        }
    }

    fn take(&mut self) -> Result<Vec<Batch>, StoreError> {
        self.newest.mark_unchanged();
        let history = self.history.read().expect("no holder of the lock panics");
        let mut batches: Vec<Batch> = Vec::new();
        for written in history.changes(self.after, limits::WATCH_CHANGES_PER_READ)? {
            batches.push(Batch { revision: written.revision, events: vec![event(written)] });
        }
        if let Some(last) = batches.last() {
            self.after = last.revision;
        }
        Ok(batches)
    }
}

fn event(written: &Written) -> Event {
    Event {
        entry: Entry {
            key: written.key.to_string(),
            value: written.value.clone().unwrap_or_default(),
            create_revision: written.create_revision,
            mod_revision: written.revision,
            unreadable: None,
        },
        deleted: written.value.is_none(),
    }
}
