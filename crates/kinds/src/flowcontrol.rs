//! The kinds of the `flowcontrol.apiserver.k8s.io` group: one file each.

pub(crate) mod flow_schema;
pub(crate) mod priority_level_configuration;
