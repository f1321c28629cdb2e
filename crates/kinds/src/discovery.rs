//! The kinds of the `discovery.k8s.io` group: one file each.

pub(crate) mod endpoint_slice;
