//! `PodResizeValidator`: a pod is not resized beyond what its node has for pods.
//!
//! Mirrors `plugin/pkg/admission/podresize`.

use super::Setup;
use super::pod_amounts::{amounts, requests_with_overhead};
use super::pod_parts::text;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{ApiError, Cause, GroupResource, Quantity, Result, Value};
use std::sync::Arc;

struct PodResizeValidator {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(PodResizeValidator { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for PodResizeValidator {
    fn name(&self) -> &'static str {
        "PodResizeValidator"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let concerns = request.is("", "pods")
            && request.subresource == "resize"
            && request.operation == Operation::Update;
        let (Some(pod), Some(old), true) = (object, request.old, concerns) else {
            return Ok(());
        };
        let name = text(&pod["spec"]["nodeName"]);
        if name.is_empty() || pod["metadata"]["generation"] == old["metadata"]["generation"] {
            return Ok(());
        }
        let Some(node) = self.cluster.get(&GroupResource::new("", "nodes"), "", name) else {
            return Err(request.forbidden(object, format!("node {name:?} not found")));
        };
        let system = node["metadata"]["labels"]["kubernetes.io/os"].as_str().unwrap_or("linux");
        if system != "linux" {
            let why =
                format!("pod resize is only supported on linux nodes, node {name:?} is {system:?}");
            return Err(because(request.forbidden(object, why), "UnsupportedPlatform"));
        }
        let lacking = lacking(pod, &node);
        if lacking.is_empty() {
            return Ok(());
        }
        let lacking = lacking.join("; ");
        let why = format!("node didn't have enough allocatable resources: {lacking}");
        Err(because(request.forbidden(object, why), "NodeCapacity"))
    }
}

/// An amount as a whole number of what it is told in.
type Unit = fn(&Quantity) -> i64;

/// What the node has too little of, in whole bytes and thousandths of a CPU.
fn lacking(pod: &Value, node: &Value) -> Vec<String> {
    let (asked, there) = (requests_with_overhead(pod), amounts(&node["status"]["allocatable"]));
    let units: [(&str, Unit); 2] = [("cpu", Quantity::milli_value), ("memory", Quantity::value)];
    let none = Quantity::new(0, object::quantity::Format::DecimalSi);
    units
        .into_iter()
        .filter_map(|(name, unit)| {
            let (asked, there) =
                (asked.get(name).unwrap_or(&none), there.get(name).unwrap_or(&none));
            let (more, less) = (unit(asked), unit(there));
            (asked > there).then(|| format!("{name}, requested: {more}, allocatable: {less}"))
        })
        .collect()
}

/// A refusal with a cause that programs can read.
fn because(mut error: ApiError, reason: &str) -> ApiError {
    let cause = Cause { reason: reason.to_owned(), message: String::new(), field: String::new() };
    error.details.get_or_insert_default().causes.push(cause);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn a_pod_stays_smaller_than_its_node() {
        let cluster = cluster();
        let status = json!({"allocatable": {"cpu": "2", "memory": "1Gi"}});
        let node = |name: &str, system: &str| {
            let labels = json!({"kubernetes.io/os": system});
            json!({"metadata": {"name": name, "labels": labels}, "status": status})
        };
        cluster.put("", "nodes", node("n", "linux"));
        cluster.put("", "nodes", node("w", "windows"));
        let pod = |node: &str, generation: u32, cpu: &str, memory: &str| {
            let resources = json!({"requests": {"cpu": cpu, "memory": memory}});
            let containers = json!([{"name": "a", "resources": resources}]);
            let overhead = json!({"cpu": "100m"});
            let spec = json!({"nodeName": node, "containers": containers, "overhead": overhead});
            json!({"metadata": {"name": "p", "generation": generation}, "spec": spec})
        };
        let case = Case::new(make, &cluster, "", "pods").part("resize");
        let mut why = Vec::new();
        for (node, cpu, memory) in
            [("n", "1900m", "1Gi"), ("n", "2", "1025Mi"), ("w", "1", "1"), ("gone", "1", "1")]
        {
            let (old, mut new) = (pod(node, 1, "1m", "1"), pod(node, 2, cpu, memory));
            let outcome = case.update("ns", "p", &old, &mut new).await;
            why.extend(outcome.err().map(|error| {
                let causes = error.details.map(|details| details.causes).unwrap_or_default();
                let causes: Vec<String> = causes.into_iter().map(|cause| cause.reason).collect();
                format!("{} [{}]", error.message, causes.join(" "))
            }));
        }
        assert_eq!(
            why,
            [
                "pods \"p\" is forbidden: node didn't have enough allocatable resources: cpu, \
                 requested: 2100, allocatable: 2000; memory, requested: 1074790400, allocatable: \
                 1073741824 [NodeCapacity]",
                "pods \"p\" is forbidden: pod resize is only supported on linux nodes, node \"w\" is \
                 \"windows\" [UnsupportedPlatform]",
                "pods \"p\" is forbidden: node \"gone\" not found []",
            ]
        );
    }
}
