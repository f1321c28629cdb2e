//! The environment of a container. Mirrors `pkg/apis/core/validation`.

use super::downward_api::{field_ref, resource_ref};
use super::{At, paths, pod_parts};
use object::{FieldErrors, names};

/// The fields of a pod that a variable can show.
const FIELDS: &[&str] = &[
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
    source("fieldRef", &|at, e| field_ref(at, FIELDS, e), errors);
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
                name.check(errors, |name| crate::name_rules::subdomain(name, true));
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
    for container in pod_parts::containers(spec) {
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
