//! The kinds of the `autoscaling` group: one file each.

pub(crate) mod horizontal_pod_autoscaler;
