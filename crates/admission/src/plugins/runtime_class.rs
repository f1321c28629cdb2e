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
    let all: Vec<Value> = items(&pod["spec"]["tolerations"])
        .chain(items(&scheduling["tolerations"]))
        .cloned()
        .collect();
    let merged = merged(&all);
    if !merged.is_empty() {
        pod["spec"]["tolerations"] = json!(merged);
    }
    Ok(())
}

/// Those that no other one covers; of equals the first. Mirrors `pkg/util/tolerations`.
fn merged(all: &[Value]) -> Vec<&Value> {
    let mut merged: Vec<&Value> = Vec::new();
    for (index, one) in all.iter().enumerate() {
        let is_known = merged.iter().any(|known| covers(known, one));
        if !is_known && !all[index + 1..].iter().any(|later| later != one && covers(later, one)) {
            merged.push(one);
        }
    }
    merged
}

/// Whether what `other` tolerates, `one` tolerates too.
fn covers(one: &Value, other: &Value) -> bool {
    let of = |toleration: &'_ Value, field: &str| text(&toleration[field]).to_owned();
    let is_same = |field| of(one, field) == of(other, field);
    let takes_all_keys = of(one, "key").is_empty() && of(one, "operator") == "Exists";
    let seconds = |toleration: &Value| toleration["tolerationSeconds"].as_i64();
    let lasts = match (of(one, "effect") == "NoExecute", seconds(one)) {
        (true, Some(most)) => seconds(other).is_some_and(|seconds| seconds <= most),
        _ => true,
    };
    let values = match of(one, "operator").as_str() {
        "" | "Equal" => of(other, "operator") == "Equal" && is_same("value"),
        operator => operator == "Exists",
    };
    let is_within = (is_same("key") || takes_all_keys)
        && (is_same("effect") || of(one, "effect").is_empty())
        && lasts
        && values;
    one == other || is_within
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

    #[test]
    fn what_is_tolerated_already_is_not_added() {
        let exists = |key: &str| json!({"key": key, "operator": "Exists"});
        let equal = |value: &str| json!({"key": "vm", "operator": "Equal", "value": value});
        let for_all = json!({"operator": "Exists"});
        let brief = json!({"key": "vm", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5});
        let table = [
            (vec![exists("vm"), exists("vm")], 1),
            (vec![for_all.clone(), exists("vm")], 1),
            (vec![exists("vm"), for_all], 1),
            (vec![exists("vm"), equal("a")], 1),
            (vec![equal("a"), equal("b")], 2),
            (vec![brief.clone(), exists("vm")], 1),
            (vec![brief, json!({"key": "vm", "operator": "Exists", "effect": "NoSchedule"})], 2),
        ];
        for (all, count) in table {
            assert_eq!(merged(&all).len(), count, "{all:?}");
        }
    }
}
