//! `pods/binding`, and `bindings`: the scheduler's word on where a pod runs.
//!
//! Mirrors `pkg/registry/core/pod/storage` (`assignPod`).

use crate::ask::Ask;
use crate::{Api, answer, body};
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, GroupResource, Gvk, Result, Value, json, meta};
use registry::Target;

pub(crate) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let mut warnings = Vec::new();
    let binding = body::object(ask, &Gvk::new("", "v1", "Binding"), &mut warnings)?;
    let pods = kinds::find("", "v1", "pods").ok_or_else(ApiError::no_such_resource)?;
    // As a part of the pod, the path names it; as an object, the body does.
    let name = match ask.resource.name.as_str() {
        "" => meta::name(&binding),
        name => name,
    };
    let node = binding["target"]["name"].as_str().unwrap_or_default();
    let resource = GroupResource::new("", "pods/binding");
    let kind = binding["target"]["kind"].as_str().unwrap_or_default();
    if node.is_empty() || !matches!(kind, "" | "Node") {
        let mut errors = object::FieldErrors::new();
        if node.is_empty() {
            errors.required("target.name", "");
        } else {
            errors.not_supported("target.kind", kind, &["Node", "<empty>"]);
        }
        return Err(ApiError::invalid(
            &Gvk::new("", "v1", "Binding").group_kind(),
            meta::name(&binding),
            errors,
        ));
    }
    let change = |live: Option<&Value>| {
        let Some(live) = live else { return Ok(None) };
        let uid = meta::uid(&binding);
        if !uid.is_empty() && uid != meta::uid(live) {
            return Err(ApiError::conflict(
                &resource,
                name,
                format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                    meta::uid(live)
                ),
            ));
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
    let namespace = ask.resource.namespace.as_str();
    let target = Target { kind: pods, subresource: "binding", namespace, name };
    api.registry.update(&call, &target, &change).await?;
    let success = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    answer::value(ask, StatusCode::CREATED, &success, warnings)
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
