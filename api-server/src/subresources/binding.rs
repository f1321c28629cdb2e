//! `pods/binding`, and `bindings`: the scheduler's word on where a pod runs.
//!
//! Mirrors `pkg/registry/core/pod/storage` (`assignPod`).

use crate::ask::Ask;
use crate::{Api, answer, body};
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, GroupResource, Gvk, Reason, Result, Value, json, meta};
use registry::Target;

pub(crate) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let mut binding = body::object(ask, &Gvk::new("", "v1", "Binding"))?;
    let pods = kinds::find("", "v1", "pods").ok_or_else(ApiError::no_such_resource)?;
    // As a part of the pod, the path names it; as an object, the body does.
    let name = match ask.resource.name.as_str() {
        "" => meta::name(&binding).to_owned(),
        name => name.to_owned(),
    };
    let name = name.as_str();
    body::check_namespace(ask, &binding)?;
    let rules = |binding: &mut Value| {
        if meta::name(binding) != name {
            return Err(ApiError::bad_request("name in URL does not match name in Binding object"));
        }
        check_target(&binding["target"])
    };
    let passed = ask.call(false)?;
    api.registry.pass(&passed, &ask.target(), &mut binding, &rules).await?;
    if name.is_empty() {
        return Err(ApiError::bad_request("Name parameter required."));
    }
    let node = binding["target"]["name"].as_str().unwrap_or_default();
    let resource = GroupResource::new("", "pods/binding");
    let namespace = ask.resource.namespace.as_str();
    let target = Target { kind: pods, subresource: "binding", namespace, name };
    let change = |live: Option<&Value>| {
        let Some(live) = live else { return Ok(None) };
        for (what, wanted, found) in [
            ("UID", meta::uid(&binding), meta::uid(live)),
            ("ResourceVersion", meta::resource_version(&binding), meta::resource_version(live)),
        ] {
            if !wanted.is_empty() && wanted != found {
                return Err(api.registry.unmet(&target, what, wanted, found));
            }
        }
        if meta::deletion_timestamp(live).is_some() {
            return Err(ApiError::conflict(
                &resource,
                name,
                format!("pod {name} is being deleted, cannot be assigned to a host"),
            ));
        }
        let bound = live["spec"]["nodeName"].as_str().unwrap_or_default();
        if !bound.is_empty() {
            return Err(ApiError::conflict(
                &resource,
                name,
                format!("pod {name} is already assigned to node {bound:?}"),
            ));
        }
        if live["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty()) {
            return Err(ApiError::conflict(
                &resource,
                name,
                format!("pod {name} has non-empty .spec.schedulingGates"),
            ));
        }
        let mut pod = live.clone();
        pod["spec"]["nodeName"] = node.into();
        // A hint that is used up.
        if let Some(status) = pod["status"].as_object_mut() {
            status.remove("nominatedNodeName");
        }
        for (key, value) in meta::annotations(&binding) {
            meta::entry(&mut pod["metadata"], "annotations").insert(key.to_owned(), value.into());
        }
        for (key, value) in meta::labels(&binding) {
            meta::entry(&mut pod["metadata"], "labels").insert(key.to_owned(), value.into());
        }
        mark_scheduled(&mut pod);
        Ok(Some(pod))
    };
    // Upstream tracks no fields here: what a binding sets belongs to nobody.
    let call = ask.call(false)?;
    api.registry.update(&call, &target, &change).await?;
    let success = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    answer::value(ask, StatusCode::CREATED, &success)
}

/// Whether a binding names a node. Upstream has no code of its own for this refusal.
fn check_target(target: &Value) -> Result<()> {
    let text = |field: &str| target[field].as_str().unwrap_or_default();
    let mut wrong = Vec::new();
    if !matches!(text("kind"), "" | "Node") {
        wrong.push(format!(
            "target.kind: Unsupported value: {:?}: supported values: \"Node\", \"<empty>\"",
            text("kind")
        ));
    }
    if text("name").is_empty() {
        wrong.push("target.name: Required value".to_owned());
    }
    let why = match wrong.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    Err(ApiError::new(500, Reason::Unknown, why))
}

/// Sets the condition `PodScheduled` to true.
fn mark_scheduled(pod: &mut Value) {
    let now = object::time::print(runtime::clock::now());
    let condition = json!({
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": null,
        "lastTransitionTime": now,
    });
    let conditions = meta::entry(pod, "status").entry("conditions").or_insert_with(|| json!([]));
    let Some(conditions) = conditions.as_array_mut() else { return };
    match conditions.iter_mut().find(|known| known["type"] == "PodScheduled") {
        Some(known) if known["status"] == "True" => {}
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_names_a_node() {
        let kind =
            "target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\"";
        let table = [
            (json!({"name": "n"}), None),
            (json!({"kind": "Node", "name": "n"}), None),
            (json!({}), Some("target.name: Required value".to_owned())),
            (json!({"kind": "Pod", "name": "n"}), Some(kind.to_owned())),
            (json!({"kind": "Pod"}), Some(format!("[{kind}, target.name: Required value]"))),
        ];
        for (target, expected) in table {
            let said = check_target(&target).err().map(|error| (error.code, error.message));
            assert_eq!(said, expected.map(|why| (500, why)), "{target}");
        }
    }
}
