//! The kinds of the `scheduling.k8s.io` group: one file each.

pub(crate) mod pod_group;
pub(crate) mod priority_class;
pub(crate) mod workload;
