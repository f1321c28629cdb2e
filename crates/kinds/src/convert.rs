//! Conversion of objects between the versions of their kind, on trees.
//!
//! Most versions of a kind have one shape, so that only their name changes. Those that differ stand
//! in the table below with a function each way to and from one version, through which the others
//! are reached. Mirrors the conversion functions of `k8s.io/kubernetes/pkg/apis` and
//! `k8s.io/apiextensions-apiserver/pkg/apis`.

mod custom_resource_definition;
mod device;
mod device_request;
mod event;
mod go_json;
mod horizontal_pod_autoscaler;
mod rename;
mod secret;
mod service_account;

use object::{ApiError, Result, Value};

/// One direction between two versions of a kind.
struct Step {
    kind: &'static str,
    from: &'static str,
    to: &'static str,
    /// Changes the body; `apiVersion` is changed by the caller.
    run: fn(&mut Value),
}

static STEPS: &[Step] = &[
    step("Event", "events.k8s.io/v1", "v1", event::to_core),
    step("Event", "v1", "events.k8s.io/v1", event::from_core),
    step("HorizontalPodAutoscaler", HPA_V1, HPA_V2, horizontal_pod_autoscaler::v1_to_v2),
    step("HorizontalPodAutoscaler", HPA_V2, HPA_V1, horizontal_pod_autoscaler::v2_to_v1),
    step("CustomResourceDefinition", CRD_V1, CRD_V1BETA1, custom_resource_definition::to_v1beta1),
    step("CustomResourceDefinition", CRD_V1BETA1, CRD_V1, custom_resource_definition::to_v1),
    step("ResourceClaim", RESOURCE_V1, RESOURCE_V1BETA1, device_request::claim_to_v1beta1),
    step("ResourceClaim", RESOURCE_V1BETA1, RESOURCE_V1, device_request::claim_to_v1),
    step(
        "ResourceClaimTemplate",
        RESOURCE_V1,
        RESOURCE_V1BETA1,
        device_request::template_to_v1beta1,
    ),
    step("ResourceClaimTemplate", RESOURCE_V1BETA1, RESOURCE_V1, device_request::template_to_v1),
    step("ResourceSlice", RESOURCE_V1, RESOURCE_V1BETA1, device::slice_to_v1beta1),
    step("ResourceSlice", RESOURCE_V1BETA1, RESOURCE_V1, device::slice_to_v1),
];

const HPA_V1: &str = "autoscaling/v1";
const HPA_V2: &str = "autoscaling/v2";
const CRD_V1: &str = "apiextensions.k8s.io/v1";
const CRD_V1BETA1: &str = "apiextensions.k8s.io/v1beta1";
const RESOURCE_V1: &str = "resource.k8s.io/v1";
const RESOURCE_V1BETA1: &str = "resource.k8s.io/v1beta1";

const fn step(
    kind: &'static str,
    from: &'static str,
    to: &'static str,
    run: fn(&mut Value),
) -> Step {
    Step { kind, from, to, run }
}

/// Turns an object of a built-in kind, whose defaults are applied, into the form of another
/// group and version, such as `autoscaling/v2`. Defaults of that version are not applied.
///
/// # Errors
///
/// An internal error when the kind has no such version.
pub fn convert(object: &mut Value, group_version: &str) -> Result<()> {
    let from = object["apiVersion"].as_str().unwrap_or_default();
    if from == group_version {
        return Ok(());
    }
    let kind = object["kind"].as_str().unwrap_or_default();
    let Some(way) = way(kind, from, group_version) else {
        return Err(ApiError::internal(format!(
            "{kind} can't be converted from {from} to {group_version}"
        )));
    };
    for step in way.into_iter().flatten() {
        (step.run)(object);
    }
    object["apiVersion"] = group_version.into();
    Ok(())
}

/// The steps from one version to another, none where their shapes are one; `None` if they are not
/// versions of one kind.
fn way(kind: &str, from: &str, to: &str) -> Option<[Option<&'static Step>; 2]> {
    let step = |from: &str, to: &str| {
        STEPS.iter().find(|step| step.kind == kind && step.from == from && step.to == to)
    };
    if let Some(step) = step(from, to) {
        return Some([Some(step), None]);
    }
    let row = crate::find_kind(group_of(from), version_of(from), kind)?;
    if group_of(from) != group_of(to) || !row.versions.contains(&version_of(to)) {
        return None;
    }
    // What has no step to the stored version has its shape.
    let stored = row.storage.map_or(from, |storage| storage.group_version);
    Some([step(from, stored), step(stored, to)])
}

fn group_of(group_version: &str) -> &str {
    group_version.split_once('/').map_or("", |(group, _)| group)
}

fn version_of(group_version: &str) -> &str {
    group_version.split_once('/').map_or(group_version, |(_, version)| version)
}

/// Folds what a version may say in two ways into the one that is kept, as upstream's conversion from
/// the wire does.
pub fn fold(object: &mut Value) {
    if object["apiVersion"] == "v1" && object["kind"] == "Secret" {
        secret::fold(object);
    }
    service_account::fold(object);
}

#[cfg(test)]
mod tests;
