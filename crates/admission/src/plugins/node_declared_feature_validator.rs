//! `NodeDeclaredFeatureValidator`: a pod changes only in ways that its node says it can follow.
//!
//! Mirrors `plugin/pkg/admission/nodedeclaredfeatures` with the features of
//! `k8s.io/component-helpers/nodedeclaredfeatures` that an update can need.

use super::Setup;
use super::pod_parts::{items, text};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Result, Value};
use std::sync::Arc;

/// Whether the way from one pod to another needs a feature.
type Needs = fn(old: &Value, new: &Value) -> bool;

/// By name, in the order of names.
const FEATURES: [(&str, Needs); 2] = [
    ("InPlacePodLevelResourcesVerticalScaling", resizes_as_a_whole),
    ("InPlacePodVerticalScalingInitContainers", resizes_what_only_starts),
];

struct NodeDeclaredFeatureValidator {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(NodeDeclaredFeatureValidator { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for NodeDeclaredFeatureValidator {
    fn name(&self) -> &'static str {
        "NodeDeclaredFeatureValidator"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let concerns = request.is("", "pods")
            && matches!(request.subresource, "" | "resize")
            && request.operation == Operation::Update;
        let (Some(pod), Some(old), true) = (object, request.old, concerns) else {
            return Ok(());
        };
        let name = text(&pod["spec"]["nodeName"]);
        let same = pod["metadata"]["generation"] == old["metadata"]["generation"];
        let mut needed = FEATURES.iter().filter(|(_, needs)| needs(old, pod)).peekable();
        if name.is_empty() || same || needed.peek().is_none() {
            return Ok(());
        }
        let Some(node) = self.cluster.get(&GroupResource::new("", "nodes"), "", name) else {
            return Err(request.forbidden(object, format!("node {name:?} not found")));
        };
        let has = |feature: &str| items(&node["status"]["declaredFeatures"]).any(|f| f == feature);
        let lacking: Vec<&str> = needed.map(|(name, _)| *name).filter(|name| !has(name)).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let lacking = lacking.join(", ");
        let why = format!(
            "pod update requires features {lacking} which are not available on node {name:?}"
        );
        Err(request.forbidden(object, why))
    }
}

fn resizes_as_a_whole(old: &Value, new: &Value) -> bool {
    old["spec"]["resources"] != new["spec"]["resources"]
}

fn resizes_what_only_starts(old: &Value, new: &Value) -> bool {
    let same = |old: &Value, new: &Value| {
        let empty = |value: &Value| value.as_object().is_none_or(|map| map.is_empty());
        let (old, new) = (&old["resources"], &new["resources"]);
        old == new || (empty(old) && empty(new))
    };
    items(&old["spec"]["initContainers"])
        .zip(items(&new["spec"]["initContainers"]))
        .any(|(old, new)| old["restartPolicy"] != "Always" && !same(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn a_node_must_declare_what_a_resize_needs() {
        let cluster = cluster();
        cluster.put("", "nodes", json!({"metadata": {"name": "old"}}));
        let declared = json!([FEATURES[0].0, FEATURES[1].0]);
        let status = json!({"declaredFeatures": declared});
        cluster.put("", "nodes", json!({"metadata": {"name": "new"}, "status": status}));
        let pod = |node: &str, generation: u32, cpu: &str| {
            let resources = json!({"requests": {"cpu": cpu}});
            let init = json!([
                {"name": "i", "resources": resources},
                {"name": "s", "restartPolicy": "Always", "resources": resources},
            ]);
            let spec = json!({"nodeName": node, "resources": resources, "initContainers": init});
            json!({"metadata": {"name": "p", "generation": generation}, "spec": spec})
        };
        let case = Case::new(make, &cluster, "", "pods").part("resize");
        let mut why = Vec::new();
        for (old, mut new) in [
            (pod("new", 1, "1"), pod("new", 2, "2")),
            (pod("old", 1, "1"), pod("old", 1, "2")),
            (pod("", 1, "1"), pod("", 2, "2")),
            (pod("old", 1, "1"), pod("old", 2, "1")),
            (pod("old", 1, "1"), pod("old", 2, "2")),
            (pod("gone", 1, "1"), pod("gone", 2, "2")),
        ] {
            let outcome = case.update("ns", "p", &old, &mut new).await;
            why.extend(outcome.err().map(|why| why.message));
        }
        assert_eq!(
            why,
            [
                "pods \"p\" is forbidden: pod update requires features \
                 InPlacePodLevelResourcesVerticalScaling, InPlacePodVerticalScalingInitContainers \
                 which are not available on node \"old\"",
                "pods \"p\" is forbidden: node \"gone\" not found",
            ]
        );
    }
}
