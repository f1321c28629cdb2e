//! The kinds of the `policy` group: one file each.

pub(crate) mod pod_disruption_budget;
