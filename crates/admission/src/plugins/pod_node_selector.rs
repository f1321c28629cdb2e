//! `PodNodeSelector`: pods run where their namespace's annotation says.
//!
//! Selectors of the plugin's own configuration are not taken. Mirrors
//! `plugin/pkg/admission/podnodeselector`.

use super::Setup;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{ApiError, GroupResource, Reason, Result, Value, meta, names};
use std::collections::BTreeMap;
use std::sync::Arc;

const ANNOTATION: &str = "scheduler.alpha.kubernetes.io/node-selector";

struct PodNodeSelector {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(PodNodeSelector { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for PodNodeSelector {
    fn name(&self) -> &'static str {
        "PodNodeSelector"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let Some(pod) = object.filter(|_| concerns(request)) else { return Ok(()) };
        for (key, value) in self.agreed(request, pod).await? {
            let selector = meta::entry(&mut pod["spec"], "nodeSelector");
            selector.insert(key, value.into());
        }
        Ok(())
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(pod) = object.filter(|_| concerns(request)) else { return Ok(()) };
        self.agreed(request, pod).await.map(drop)
    }
}

fn concerns(request: &Request<'_>) -> bool {
    request.is_whole("", "pods") && request.operation == Operation::Create
}

impl PodNodeSelector {
    /// What the namespace asks for, where the pod does not ask for something else.
    async fn agreed(&self, request: &Request<'_>, pod: &Value) -> Result<BTreeMap<String, String>> {
        let resource = GroupResource::new("", "namespaces");
        let found = match self.cluster.get(&resource, "", request.namespace) {
            Some(found) => Some(found),
            None => self.cluster.newest(&resource, "", request.namespace).await?,
        };
        let Some(namespace) = found else {
            let why = format!("namespace {} does not exist", request.namespace);
            return Err(ApiError::internal(why));
        };
        let text = namespace["metadata"]["annotations"][ANNOTATION].as_str().unwrap_or_default();
        let wanted = parse(text).map_err(unnamed)?;
        let own = &pod["spec"]["nodeSelector"];
        if wanted.iter().any(|(key, value)| own[key].as_str().is_some_and(|own| own != value)) {
            let why = "pod node label selector conflicts with its namespace node label selector";
            return Err(ApiError::forbidden(&request.kind.group_resource(), meta::name(pod), why));
        }
        Ok(wanted)
    }
}

/// Upstream hands on what is no refusal of its own.
fn unnamed(why: String) -> ApiError {
    ApiError::new(500, Reason::Unknown, why)
}

/// `key=value,key=value`.
fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut all = BTreeMap::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let parts: Vec<&str> = part.split('=').collect();
        let [key, value] = parts[..] else {
            return Err(format!("invalid selector: [{}]", parts.join(" ")));
        };
        let (key, value) = (key.trim(), value.trim());
        let checks = [
            ("<nil>".to_owned(), key, names::qualified_name(key)),
            (format!("[{key}]"), value, names::label_value(value)),
        ];
        for (path, text, faults) in checks {
            if !faults.is_empty() {
                return Err(format!("{path}: Invalid value: {text:?}: {}", faults.join("; ")));
            }
        }
        all.insert(key.to_owned(), value.to_owned());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn the_namespace_says_where() {
        let cluster = cluster();
        let namespace = |name: &str, selector: &str| json!({"metadata": {"name": name, "annotations": {ANNOTATION: selector}}});
        cluster.put("", "namespaces", namespace("ns", "a=b, c=d"));
        cluster.put("", "namespaces", namespace("odd", "a=b=c"));
        let case = Case::new(make, &cluster, "", "pods");
        let pod = |selector: Value| json!({"metadata": {"name": "p"}, "spec": {"nodeSelector": selector}});
        let mut some = pod(json!({"e": "f", "a": "b"}));
        case.create("ns", &mut some).await.expect("admitted");
        assert_eq!(some["spec"]["nodeSelector"], json!({"a": "b", "c": "d", "e": "f"}));
        let why = case.create("ns", &mut pod(json!({"c": "x"}))).await.expect_err("a refusal");
        assert_eq!(
            why.to_string(),
            "pods \"p\" is forbidden: pod node label selector conflicts with its namespace node \
             label selector"
        );
        let why = case.create("odd", &mut pod(Value::Null)).await.expect_err("a refusal");
        assert_eq!(why.to_string(), "invalid selector: [a b c]");
    }
}
