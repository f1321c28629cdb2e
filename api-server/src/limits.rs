//! Every limit of the API server, with its unit.

use std::time::Duration;

/// The largest body of a request (upstream's number).
pub const REQUEST_BODY_BYTES: usize = 3 * 1024 * 1024;

/// A watch without `timeoutSeconds` ends after this, or up to twice this
/// (`--min-request-timeout`).
pub const WATCH_SECONDS_MIN: u64 = 1800;

/// The time between two bookmarks of a watch.
pub const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

/// Answers over this size are compressed where the client allows it (upstream's number).
pub const COMPRESS_FROM_BYTES: usize = 128 * 1024;

/// The events that one frame of a watch's body may hold.
pub const WATCH_FRAME_EVENTS: usize = 64;

/// How long a shutdown waits for requests under way.
pub const DRAIN: Duration = Duration::from_secs(10);

/// How long a client may take for the TLS handshake.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// The longest `fieldManager` (upstream's number).
pub const FIELD_MANAGER_BYTES: usize = 128;
