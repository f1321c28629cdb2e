//! The kinds of the `node.k8s.io` group: one file each.

pub(crate) mod runtime_class;
