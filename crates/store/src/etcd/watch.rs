//! One watch over all of etcd that outlives its connections.
//!
//! It asks from the revision after the last one that it has handed on, so a new connection, to
//! the same or another member, continues where the old one broke off: nothing is missing and
//! nothing comes twice. Only a compaction that was faster, or a refusal, ends it.
//! Mirrors `client/v3/watch` and `apiserver/pkg/storage/etcd3/watcher`.

use super::members::{Members, describe};
use super::{WHOLE, entry, proto};
use crate::{Batch, Event, Revision, StoreError, limits};
use runtime::{clock, entropy};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Status, Streaming};

/// The watch's place, and its connection while it has one.
pub(super) struct Reader {
    members: Arc<Members>,
    after: Revision,
    connection: Option<(usize, Streaming<proto::WatchResponse>)>,
    /// The pieces of an answer that etcd has cut up, until the last of them is here.
    pieces: Vec<proto::Event>,
    ready: VecDeque<Batch>,
    pause: Duration,
    ended: bool,
}

impl Reader {
    pub(super) fn new(members: Arc<Members>, after: Revision) -> Self {
        Self {
            members,
            after,
            connection: None,
            pieces: Vec::new(),
            ready: VecDeque::new(),
            pause: limits::ETCD_SHORTEST_PAUSE,
            ended: false,
        }
    }

    pub(super) async fn next(mut self) -> Option<(Result<Batch, StoreError>, Self)> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some((Ok(batch), self));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.advance().await {
                self.ended = true;
                return Some((Err(error), self));
            }
        }
    }

    async fn advance(&mut self) -> Result<(), StoreError> {
        let Some((_, stream)) = &mut self.connection else { return self.connect().await };
        match stream.message().await {
            Ok(Some(answer)) => self.take(answer).await,
            Ok(None) => self.lose(&Status::unavailable("the watch was ended")).await,
            Err(status) => self.lose(&status).await,
        }
    }

    async fn connect(&mut self) -> Result<(), StoreError> {
        let create = proto::WatchCreateRequest {
            key: WHOLE,
            range_end: WHOLE,
            start_revision: self.after + 1,
            progress_notify: true,
            fragment: true,
        };
        match self.members.watch(create).await {
            (at, Ok(stream)) => {
                self.connection = Some((at, stream));
                Ok(())
            }
            (at, Err(status)) => {
                self.members.leave(at);
                self.wait(&status).await
            }
        }
    }

    async fn take(&mut self, answer: proto::WatchResponse) -> Result<(), StoreError> {
        if answer.canceled {
            if answer.compact_revision != 0 {
                let (asked, oldest) = (self.after + 1, answer.compact_revision);
                return Err(StoreError::Compacted { asked, oldest });
            }
            return self.lose(&Status::unavailable(answer.cancel_reason)).await;
        }
        self.pause = limits::ETCD_SHORTEST_PAUSE;
        if answer.created {
            return Ok(());
        }
        let progress = answer.events.is_empty() && self.pieces.is_empty() && !answer.fragment;
        if progress {
            let revision = answer.header.map_or(0, |header| header.revision);
            if revision > self.after {
                self.after = revision;
                self.ready.push_back(Batch { revision, events: Vec::new() });
            }
            return Ok(());
        }
        self.pieces.extend(answer.events);
        if !answer.fragment {
            let events = std::mem::take(&mut self.pieces);
            self.after = group(events, self.after, &mut self.ready);
        }
        Ok(())
    }

    /// Forgets the connection, and with it what has not come whole.
    async fn lose(&mut self, status: &Status) -> Result<(), StoreError> {
        if let Some((at, _)) = self.connection.take() {
            self.members.leave(at);
        }
        self.pieces.clear();
        self.wait(status).await
    }

    /// Waits a little longer each time, unless it's of no use to try again.
    async fn wait(&mut self, status: &Status) -> Result<(), StoreError> {
        if matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated) {
            return Err(StoreError::Failed(describe(status)));
        }
        tracing::warn!(after = self.after, error = describe(status), "the watch of etcd broke off");
        clock::sleep(entropy::jitter(self.pause, 0.5)).await;
        self.pause = (self.pause * 2).min(limits::ETCD_LONGEST_PAUSE);
        Ok(())
    }
}

/// Puts the events of a revision together, leaving out what was handed on before; returns the
/// last revision.
fn group(events: Vec<proto::Event>, after: Revision, ready: &mut VecDeque<Batch>) -> Revision {
    let mut last = after;
    for event in events {
        let Some(kv) = event.kv else { continue };
        let revision = kv.mod_revision;
        if revision <= after {
            continue;
        }
        let event = Event { entry: entry(kv), deleted: event.kind == proto::DELETE };
        match ready.back_mut() {
            Some(batch) if batch.revision == revision => batch.events.push(event),
            _ => ready.push_back(Batch { revision, events: vec![event] }),
        }
        last = revision;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: &str, mod_revision: i64) -> proto::Event {
        let kv = proto::KeyValue { key: key.into(), mod_revision, ..Default::default() };
        proto::Event { kind: 0, kv: Some(kv) }
    }

    #[test]
    fn a_revisions_events_come_together_and_once() {
        let mut ready = VecDeque::new();
        let events = vec![event("a", 4), event("b", 5), event("c", 5), event("d", 6)];
        assert_eq!(group(events, 4, &mut ready), 6);
        let batches: Vec<_> = ready
            .iter()
            .map(|b| (b.revision, b.events.iter().map(|e| &*e.entry.key).collect::<Vec<_>>()))
            .collect();
        assert_eq!(batches, [(5, vec!["b", "c"]), (6, vec!["d"])]);
        assert_eq!(group(Vec::new(), 6, &mut ready), 6);
    }
}
