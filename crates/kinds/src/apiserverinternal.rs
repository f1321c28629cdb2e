//! The kinds of the `internal.apiserver.k8s.io` group: one file each.

pub(crate) mod storage_version;
