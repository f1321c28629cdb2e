//! The plugins of the default profile: one file each, and one line in the table. Mirrors
//! `k8s.io/kubernetes/pkg/scheduler/framework/plugins`, and its default weights.

mod balanced_allocation;
mod dynamic_resources;
mod image_locality;
mod inter_pod_affinity;
pub(crate) mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_fit;
mod node_unschedulable;
mod node_volume_limits;
mod pod_topology_spread;
mod taint_toleration;
mod volume_binding;
mod volume_restrictions;
mod volume_zone;

use crate::plugin::Plugin;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) plugin: &'static dyn Plugin,
    /// What its points count.
    pub(crate) weight: i64,
}

/// The default profile, in the order in which nodes are filtered.
pub(crate) const DEFAULT: &[Row] = &[
    Row { plugin: &node_unschedulable::NodeUnschedulable, weight: 0 },
    Row { plugin: &node_name::NodeName, weight: 0 },
    Row { plugin: &taint_toleration::TaintToleration, weight: 3 },
    Row { plugin: &node_affinity::NodeAffinity, weight: 2 },
    Row { plugin: &node_ports::NodePorts, weight: 0 },
    Row { plugin: &node_resources_fit::NodeResourcesFit, weight: 1 },
    Row { plugin: &volume_restrictions::VolumeRestrictions, weight: 0 },
    Row { plugin: &node_volume_limits::NodeVolumeLimits, weight: 0 },
    Row { plugin: &volume_binding::VolumeBinding, weight: 0 },
    Row { plugin: &volume_zone::VolumeZone, weight: 0 },
    Row { plugin: &pod_topology_spread::PodTopologySpread, weight: 2 },
    Row { plugin: &inter_pod_affinity::InterPodAffinity, weight: 2 },
    Row { plugin: &dynamic_resources::DynamicResources, weight: 0 },
    Row { plugin: &balanced_allocation::BalancedAllocation, weight: 1 },
    Row { plugin: &image_locality::ImageLocality, weight: 1 },
];

#[cfg(test)]
pub(crate) mod testing;
