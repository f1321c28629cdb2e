//! The flat table of all kinds.

use crate::Kind;

/// Every kind, in the order of discovery.
pub(crate) static ALL: &[&Kind] = &[];
