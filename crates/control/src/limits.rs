//! The bounds of this crate, each with its unit.

use std::time::Duration;

/// The first wait of a key that failed.
pub const BACKOFF_BASE: Duration = Duration::from_millis(5);

/// The longest wait of a key that keeps failing: upstream's 1,000 seconds.
pub const BACKOFF_MAX: Duration = Duration::from_secs(1000);

/// How long a controller waits for its own writes to show in its informers before it works on.
pub const EXPECTATION_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How soon a key whose writes don't show yet is looked at again.
pub const EXPECTATION_RECHECK: Duration = Duration::from_millis(500);

/// Events that wait to be written; more are dropped, as upstream's recorder does.
pub const EVENT_BACKLOG: usize = 1000;

/// Events that are remembered, so that a repetition counts up instead of making another.
pub const EVENT_MEMORY: usize = 1024;

/// Of how many sources of events it is remembered what they told of late.
pub const EVENT_SOURCES: usize = 4096;

/// Events of one object that differ only by their message, before they become one.
pub const EVENT_SIMILAR_MAX: usize = 10;

/// How soon after the last such an event is one of them.
pub const EVENT_SIMILAR_WITHIN: Duration = Duration::from_secs(600);

/// Events of one object that a source may tell at once.
pub const EVENT_BURST: f64 = 25.0;

/// How long a source waits then for one more.
pub const EVENT_REFILL: Duration = Duration::from_secs(300);

/// How many actions the first batch has; each batch after it has twice as many.
pub const FIRST_BATCH: usize = 1;

/// Objects in one page of an informer's list.
pub const LIST_PAGE: u32 = 500;

/// Connections to a component's own port at a time.
pub const SERVING_CONNECTIONS_MAX: usize = 256;

/// How long a client of that port may take to shake hands.
pub const SERVING_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections to that port that wait to be accepted.
pub const SERVING_BACKLOG: u32 = 1024;
