//! The bounds of this crate, each with its unit.

use std::time::Duration;

/// How long a connection to the API server may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests under way at once over one connection, watches among them; upstream's API server takes
/// no more.
pub const STREAMS_PER_CONNECTION: usize = 100;

/// After how much silence of a connection the API server is asked whether it is still there, as
/// client-go's `HTTP2_READ_IDLE_TIMEOUT_SECONDS`.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// How long its answer may take, as client-go's `HTTP2_PING_TIMEOUT_SECONDS`.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(15);

/// How often a request is sent again that was answered 429, 503 or 504, as client-go does.
pub const RETRIES: u32 = 10;

/// The pause before the first of these, where the answer names none; each next one doubles it.
pub const FIRST_RETRY_DELAY: Duration = Duration::from_millis(5);

/// The longest of these pauses.
pub const LONGEST_RETRY_DELAY: Duration = Duration::from_secs(1);

/// What a service account's token is asked to live for, in seconds.
pub const TOKEN_LIFETIME_SECONDS: i64 = 3600;

/// A token is replaced when less than this is left of it.
pub const TOKEN_RENEWAL_MARGIN: Duration = Duration::from_secs(12 * 60);

/// How long a service account's token Secret is waited for, where there are no token requests.
pub const TOKEN_SECRET_WAIT: Duration = Duration::from_secs(30);

/// The pause between two looks for it.
pub const TOKEN_SECRET_PAUSE: Duration = Duration::from_millis(500);

/// How old a Secret is whose token every API server must know by now.
pub const TOKEN_SECRET_SETTLED: Duration = Duration::from_secs(10);

/// How long a token out of a Secret, which does not end by itself, is used before it is read anew.
pub const TOKEN_SECRET_HELD: Duration = Duration::from_secs(3600);
