//! Nodes and pods for the plugins' tests.

use super::*;
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) fn pod(spec: Value) -> PodInfo {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "ns", "uid": "p"}, "spec": spec,
    }))
    .expect("a pod");
    PodInfo::new(Arc::new(pod))
}

pub(crate) fn node(value: Value) -> NodeInfo {
    let node: Node = serde_json::from_value(value).expect("a node");
    let mut info =
        NodeInfo { name: node.metadata.name.clone().unwrap_or_default(), ..NodeInfo::default() };
    info.set_node(Arc::new(node));
    info
}

/// What `plugin` says about `pod` on `node`, alone in the cluster.
pub(crate) fn verdict(plugin: &dyn Plugin, pod: &PodInfo, node: &NodeInfo) -> Verdict {
    let nodes = Arc::new(vec![Arc::new(node.clone())]);
    match plugin.filter(pod, &nodes) {
        Filter::Skip => Verdict::Fits,
        Filter::Check(check) => check(node),
    }
}

/// The points that `plugin` gives each of `nodes`, before they are normalized.
pub(crate) fn points(plugin: &dyn Plugin, pod: &PodInfo, nodes: &[NodeInfo]) -> Vec<i64> {
    let all = Arc::new(nodes.iter().cloned().map(Arc::new).collect::<Vec<_>>());
    let feasible: Vec<_> = all.iter().collect();
    match plugin.score(pod, &all, &feasible) {
        Score::Skip => vec![0; nodes.len()],
        Score::Points(points, _) => nodes.iter().map(points).collect(),
    }
}
