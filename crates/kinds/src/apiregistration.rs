//! The kinds of the `apiregistration.k8s.io` group: one file each.

pub(crate) mod api_service;
