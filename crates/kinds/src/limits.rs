//! The limits of the catalogue, each with its unit.

/// How long an event stays, unless `--event-ttl` says otherwise.
pub const EVENT_TTL_SECONDS: u32 = 3600;
