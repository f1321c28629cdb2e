//! How much of anything this crate takes.

/// How many series one family of metrics holds. More are counted in one whose labels read
/// `overflow`, so that a client's invented label values can't fill the memory.
pub const SERIES_PER_FAMILY_MAX: usize = 10_000;
