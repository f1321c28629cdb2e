//! The rules that kinds share, one file per family of structs. Mirrors
//! `k8s.io/kubernetes/pkg/apis/*/validation`: the same sentences at the same paths.
//!
//! Every rule reads an [`At`] (a value and its path) and adds to the broken ones.

pub(crate) mod admission;
pub(crate) mod affinity;
mod at;
pub(crate) mod claims;
pub(crate) mod conditions;
pub(crate) mod containers;
pub(crate) mod cron;
pub(crate) mod device_claims;
pub(crate) mod devices;
pub(crate) mod diff;
mod downward_api;
pub(crate) mod env;
pub(crate) mod equal;
pub(crate) mod images;
pub(crate) mod indexes;
pub(crate) mod job;
pub(crate) mod labels;
pub(crate) mod mounts;
pub(crate) mod network;
pub(crate) mod paths;
pub(crate) mod persistent_volume;
pub(crate) mod pod_annotations;
pub(crate) mod pod_groups;
mod pod_options;
mod pod_parts;
pub(crate) mod pod_spec;
pub(crate) mod pod_template;
pub(crate) mod pod_totals;
pub(crate) mod probes;
pub(crate) mod projected;
pub(crate) mod rbac;
pub(crate) mod resources;
pub(crate) mod review;
pub(crate) mod scheduling;
pub(crate) mod security;
pub(crate) mod signers;
pub(crate) mod text;
pub(crate) mod time_zone;
pub(crate) mod volume_sources;
pub(crate) mod volumes;
pub(crate) mod windows;
pub(crate) mod workload;

pub(crate) use at::At;
pub(crate) use pod_options::PodOptions;
