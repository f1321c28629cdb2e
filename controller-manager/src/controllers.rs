//! The controllers, one file each. [`crate::table`] says which run.

mod backends;
pub(crate) mod cluster_role_aggregation;
pub(crate) mod daemon_set;
pub(crate) mod deployment;
pub(crate) mod endpoint_slice;
pub(crate) mod endpoints;
pub(crate) mod garbage_collector;
pub(crate) mod namespace;
pub(crate) mod node_ipam;
pub(crate) mod node_lifecycle;
pub(crate) mod pod_garbage;
pub(crate) mod replica_set;
mod replicas;
pub(crate) mod replication_controller;
mod revisions;
pub(crate) mod root_ca;
pub(crate) mod service_account;
pub(crate) mod taint_eviction;
pub(crate) mod ttl_after_finished;
