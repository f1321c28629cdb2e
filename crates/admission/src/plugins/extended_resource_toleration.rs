//! `ExtendedResourceToleration`: who asks for a device may run on the nodes that are kept for it.
//!
//! Mirrors `plugin/pkg/admission/extendedresourcetoleration`.

use super::Setup;
use super::pod_parts::items;
use crate::{Operation, Plugin, Request};
use async_trait::async_trait;
use object::{Result, Value, json, meta, names};
use std::collections::BTreeSet;

struct ExtendedResourceToleration;

pub(super) fn make(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(ExtendedResourceToleration)
}

#[async_trait]
impl Plugin for ExtendedResourceToleration {
    fn name(&self) -> &'static str {
        "ExtendedResourceToleration"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let concerns = request.is_whole("", "pods") && changes;
        let Some(pod) = object.filter(|_| concerns) else { return Ok(()) };
        let devices: BTreeSet<String> = ["containers", "initContainers"]
            .into_iter()
            .flat_map(|list| items(&pod["spec"][list]))
            .flat_map(|container| container["resources"]["requests"].as_object())
            .flatten()
            .map(|(name, _)| name.clone())
            .filter(|name| is_extended(name))
            .collect();
        for device in devices {
            tolerate(pod, &device);
        }
        Ok(())
    }
}

/// A resource that Kubernetes itself knows nothing of.
fn is_extended(name: &str) -> bool {
    let native = !name.contains('/') || name.contains("kubernetes.io/");
    let quota = name.starts_with("requests.");
    !native && !quota && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Adds a toleration, in the place of one that differs by nothing but its time.
fn tolerate(pod: &mut Value, key: &str) {
    let wanted = json!({"key": key, "operator": "Exists", "effect": "NoSchedule"});
    let all = meta::entry(pod, "spec").entry("tolerations").or_insert_with(|| json!([]));
    if !all.is_array() {
        *all = json!([]);
    }
    let Some(all) = all.as_array_mut() else { return };
    let empty = |value: &Value| value.as_str().is_none_or(str::is_empty);
    let known = all.iter_mut().find(|known| {
        ["key", "operator", "effect"].iter().all(|field| known[*field] == wanted[*field])
            && empty(&known["value"])
    });
    match known {
        Some(known) => *known = wanted,
        None => all.push(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};

    #[tokio::test]
    async fn devices_are_tolerated_once() {
        let case = Case::new(make, &cluster(), "", "pods");
        let requests = |names: &[&str]| {
            let amounts: object::Map<String, Value> =
                names.iter().map(|name| ((*name).to_owned(), json!("1"))).collect();
            json!([{"resources": {"requests": amounts}}])
        };
        let other = json!({"key": "a", "operator": "Equal", "value": "b"});
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {
            "containers": requests(&["cpu", "example.com/b", "x.kubernetes.io/c"]),
            "initContainers": requests(&["example.com/a"]),
            "tolerations": [other],
        }});
        for _ in 0..2 {
            case.create("ns", &mut pod).await.expect("admitted");
        }
        let device =
            |name: &str| json!({"key": name, "operator": "Exists", "effect": "NoSchedule"});
        let all = json!([other, device("example.com/a"), device("example.com/b")]);
        assert_eq!(pod["spec"]["tolerations"], all);
    }
}
