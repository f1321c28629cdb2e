//! The nodes with their pods, as one cycle sees them: it doesn't change while the cycle runs.
//!
//! A clone is a handful of shared pointers, so that a cycle may also ask "what if": it changes its
//! own clone, and only what is touched is copied.

use crate::node::NodeInfo;
use crate::pod::PodInfo;
use crate::surroundings::Surroundings;
use crate::tallies::Tallies;
use crate::topology::{self, Domains, Topology};
use k8s_openapi::api::core::v1::Node;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

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
        let unasked = [topology::HOSTNAME, topology::ZONE];
        for key in keys.chain(spread).chain(unasked) {
            if !self.topology.follows(key) {
                Arc::make_mut(&mut self.topology).follow(key, &self.nodes);
            }
        }
    }
}
