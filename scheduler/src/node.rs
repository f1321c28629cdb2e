//! A node as the scheduler looks at it, with the pods that are on it.

use crate::pod::{HostPort, PodInfo};
use crate::resources::Resources;
use k8s_openapi::api::core::v1::{Node, NodeSpec, Taint};
use std::sync::{Arc, LazyLock};

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
    pub(crate) fn set_node(&mut self, node: Arc<Node>) {
        let status = node.status.as_ref();
        self.allocatable = Resources::of(status.and_then(|status| status.allocatable.as_ref()));
        self.node = node;
    }

    pub(crate) fn add_pod(&mut self, pod: Arc<PodInfo>) {
        self.requested.add(&pod.request);
        self.scored.add(&pod.scored);
        self.pods.push(pod);
    }

    pub(crate) fn remove_pod(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
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
