//! The nodes with their pods, as one cycle sees them: it doesn't change while the cycle runs.
//!
//! A clone is a handful of shared pointers, so that a cycle may also ask "what if": it changes its
//! own clone, and only what is touched is copied.

use crate::pod::{HostPort, PodInfo};
use crate::resources::Resources;
use crate::surroundings::Surroundings;
use crate::tallies::Tallies;
use crate::topology::{Domains, Topology};
use k8s_openapi::api::core::v1::{Node, NodeSpec, Taint};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// Every node, and all that is counted over them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    nodes: Arc<Vec<Arc<NodeInfo>>>,
    index: Arc<HashMap<String, usize>>,
    tallies: Arc<Tallies>,
    topology: Arc<Topology>,
    pub(crate) around: Arc<Surroundings>,
    /// By node, the pods for which room was made there.
    pub(crate) nominated: Arc<HashMap<String, Vec<Arc<PodInfo>>>>,
}

impl Deref for Snapshot {
    type Target = [Arc<NodeInfo>];

    fn deref(&self) -> &Self::Target {
        &self.nodes
    }
}

impl Snapshot {
    pub(crate) fn node(&self, name: &str) -> Option<&Arc<NodeInfo>> {
        self.nodes.get(*self.index.get(name)?)
    }

    /// The node at which room was made for `pod`, or is.
    pub(crate) fn nomination(&self, pod: &PodInfo) -> Option<&str> {
        let mut all = self.nominated.iter();
        all.find(|(_, pods)| pods.iter().any(|own| own.uid == pod.uid)).map(|(node, _)| &**node)
    }

    pub(crate) fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    pub(crate) fn domains(&self, key: &str) -> Arc<Domains> {
        self.topology.domains(key, &self.nodes)
    }

    /// Whether a new node was added.
    pub(crate) fn set_node(&mut self, node: Arc<Node>) -> bool {
        let name = node.metadata.name.clone().unwrap_or_default();
        let nodes = Arc::make_mut(&mut self.nodes);
        let (place, is_new) = match self.index.get(&name) {
            Some(place) => (*place, false),
            None => {
                let place = nodes.len();
                nodes.push(Arc::new(NodeInfo { name: name.clone(), place, ..NodeInfo::default() }));
                Arc::make_mut(&mut self.index).insert(name, place);
                (place, true)
            }
        };
        let info = Arc::make_mut(&mut nodes[place]);
        let moved = is_new || info.node.metadata.labels != node.metadata.labels;
        info.set_node(node);
        if moved {
            Arc::make_mut(&mut self.topology).set_node(place, info);
        }
        is_new
    }

    /// The pods that were on it.
    pub(crate) fn remove_node(&mut self, name: &str) -> Vec<Arc<PodInfo>> {
        let Some(place) = self.index.get(name).copied() else { return Vec::new() };
        Arc::make_mut(&mut self.index).remove(name);
        let nodes = Arc::make_mut(&mut self.nodes);
        let gone = nodes.swap_remove(place);
        let tallies = Arc::make_mut(&mut self.tallies);
        gone.pods.iter().for_each(|pod| tallies.remove(pod, place));
        Arc::make_mut(&mut self.topology).swap_remove(place);
        if let Some(moved) = nodes.get_mut(place) {
            Arc::make_mut(&mut self.index).insert(moved.name.clone(), place);
            tallies.moved(moved.place, place);
            Arc::make_mut(moved).place = place;
        }
        gone.pods.clone()
    }

    /// Counts `pod` on the node `name`; `false` where there is no such node.
    pub(crate) fn add_pod(&mut self, pod: Arc<PodInfo>, name: &str) -> bool {
        let Some(place) = self.index.get(name).copied() else { return false };
        self.follow(&pod);
        Arc::make_mut(&mut self.tallies).add(&pod, place);
        Arc::make_mut(&mut Arc::make_mut(&mut self.nodes)[place]).add_pod(pod);
        true
    }

    /// Counts the pod `uid` no more; `false` where there is no such node.
    pub(crate) fn remove_pod(&mut self, uid: &str, name: &str) -> bool {
        let Some(place) = self.index.get(name).copied() else { return false };
        let node = Arc::make_mut(&mut Arc::make_mut(&mut self.nodes)[place]);
        if let Some(pod) = node.remove_pod(uid) {
            Arc::make_mut(&mut self.tallies).remove(&pod, place);
        }
        true
    }

    /// Keeps the domains of the labels that `pod` counts by, from now on.
    pub(crate) fn follow(&mut self, pod: &PodInfo) {
        let spread = pod.spec().topology_spread_constraints.iter().flatten();
        let spread = spread.map(|constraint| constraint.topology_key.as_str());
        let keys = pod.terms.all().map(|term| term.topology_key.as_str());
        // Services and controllers spread their pods over these unasked.
        let unasked = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];
        for key in keys.chain(spread).chain(unasked) {
            if !self.topology.follows(key) {
                Arc::make_mut(&mut self.topology).follow(key, &self.nodes);
            }
        }
    }
}

/// A node, the pods that are on it or on their way, and their sums.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeInfo {
    pub(crate) name: String,
    /// Its place among the snapshot's nodes.
    pub(crate) place: usize,
    pub(crate) node: Arc<Node>,
    pub(crate) allocatable: Resources,
    pub(crate) requested: Resources,
    pub(crate) scored: Resources,
    pub(crate) pods: Vec<Arc<PodInfo>>,
}

impl NodeInfo {
    fn set_node(&mut self, node: Arc<Node>) {
        let status = node.status.as_ref();
        self.allocatable = Resources::of(status.and_then(|status| status.allocatable.as_ref()));
        self.node = node;
    }

    fn add_pod(&mut self, pod: Arc<PodInfo>) {
        self.requested.add(&pod.request);
        self.scored.add(&pod.scored);
        self.pods.push(pod);
    }

    fn remove_pod(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
        let index = self.pods.iter().position(|pod| pod.uid == uid)?;
        let pod = self.pods.swap_remove(index);
        self.requested.sub(&pod.request);
        self.scored.sub(&pod.scored);
        Some(pod)
    }

    pub(crate) fn spec(&self) -> &NodeSpec {
        static EMPTY: LazyLock<NodeSpec> = LazyLock::new(NodeSpec::default);
        self.node.spec.as_ref().unwrap_or(&EMPTY)
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.node.metadata.labels.as_ref()?.get(key).map(String::as_str)
    }

    pub(crate) fn taints(&self) -> &[Taint] {
        self.spec().taints.as_deref().unwrap_or_default()
    }

    /// Whether a pod on it has taken `wanted`, on that address or on all.
    pub(crate) fn has_port(&self, wanted: &HostPort) -> bool {
        let (address, protocol, number) = wanted;
        self.pods.iter().flat_map(|pod| &pod.ports).any(|(taken, taken_protocol, taken_number)| {
            let same_address = taken == address || taken == "0.0.0.0" || address == "0.0.0.0";
            taken_protocol == protocol && taken_number == number && same_address
        })
    }
}
