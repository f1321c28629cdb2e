//! `RuntimeClass`: a pod gets the overhead and the place of its runtime.
//!
//! Mirrors `plugin/pkg/admission/runtimeclass`.

use super::Setup;
use super::pod_parts::{items, text};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Quantity, Result, Value, json, meta};
use std::sync::Arc;

struct RuntimeClass {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(RuntimeClass { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for RuntimeClass {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let Some(pod) = object.filter(|_| concerns(request)) else { return Ok(()) };
        let Some(class) = self.class(request, pod).await? else { return Ok(()) };
        let overhead = &class["overhead"]["podFixed"];
        if class["overhead"].is_object() {
            if items_of(&pod["spec"]["overhead"]) > 0 && !same(overhead, &pod["spec"]["overhead"]) {
                return Err(mismatch(request, pod));
            }
            pod["spec"]["overhead"] = overhead.clone();
        }
        if class["scheduling"].is_object() {
            place(request, pod, &class["scheduling"])?;
        }
        Ok(())
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(pod) = object.filter(|_| concerns(request)) else { return Ok(()) };
        let class = self.class(request, pod).await?;
        let given = &pod["spec"]["overhead"];
        match class.filter(|class| class["overhead"].is_object()) {
            Some(class) if !same(&class["overhead"]["podFixed"], given) => {
                Err(mismatch(request, pod))
            }
            None if !given.is_null() => Err(request.forbidden(
                Some(pod),
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            )),
            _ => Ok(()),
        }
    }
}

impl RuntimeClass {
    async fn class(&self, request: &Request<'_>, pod: &Value) -> Result<Option<Arc<Value>>> {
        let Some(name) = pod["spec"]["runtimeClassName"].as_str() else { return Ok(None) };
        let resource = GroupResource::new("node.k8s.io", "runtimeclasses");
        let found = match self.cluster.get(&resource, "", name) {
            Some(class) => Some(class),
            None => self.cluster.newest(&resource, "", name).await?,
        };
        match found {
            Some(class) => Ok(Some(class)),
            None => Err(request
                .forbidden(Some(pod), format!("pod rejected: RuntimeClass {name:?} not found"))),
        }
    }
}

fn concerns(request: &Request<'_>) -> bool {
    request.is_whole("", "pods") && request.operation == Operation::Create
}

fn mismatch(request: &Request<'_>, pod: &Value) -> object::ApiError {
    let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
    request.forbidden(Some(pod), why)
}

fn items_of(map: &Value) -> usize {
    map.as_object().map_or(0, |map| map.len())
}

/// Whether two lists of quantities are the same amounts.
fn same(a: &Value, b: &Value) -> bool {
    let amount = |value: &Value| Quantity::parse(text(value)).ok();
    items_of(a) == items_of(b)
        && a.as_object().into_iter().flatten().all(|(key, value)| amount(value) == amount(&b[key]))
}

/// Only where the runtime is, and wherever it is.
fn place(request: &Request<'_>, pod: &mut Value, scheduling: &Value) -> Result<()> {
    for (key, value) in meta::pairs(&scheduling["nodeSelector"]) {
        let given = pod["spec"]["nodeSelector"][key].as_str();
        if let Some(given) = given.filter(|given| *given != value) {
            let why = format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; \
                 pod.spec.nodeSelector[{key}] = {given}"
            );
            return Err(request.forbidden(Some(pod), why));
        }
        pod["spec"]["nodeSelector"][key] = value.into();
    }
    let mut all: Vec<Value> = items(&pod["spec"]["tolerations"]).cloned().collect();
    for toleration in items(&scheduling["tolerations"]) {
        if !all.contains(toleration) {
            all.push(toleration.clone());
        }
    }
    if !all.is_empty() {
        pod["spec"]["tolerations"] = json!(all);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};

    #[tokio::test]
    async fn a_pod_gets_what_its_runtime_needs() {
        let cluster = cluster();
        cluster.put("node.k8s.io", "runtimeclasses", json!({"metadata": {"name": "vm"},
            "overhead": {"podFixed": {"cpu": "250m"}},
            "scheduling": {"nodeSelector": {"vm": "yes"}, "tolerations": [{"key": "vm", "operator": "Exists"}]}}));
        let case = Case::new(make, &cluster, "", "pods");
        let mut pod = json!({"spec": {"runtimeClassName": "vm"}});
        case.create("ns", &mut pod).await.expect("admitted");
        assert_eq!(pod["spec"]["overhead"], json!({"cpu": "250m"}));
        assert_eq!(pod["spec"]["nodeSelector"], json!({"vm": "yes"}));
        let refused = |mut pod: Value| {
            let case = &case;
            async move { case.create("ns", &mut pod).await.expect_err("a refusal").to_string() }
        };
        let none =
            refused(json!({"metadata": {"name": "p"}, "spec": {"runtimeClassName": "none"}})).await;
        assert_eq!(none, "pods \"p\" is forbidden: pod rejected: RuntimeClass \"none\" not found");
        let own = refused(json!({"spec": {"overhead": {"cpu": "1"}}})).await;
        assert!(own.contains("Pod Overhead set without corresponding RuntimeClass"), "{own}");
        let other =
            refused(json!({"spec": {"runtimeClassName": "vm", "nodeSelector": {"vm": "no"}}}))
                .await;
        assert!(other.contains("runtimeClass.scheduling.nodeSelector[vm] = yes"), "{other}");
    }
}
