//! Watch: a body that goes on, one frame for each change.

use crate::ask::Ask;
use crate::limits::{BOOKMARK_INTERVAL, WATCH_FRAME_EVENTS};
use crate::metrics::Watched;
use crate::{Api, answer, read_options};
use axum::body::Body;
use bytes::Bytes;
use cache::Watcher;
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
    let start = read_options::start(&ask.query)?;
    let asked = ask.query.integer("timeoutSeconds")?.unwrap_or(0);
    let Ok(asked) = u64::try_from(asked) else {
        // It is over before it begins.
        return Ok(answer::stream(encoder.media_type(), Body::empty()));
    };
    let watcher = match api.registry.cache.watch(shelf, query, start).await {
        Ok(watcher) => watcher,
        // Clients look for this in the stream: they list anew after an event, and would ask the
        // same again and again after an answer.
        Err(error) => return Ok(only(&encoder, &error)),
    };
    let deadline = deadline(asked, api.watch_seconds_min);
    let turn = Turn {
        watcher,
        alarm: alarm(deadline, api.shutdown.clone()),
        deadline,
        bookmarks: ask.query.flag("allowWatchBookmarks"),
        shutdown: api.shutdown.clone(),
        encoder,
        counted: Watched::of(&ask.resource),
        ended: false,
    };
    let media_type = turn.encoder.media_type();
    let frames = unfold(turn, |mut turn| async move { turn.next().await.map(|f| (f, turn)) });
    Ok(answer::stream(media_type, Body::new(StreamBody::new(frames))))
}

/// When a watch ends: when its client says, or after a time between the least and twice that, so
/// that not all of them come back at once. `None`: never.
fn deadline(asked_seconds: u64, seconds_min: u64) -> Option<Instant> {
    let seconds = match (asked_seconds, seconds_min) {
        (0, 0) => return None,
        (0, least) => least + runtime::entropy::below(least),
        (asked, _) => asked,
    };
    Some(monotonic() + Duration::from_secs(seconds))
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
    deadline: Option<Instant>,
    bookmarks: bool,
    shutdown: Shutdown,
    encoder: answer::WatchEncoder,
    counted: Watched,
    ended: bool,
}

type Alarm = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Rings when a bookmark is due, at the deadline, or when the server shuts down.
fn alarm(deadline: Option<Instant>, shutdown: Shutdown) -> Alarm {
    let bookmark = monotonic() + BOOKMARK_INTERVAL;
    let at = deadline.map_or(bookmark, |deadline| deadline.min(bookmark));
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
            let is_over = self.deadline.is_some_and(|deadline| monotonic() >= deadline);
            if is_over || self.shutdown.has_begun() {
                return None;
            }
            self.alarm = alarm(self.deadline, self.shutdown.clone());
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
            let before = out.len();
            if let Err(error) = event.and_then(|event| self.encoder.event(&event, &mut out)) {
                self.encoder.error(&error, &mut out);
                self.ended = true;
                break;
            }
            self.counted.sent(out.len() - before);
            match self.watcher.ready() {
                Some(next) => event = Ok(next),
                None => break,
            }
        }
        Some(Ok(http_body::Frame::data(out.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_ends_when_its_client_says_or_after_the_least_time() {
        assert_eq!(deadline(0, 0), None);
        for (asked, min, least, most) in [(5, 1800, 5, 5), (5, 0, 5, 5), (0, 30, 30, 60)] {
            let before = monotonic();
            let at = deadline(asked, min).unwrap();
            let after = monotonic();
            assert!(at >= before + Duration::from_secs(least), "{asked} {min}");
            assert!(at <= after + Duration::from_secs(most), "{asked} {min}");
        }
    }
}
