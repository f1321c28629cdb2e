//! The kinds of the `coordination.k8s.io` group: one file each.

pub(crate) mod lease;
pub(crate) mod lease_candidate;
