//! Every limit of the API server, with its unit.

use std::time::Duration;

/// The names for which it is remembered in which mode they act as others.
pub const IMPERSONATORS: usize = 16 * 1024;

/// From one group or extra value more on, whoever acts as somebody is first asked whether they may
/// have any of them (upstream's number).
pub const IMPERSONATED_ONE_BY_ONE: usize = 3;

/// The largest body of a request (upstream's number).
pub const REQUEST_BODY_BYTES: usize = 3 * 1024 * 1024;

/// How much of a body that is too large is read and thrown away, so that its sender hears why:
/// one that is cut off in the middle of its request reads no answer.
pub const DISCARDED_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The time between two bookmarks of a watch.
pub const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

/// Answers over this size are compressed where the client allows it (upstream's number).
pub const COMPRESS_FROM_BYTES: usize = 128 * 1024;

/// The events that one frame of a watch's body may hold.
pub const WATCH_FRAME_EVENTS: usize = 64;

/// How long a shutdown waits for requests under way.
pub const DRAIN: Duration = Duration::from_secs(10);

/// The connections that wait to be accepted (tokio's number).
pub const BACKLOG: u32 = 1024;

/// The requests at once on one HTTP/2 connection (upstream's number).
pub const STREAMS_MAX: u32 = 250;

/// How long a client may take for the TLS handshake.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// The longest `fieldManager` (upstream's number).
pub const FIELD_MANAGER_BYTES: usize = 128;

/// A list is sent in chunks of about this size: some TLS records each, small enough to stay in a
/// processor's cache between joining and encrypting.
pub const LIST_CHUNK_BYTES: usize = 64 * 1024;

/// How long a TCP connection to a pod, or to a port of a node, may take (Go's number).
pub const BACKEND_CONNECT: Duration = Duration::from_secs(30);

/// How long a kubelet or a pod may take for the TLS handshake (Go's number).
pub const BACKEND_TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// The largest HTML page whose links are led through the proxy; of a larger one, the beginning.
pub const PROXIED_PAGE_BYTES: usize = 8 * 1024 * 1024;

/// How much of a kubelet's refusal is read (upstream's number).
pub const REFUSAL_OF_BACKEND_BYTES: usize = 50_000;

/// The buffer of each direction of an upgraded connection (Go's number).
pub const UPGRADED_COPY_BYTES: usize = 32 * 1024;
