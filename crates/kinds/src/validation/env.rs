//! The environment of a container. Mirrors `pkg/apis/core/validation`.

use super::{At, paths, resources};
use object::quantity::Quantity;
use object::{FieldErrors, names};

const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The fields of a pod that a file of a volume can show.
pub(crate) const VOLUME_FIELDS: &[&str] = &[
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

/// `env`.
pub(crate) fn variables(at: &At<'_>, errors: &mut FieldErrors) {
    for variable in at.items() {
        let name = variable.get("name");
        if name.require(errors) {
            name.check(errors, names::relaxed_env_var_name);
        }
        value_from(&variable, errors);
    }
}

fn value_from(variable: &At<'_>, errors: &mut FieldErrors) {
    let from = variable.get("valueFrom");
    if !from.is_set() {
        return;
    }
    let mut sources = 0;
    let mut source = |name, rule: &dyn Fn(&At<'_>, &mut FieldErrors), errors: &mut FieldErrors| {
        let at = from.get(name);
        if at.is_set() {
            sources += 1;
            rule(&at, errors);
        }
    };
    source("fieldRef", &|at, e| field_ref(at, ENV_FIELDS, e), errors);
    source("resourceFieldRef", &|at, e| resource_ref(at, false, e), errors);
    source("configMapKeyRef", &key_ref, errors);
    source("secretKeyRef", &key_ref, errors);
    source("fileKeyRef", &file_ref, errors);
    if sources == 0 {
        from.invalid_as(
            errors,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
             `secretKeyRef` or `fileKeyRef`",
        );
    } else if !variable.get("value").is_empty() {
        from.invalid_as(errors, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        from.invalid_as(errors, "", "may not have more than one field specified at a time");
    }
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

fn key_ref(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("name").check(errors, names::dns1123_subdomain);
    let key = at.get("key");
    if key.require(errors) {
        key.check(errors, names::config_map_key);
    }
}

fn file_ref(at: &At<'_>, errors: &mut FieldErrors) {
    if at.get("key").require(errors) {
        at.get("key").check(errors, names::relaxed_env_var_name);
    }
    if at.get("volumeName").require(errors) {
        at.get("volumeName").check(errors, names::dns1123_label);
    }
    if at.get("path").require(errors) {
        paths::no_backsteps(&at.get("path"), errors);
    }
}

/// `envFrom`.
pub(crate) fn sources(at: &At<'_>, errors: &mut FieldErrors) {
    for source in at.items() {
        if !source.get("prefix").is_empty() {
            source.get("prefix").check(errors, names::relaxed_env_var_name);
        }
        let set: Vec<At<'_>> = ["configMapRef", "secretRef"]
            .iter()
            .map(|field| source.get(field))
            .filter(At::is_set)
            .collect();
        for reference in &set {
            let name = reference.get("name");
            if name.require(errors) {
                name.check(errors, |name| crate::meta_rules::subdomain(name, true));
            }
        }
        match set.len() {
            0 => at.invalid_as(errors, "", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => at.invalid_as(errors, "", "may not have more than one field specified at a time"),
        }
    }
}

/// Files that variables are read from are in a volume of this pod that is written by it.
pub(crate) fn file_volumes(spec: &At<'_>, errors: &mut FieldErrors) {
    let volumes = spec.get("volumes");
    for container in super::containers::all(spec) {
        for variable in container.get("env").items() {
            let reference = variable.get("valueFrom.fileKeyRef");
            if !reference.is_set() {
                continue;
            }
            let name = variable.get("valueFrom").get("fileKeyRef").get("volumeName");
            match volumes.items().find(|v| v.get("name").text() == name.text()) {
                None => name.not_found(errors, ""),
                Some(volume) if !volume.get("emptyDir").is_set() => {
                    name.invalid(errors, "referenced volume must be of type emptyDir");
                }
                Some(_) => {}
            }
        }
    }
}
