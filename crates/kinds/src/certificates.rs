//! The kinds of the `certificates.k8s.io` group: one file each.

pub(crate) mod certificate_signing_request;
pub(crate) mod cluster_trust_bundle;
