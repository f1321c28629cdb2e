//! The kinds of the `events.k8s.io` group: one file each.

pub(crate) mod event;
