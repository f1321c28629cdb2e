//! `PodTopologyLabels`: a pod has its node's zone and region as labels, once it has a node.
//!
//! A binding comes as an update of the pod that it binds, so the labels are put on the pod itself.
//! Mirrors `plugin/pkg/admission/podtopologylabels`.

use super::Setup;
use super::pod_parts::text;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Result, Value, meta};
use std::sync::Arc;

const LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

struct PodTopologyLabels {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(PodTopologyLabels { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for PodTopologyLabels {
    fn name(&self) -> &'static str {
        "PodTopologyLabels"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let is_made = request.is("", "pods") && request.operation == Operation::Create;
        let Some(object) = object.filter(|_| is_made) else { return Ok(()) };
        let name = match request.subresource {
            "" => text(&object["spec"]["nodeName"]),
            // What a binding says is written into the pod.
            "binding" if object["target"]["kind"] == "Node" => text(&object["target"]["name"]),
            _ => "",
        };
        let node = match name {
            "" => None,
            name => self.cluster.get(&GroupResource::new("", "nodes"), "", name),
        };
        let Some(node) = node else { return Ok(()) };
        for label in LABELS {
            if let Some(value) = node["metadata"]["labels"].get(label) {
                meta::entry(&mut object["metadata"], "labels")
                    .insert(label.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn the_nodes_labels_win() {
        let cluster = cluster();
        let labels = json!({LABELS[0]: "z", "other": "o"});
        cluster.put("", "nodes", json!({"metadata": {"name": "n", "labels": labels}}));
        let case = Case::new(make, &cluster, "", "pods");
        let pod = json!({"metadata": {"name": "p", "labels": {LABELS[0]: "own"}}, "spec": {}});
        let mut waiting = pod.clone();
        case.create("ns", &mut waiting).await.expect("admitted");
        assert_eq!(waiting, pod);
        let bound = |node: &str| {
            let mut bound = pod.clone();
            bound["spec"]["nodeName"] = json!(node);
            bound
        };
        let mut placed = bound("n");
        case.create("ns", &mut placed).await.expect("admitted");
        assert_eq!(placed["metadata"]["labels"], json!({LABELS[0]: "z"}));

        let case = Case::new(make, &cluster, "", "pods").part("binding");
        let table = [
            (json!({"kind": "Node", "name": "n"}), json!({"labels": {LABELS[0]: "z"}})),
            (json!({"name": "n"}), json!({})),
            (json!({"kind": "Node", "name": "unknown"}), json!({})),
        ];
        for (target, metadata) in table {
            let mut binding = json!({"metadata": {}, "target": target});
            case.create("ns", &mut binding).await.expect("admitted");
            assert_eq!(binding["metadata"], metadata, "{binding}");
        }
    }
}
