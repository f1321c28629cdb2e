//! The nodes with their pods, as one cycle sees them: it doesn't change while the cycle runs.

use crate::pod::{HostPort, PodInfo};
use crate::resources::Resources;
use k8s_openapi::api::core::v1::{Node, NodeSpec, Taint};
use std::sync::{Arc, LazyLock};

/// Every node. A clone costs nothing.
pub(crate) type Snapshot = Arc<Vec<Arc<NodeInfo>>>;

/// A node, the pods that are on it or on their way, and their sums.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeInfo {
    pub(crate) name: String,
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

    /// Whether it was there.
    pub(crate) fn remove_pod(&mut self, uid: &str) -> bool {
        let Some(index) = self.pods.iter().position(|pod| pod.uid == uid) else { return false };
        let pod = self.pods.swap_remove(index);
        self.requested.sub(&pod.request);
        self.scored.sub(&pod.scored);
        true
    }

    pub(crate) fn spec(&self) -> &NodeSpec {
        static EMPTY: LazyLock<NodeSpec> = LazyLock::new(NodeSpec::default);
        self.node.spec.as_ref().unwrap_or(&EMPTY)
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
