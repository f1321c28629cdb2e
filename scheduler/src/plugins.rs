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
use crate::plugin_args::Args;
use std::sync::Arc;

/// One line of the table.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) plugin: Arc<dyn Plugin>,
    /// Whether it has a say on which nodes fit.
    pub(crate) filters: bool,
    /// What its points count; 0 where it gives none.
    pub(crate) weight: i64,
}

/// The default profile, in the order in which nodes are filtered, with these arguments.
pub(crate) fn rows(args: &Args) -> Vec<Row> {
    let fit = node_resources_fit::NodeResourcesFit { args: args.fit.clone() };
    let balanced =
        balanced_allocation::BalancedAllocation { resources: args.balanced_resources.clone() };
    let spread = pod_topology_spread::PodTopologySpread { defaults: args.spread.clone() };
    let affinity = inter_pod_affinity::InterPodAffinity {
        hard_weight: args.hard_pod_affinity_weight,
        ignores_preferred: args.ignores_preferred_terms,
    };
    vec![
        filter(node_unschedulable::NodeUnschedulable, 0),
        filter(node_name::NodeName, 0),
        filter(taint_toleration::TaintToleration, 3),
        filter(node_affinity::NodeAffinity { added: args.added_affinity.clone() }, 2),
        filter(node_ports::NodePorts, 0),
        filter(fit, 1),
        filter(volume_restrictions::VolumeRestrictions, 0),
        filter(node_volume_limits::NodeVolumeLimits, 0),
        filter(volume_binding::VolumeBinding, 0),
        filter(volume_zone::VolumeZone, 0),
        filter(spread, 2),
        filter(affinity, 2),
        filter(dynamic_resources::DynamicResources, 0),
        only_score(balanced, 1),
        only_score(image_locality::ImageLocality, 1),
    ]
}

fn filter(plugin: impl Plugin + 'static, weight: i64) -> Row {
    Row { plugin: Arc::new(plugin), filters: true, weight }
}

fn only_score(plugin: impl Plugin + 'static, weight: i64) -> Row {
    Row { filters: false, ..filter(plugin, weight) }
}

#[cfg(test)]
pub(crate) mod testing;
