//! The downward API: what containers see of their own pod, in variables and in files of volumes.
//! Mirrors `pkg/apis/core/validation`.

use super::{At, paths, resources};
use object::quantity::Quantity;
use object::{FieldErrors, names};

/// The fields of a pod that a file of a volume can show.
const VOLUME_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

/// All that the downward API knows, for either.
const KNOWN_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

const BYTE_DIVISORS: &[&str] =
    &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// A file that shows a field of the pod. Upstream names its fields as if they were its list's.
pub(crate) fn file(file: &At<'_>, shown: &At<'_>, errors: &mut FieldErrors) {
    let path = file.get("path").shown_as(&shown.get("path"));
    path.require(errors);
    paths::local(&path, errors);
    let field = file.get("fieldRef").shown_as(&shown.get("fieldRef"));
    let resource = file.get("resourceFieldRef").shown_as(&shown.get("resourceFieldRef"));
    if field.is_set() {
        field_ref(&field, VOLUME_FIELDS, errors);
        if resource.is_set() {
            shown.invalid_as(
                errors,
                "resource",
                "fieldRef and resourceFieldRef can not be specified simultaneously",
            );
        }
    } else if resource.is_set() {
        resource_ref(&resource, true, errors);
    } else {
        shown.required(errors, "one of fieldRef and resourceFieldRef is required");
    }
    paths::mode(&file.get("mode").shown_as(&shown.get("mode")), errors);
}

/// A reference to a field of the pod.
pub(crate) fn field_ref(at: &At<'_>, allowed: &[&str], errors: &mut FieldErrors) {
    if !at.get("apiVersion").require(errors) {
        return;
    }
    let field = at.get("fieldPath");
    if !field.require(errors) {
        return;
    }
    let label = field.text();
    let version = at.get("apiVersion").text();
    if version != "v1" {
        let detail = format!("error converting fieldPath: unsupported pod version: {version}");
        field.invalid(errors, detail);
        return;
    }
    let subscripted = label.strip_suffix("']").and_then(|l| l.split_once("['"));
    if let Some((path, subscript)) = subscripted {
        match path {
            "metadata.annotations" => complain(at, &subscript.to_lowercase(), errors),
            "metadata.labels" => complain(at, subscript, errors),
            _ => {
                let detail = format!(
                    "error converting fieldPath: field label does not support subscript: {label}"
                );
                field.invalid(errors, detail);
            }
        }
    } else if label != "spec.host" && !KNOWN_FIELDS.contains(&label) {
        let detail = format!("error converting fieldPath: field label not supported: {label}");
        field.invalid(errors, detail);
    } else if !allowed.contains(&label) {
        field.not_supported(errors, allowed);
    }
}

fn complain(at: &At<'_>, key: &str, errors: &mut FieldErrors) {
    for complaint in names::qualified_name(key) {
        at.invalid_as(errors, key, complaint);
    }
}

/// A reference to a container's resources. `volume`: the container must be named.
pub(crate) fn resource_ref(at: &At<'_>, volume: bool, errors: &mut FieldErrors) {
    let resource = at.get("resource");
    let name = resource.text();
    let huge = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if volume && at.get("containerName").is_empty() {
        at.get("containerName").required(errors, "");
    } else if name.is_empty() {
        resource.required(errors, "");
    } else if !RESOURCES.contains(&name) && !huge {
        resource.not_supported(errors, RESOURCES);
    }
    let divisor = at.get("divisor");
    let quantity = resources::amount(divisor.value);
    if quantity == Quantity::ZERO {
        return;
    }
    let (allowed, of) = match name.split_once('.').map_or("", |(_, of)| of) {
        "cpu" => (&["1m", "1"][..], "cpu"),
        "memory" => (BYTE_DIVISORS, "memory"),
        "ephemeral-storage" => (BYTE_DIVISORS, "local ephemeral storage"),
        _ if huge => (BYTE_DIVISORS, "hugepages"),
        _ => return,
    };
    if !allowed.contains(&quantity.to_string().as_str()) {
        let list = if of == "cpu" { "1m and 1".to_owned() } else { allowed.join(", ") };
        let detail = format!("only divisor's values {list} are supported with the {of} resource");
        divisor.invalid_as(errors, name, detail);
    }
}
