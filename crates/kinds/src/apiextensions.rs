//! The kinds of the `apiextensions.k8s.io` group: one file each.

pub(crate) mod custom_resource_definition;
