//! The bounds of this crate, each with its unit.

use std::time::Duration;

/// How long a connection to the API server may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// What a service account's token is asked to live for, in seconds.
pub const TOKEN_LIFETIME_SECONDS: i64 = 3600;

/// A token is replaced when less than this is left of it.
pub const TOKEN_RENEWAL_MARGIN: Duration = Duration::from_secs(12 * 60);
