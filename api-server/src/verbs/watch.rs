//! Watch: a body that goes on, one frame for each change.

use crate::ask::Ask;
use crate::limits::{BOOKMARK_INTERVAL, WATCH_FRAME_EVENTS, WATCH_SECONDS_MIN};
use crate::{Api, answer, read_options};
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
use std::pin::Pin;
use std::time::Duration;

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let shelf = api.registry.cache.shelf(ask.kind).ok_or_else(ApiError::no_such_resource)?;
    let encoder = answer::watch(ask)?;
    let query = read_options::selection(ask)?;
    let watcher =
        match api.registry.cache.watch(shelf, query, read_options::start(&ask.query)?).await {
            Ok(watcher) => watcher,
            // Clients look for this in the stream: they list anew after an event, and would ask the
            // same again and again after an answer.
            Err(error) => return Ok(only(&encoder, &error)),
        };
    let seconds = match ask.query.integer("timeoutSeconds")?.unwrap_or(0) {
        0 => WATCH_SECONDS_MIN + runtime::entropy::below(WATCH_SECONDS_MIN),
        seconds => u64::try_from(seconds).unwrap_or(WATCH_SECONDS_MIN),
    };
    let now = monotonic();
    let deadline = now + Duration::from_secs(seconds);
    let turn = Turn {
        watcher,
        alarm: alarm(deadline.min(now + BOOKMARK_INTERVAL), api.shutdown.clone()),
        deadline,
        bookmarks: ask.query.flag("allowWatchBookmarks"),
        shutdown: api.shutdown.clone(),
        encoder,
        ended: false,
    };
    let media_type = turn.encoder.media_type();
    let frames = unfold(turn, |mut turn| async move { turn.next().await.map(|f| (f, turn)) });
    Ok(answer::stream(media_type, Body::new(StreamBody::new(frames))))
}

/// A watch that ends with its first event: why it can't begin.
fn only(encoder: &answer::WatchEncoder, error: &ApiError) -> Response<Body> {
    let mut out = Vec::new();
    encoder.error(error, &mut out);
    answer::stream(encoder.media_type(), Body::from(out))
}

/// One watch on its way to a client.
struct Turn {
    watcher: Watcher,
    /// What ends the wait for events; kept from event to event, since to set it costs more than
    /// to send one.
    alarm: Alarm,
    deadline: Instant,
    bookmarks: bool,
    shutdown: Shutdown,
    encoder: answer::WatchEncoder,
    ended: bool,
}

type Alarm = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Rings at a time, or when the server shuts down.
fn alarm(at: Instant, shutdown: Shutdown) -> Alarm {
    Box::pin(async move {
        tokio::select! {
            () = sleep_until(at) => {}
            () = shutdown.begun() => {}
        }
    })
}

type Frame = Result<http_body::Frame<Bytes>, Infallible>;

impl Turn {
    /// The next bytes for the client; `None` ends the watch.
    async fn next(&mut self) -> Option<Frame> {
        if self.ended {
            return None;
        }
        let mut out = Vec::new();
        let outcome = loop {
            tokio::select! {
                biased;
                event = self.watcher.next() => break event,
                () = &mut self.alarm => {}
            }
            let now = monotonic();
            if self.shutdown.has_begun() || now >= self.deadline {
                return None;
            }
            self.alarm = alarm(self.deadline.min(now + BOOKMARK_INTERVAL), self.shutdown.clone());
            if !self.bookmarks {
                continue;
            }
            match self.watcher.bookmark() {
                Ok(Some(bookmark)) => break Ok(bookmark),
                Ok(None) => {}
                Err(error) => break Err(error),
            }
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
