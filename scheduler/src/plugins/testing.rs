//! Nodes and pods for the plugins' tests.

use crate::plugin::{Filter, Plugin, Score, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};
use std::sync::Arc;

/// The default profile's plugins.
pub(crate) fn default_rows() -> Vec<super::Row> {
    super::rows(&crate::plugin_args::Args::default())
}

pub(crate) fn pod(spec: Value) -> PodInfo {
    labelled(json!({}), spec)
}

pub(crate) fn labelled(labels: Value, spec: Value) -> PodInfo {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "ns", "uid": "p", "labels": labels}, "spec": spec,
    }))
    .expect("a pod");
    PodInfo::new(Arc::new(pod))
}

pub(crate) fn node(value: Value) -> Node {
    serde_json::from_value(value).expect("a node")
}

/// A cluster of `nodes`, each with the pods that are on it.
pub(crate) fn cluster(nodes: Vec<(Node, Vec<PodInfo>)>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (node, pods) in nodes {
        let name = node.metadata.name.clone().unwrap_or_default();
        snapshot.set_node(Arc::new(node));
        for pod in pods {
            snapshot.add_pod(Arc::new(pod), &name);
        }
    }
    snapshot
}

/// What `plugin` says about `pod` on each of `nodes`.
pub(crate) fn verdicts(plugin: &dyn Plugin, pod: &PodInfo, nodes: &Snapshot) -> Vec<Verdict> {
    match plugin.filter(pod, nodes) {
        Filter::Skip => vec![Verdict::Fits; nodes.len()],
        Filter::Refuse(reason) => vec![Verdict::never(&reason); nodes.len()],
        Filter::Check(check) => nodes.iter().map(|node| check(node)).collect(),
    }
}

/// What `plugin` says about `pod` on `node` with `others` on it, alone in the cluster.
pub(crate) fn verdict(
    plugin: &dyn Plugin,
    pod: &PodInfo,
    node: &Node,
    others: Vec<PodInfo>,
) -> Verdict {
    verdicts(plugin, pod, &cluster(vec![(node.clone(), others)])).remove(0)
}

/// The points that `plugin` gives each of `nodes`, before they are normalized.
pub(crate) fn points(plugin: &dyn Plugin, pod: &PodInfo, nodes: &Snapshot) -> Vec<i64> {
    let feasible: Vec<_> = nodes.iter().collect();
    match plugin.score(pod, nodes, &feasible) {
        Score::Skip => vec![0; nodes.len()],
        Score::Points(points, _) => nodes.iter().map(|node| points(node)).collect(),
    }
}
