//! The kinds of the `authentication.k8s.io` group: one file each.

pub(crate) mod self_subject_review;
pub(crate) mod token_review;
