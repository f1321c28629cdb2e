//! The kinds of the `storagemigration.k8s.io` group: one file each.

pub(crate) mod storage_version_migration;
