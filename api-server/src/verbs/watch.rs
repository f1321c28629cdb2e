//! Watch: a body that goes on, one frame for each change.

use crate::ask::Ask;
use crate::limits::{BOOKMARK_INTERVAL, WATCH_FRAME_EVENTS, WATCH_SECONDS_MIN};
use crate::{Api, answer, options};
use axum::body::Body;
use bytes::Bytes;
use cache::{WatchEvent, Watcher};
use futures::stream::unfold;
use http::Response;
use http_body_util::StreamBody;
use object::{ApiError, Result};
use runtime::Shutdown;
use runtime::clock::{Instant, monotonic, sleep_until};
use std::convert::Infallible;
use std::time::Duration;

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let shelf = api.registry.cache.shelf(ask.kind).ok_or_else(ApiError::no_such_resource)?;
    let encoder = answer::watch(ask)?;
    let query = options::selection(ask)?;
    let watcher = api.registry.cache.watch(shelf, query, options::start(&ask.query)?).await?;
    let seconds = match ask.query.integer("timeoutSeconds")?.unwrap_or(0) {
        0 => WATCH_SECONDS_MIN + runtime::entropy::below(WATCH_SECONDS_MIN),
        seconds => u64::try_from(seconds).unwrap_or(WATCH_SECONDS_MIN),
    };
    let now = monotonic();
    let turn = Turn {
        watcher,
        deadline: now + Duration::from_secs(seconds),
        bookmark: ask.query.flag("allowWatchBookmarks").then(|| now + BOOKMARK_INTERVAL),
        shutdown: api.shutdown.clone(),
        encoder,
        ended: false,
    };
    let media_type = turn.encoder.media_type();
    let frames = unfold(turn, |mut turn| async move { turn.next().await.map(|f| (f, turn)) });
    answer::stream(media_type, Body::new(StreamBody::new(frames)))
}

/// One watch on its way to a client.
struct Turn {
    watcher: Watcher,
    deadline: Instant,
    bookmark: Option<Instant>,
    shutdown: Shutdown,
    encoder: answer::WatchEncoder,
    ended: bool,
}

type Frame = Result<http_body::Frame<Bytes>, Infallible>;

impl Turn {
    /// The next bytes for the client; `None` ends the watch.
    async fn next(&mut self) -> Option<Frame> {
        if self.ended {
            return None;
        }
        let mut out = Vec::new();
        let outcome = tokio::select! {
            biased;
            event = self.watcher.next() => event,
            () = sleep_until(self.bookmark.unwrap_or(self.deadline)), if self.bookmark.is_some() => {
                self.bookmark = Some(monotonic() + BOOKMARK_INTERVAL);
                match self.watcher.bookmark() {
                    Ok(Some(bookmark)) => Ok(bookmark),
                    Ok(None) => self.watcher.next().await,
                    Err(error) => Err(error),
                }
            }
            () = sleep_until(self.deadline) => return None,
            () = self.shutdown.begun() => return None,
        };
        let mut event = outcome;
        for _ in 0..WATCH_FRAME_EVENTS {
            if let Err(error) = event.and_then(|event| self.encode(&event, &mut out)) {
                self.encoder.error(&error, &mut out);
                self.ended = true;
                break;
            }
            match self.watcher.ready() {
                Some(next) => event = Ok(next),
                None => break,
            }
        }
        Some(Ok(http_body::Frame::data(out.into())))
    }

    fn encode(&mut self, event: &WatchEvent, out: &mut Vec<u8>) -> Result<()> {
        self.encoder.event(event, out)
    }
}
