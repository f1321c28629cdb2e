//! The kinds of the `rbac.authorization.k8s.io` group: one file each.

pub(crate) mod cluster_role;
pub(crate) mod cluster_role_binding;
pub(crate) mod role;
pub(crate) mod role_binding;
