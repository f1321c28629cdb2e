//! Every limit of the watch cache, with its unit.

use std::time::Duration;

/// The changes that a shelf remembers, out of which watches resume and older lists are read.
pub const RING_CHANGES: usize = 1024;

/// The bytes of superseded objects that a shelf remembers for that.
pub const RING_BYTES: usize = 32 * 1024 * 1024;

/// From so many objects on, a list by a field or label is worth an index.
pub const INDEX_FROM_OBJECTS: usize = 256;

/// The fields and labels that a shelf indexes.
pub const INDEXES_MAX: usize = 16;

/// How long a read waits for the cache to reach a revision before it answers 504.
pub const FRESHNESS_WAIT: Duration = Duration::from_secs(3);

/// The entries of one page while the cache is filled from the store.
pub const LOAD_PAGE_ENTRIES: usize = 2000;

/// The pause before a feed that broke is tried again.
pub const FEED_RETRY: Duration = Duration::from_millis(500);

/// The events that one turn of a watcher takes out of the ring.
pub const WATCH_TURN_EVENTS: usize = 128;

/// JSON of an object that nobody has read for this long, or up to twice this, is forgotten.
pub const JSON_UNUSED: Duration = Duration::from_secs(10);
