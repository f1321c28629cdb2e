//! Every limit of the watch cache, with its unit.

use std::time::Duration;

/// The changes that a shelf remembers, out of which watches resume and older lists are read.
pub const RING_CHANGES: usize = 1024;

/// How long a read waits for the cache to reach a revision before it answers 504.
pub const FRESHNESS_WAIT: Duration = Duration::from_secs(3);

/// The entries of one page while the cache is filled from the store.
pub const LOAD_PAGE_ENTRIES: usize = 2000;

/// The pause before a feed that broke is tried again.
pub const FEED_RETRY: Duration = Duration::from_millis(500);

/// The events that one turn of a watcher takes out of the ring.
pub const WATCH_TURN_EVENTS: usize = 128;
