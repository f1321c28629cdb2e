//! How much of anything this crate takes.

/// A bearer token; longer ones are not looked at.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Certificates in a chain that a client shows.
pub const CHAIN_CERTIFICATES_MAX: usize = 16;

/// A static token file.
pub const TOKEN_FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The leeway with which a token's times are compared, for clocks that are not the same.
pub const CLOCK_LEEWAY_SECONDS: i64 = 60;

/// Client certificates that are remembered as good, one for each node and person.
pub const REMEMBERED_CHAINS_MAX: usize = 8192;
