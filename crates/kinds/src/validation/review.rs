//! Questions about access. Mirrors `pkg/apis/authorization/validation`.

use super::{At, equal, labels};
use object::{FieldErrors, Value, json};

/// What is asked about: resources, or a path. `named`: somebody must be asked about.
pub(crate) fn access(object: &Value, named: bool, errors: &mut FieldErrors) {
    let spec = At::root(object).get("spec");
    let (resource, other) = (spec.get("resourceAttributes"), spec.get("nonResourceAttributes"));
    if resource.is_set() && other.is_set() {
        let detail = "cannot be specified in combination with resourceAttributes";
        other.invalid(errors, detail);
    }
    if !resource.is_set() && !other.is_set() {
        let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        resource.invalid(errors, detail);
    }
    let user = spec.get("user");
    if named && user.is_empty() && spec.get("groups").is_empty() {
        user.invalid_as(errors, "", "at least one of user or group must be specified");
    }
    for (field, is_label) in [("fieldSelector", false), ("labelSelector", true)] {
        let selector = resource.get(field);
        if selector.is_set() {
            attributes(&selector, is_label, errors);
        }
    }
}

fn attributes(at: &At<'_>, is_label: bool, errors: &mut FieldErrors) {
    let (raw, list) = (at.get("rawSelector"), at.get("requirements"));
    if !raw.is_empty() && !list.is_empty() {
        raw.invalid(errors, "may not specified at the same time as requirements");
    }
    if raw.is_empty() && list.is_empty() {
        let detail =
            format!("when {} is specified, requirements or rawSelector is required", at.path());
        list.required(errors, detail);
    }
    for requirement in list.items() {
        labels::review_requirement(&requirement, is_label, errors);
    }
}

/// A question has no metadata, but maybe a namespace.
pub(crate) fn no_metadata(object: &Value, namespace: bool, errors: &mut FieldErrors) {
    let metadata = At::root(object).get("metadata");
    let mut rest = metadata.value.clone();
    if let Some(map) = rest.as_object_mut() {
        map.remove("managedFields");
        map.remove("creationTimestamp");
        if namespace {
            map.remove("namespace");
        }
    }
    if !equal::semantically(&rest, &json!({})) {
        let end = if namespace { " except for namespace" } else { "" };
        metadata.invalid(errors, format!("must be empty{end}"));
    }
}
