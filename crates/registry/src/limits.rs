//! Every limit of the registry, with its unit.

/// How often a name made from `generateName` is made anew when it is taken (upstream's number).
pub const GENERATED_NAME_ATTEMPTS: usize = 8;

/// The length of `generateName` that is kept; five random characters follow it.
pub const GENERATE_NAME_BYTES: usize = 58;

/// How often a compare-and-swap is tried before the caller is told of the conflict. Each time lost
/// is a time that somebody else won; upstream goes on until the request's time is over.
pub const SWAP_ATTEMPTS: usize = 5000;
