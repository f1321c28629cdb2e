//! Annotations that used to be fields of a pod. Mirrors `pkg/apis/core/validation`.

use super::{At, PodOptions, paths, pod_parts, scheduling};
use object::{FieldErrors, Value};

/// Marks a pod that a kubelet made from a file.
pub(crate) const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// Before the name of the container whose profile it tells.
pub(crate) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The rules for annotations at `at`, beside a pod's spec.
pub(crate) fn annotations(
    at: &At<'_>,
    spec: &At<'_>,
    options: &PodOptions,
    errors: &mut FieldErrors,
) {
    let mirror = at.key(MIRROR);
    if mirror.is_set() && spec.get("nodeName").is_empty() {
        mirror.invalid(errors, "must set spec.nodeName if mirror pod annotation is set");
    }
    if !at.key(TOLERATIONS).is_empty() {
        match serde_json::from_str::<Value>(at.key(TOLERATIONS).text()) {
            Ok(list) => {
                let list = At::root(&list).shown_as(&at.get(TOLERATIONS));
                scheduling::tolerations(&list, errors);
            }
            Err(error) => at.invalid_as(errors, TOLERATIONS, error.to_string()),
        }
    }
    let cost = at.key(DELETION_COST);
    if cost.is_set() && !options.bad_deletion_cost && !is_cost(cost.text()) {
        cost.invalid(errors, "must be a 32bit integer");
    }
    if at.key(SECCOMP_POD).is_set() {
        let text = at.key(SECCOMP_POD);
        seccomp_profile(&text.shown_as(&at.get(SECCOMP_POD)), errors);
    }
    for (key, profile) in at.entries().filter(|(key, _)| key.starts_with(SECCOMP_CONTAINER)) {
        seccomp_profile(&profile.shown_as(&at.get(key)), errors);
    }
    app_armor(at, spec, errors);
}

/// A 32-bit number written as Go prints it.
fn is_cost(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits == "0" || !digits.starts_with('0');
    plain && !text.starts_with('+') && text.parse::<i32>().is_ok()
}

fn seccomp_profile(at: &At<'_>, errors: &mut FieldErrors) {
    match at.text() {
        "runtime/default" | "docker/default" | "unconfined" => {}
        text => match text.strip_prefix("localhost/") {
            Some(path) => {
                let path = Value::from(path);
                paths::descending(&At::root(&path).shown_as(at), errors);
            }
            None => at.invalid_as(errors, text, "must be a valid seccomp profile"),
        },
    }
}

fn app_armor(at: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    for (key, profile) in at.entries() {
        let Some(name) = key.strip_prefix(APP_ARMOR) else { continue };
        if !pod_parts::containers(spec).iter().any(|c| c.get("name").text() == name) {
            profile.invalid_as(errors, name, "container not found");
        }
        let text = profile.text();
        let known = matches!(text, "" | "runtime/default" | "unconfined");
        if !known && !text.starts_with("localhost/") {
            profile.invalid(errors, format!("invalid AppArmor profile name: {text:?}"));
        }
    }
}

/// Annotations may not say other than the fields that replaced them: asked of what is new.
pub(crate) fn agree_with_fields(at: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    let context = spec.get("securityContext");
    let of_pod = context.get("seccompProfile");
    agree("seccomp", &at.key(SECCOMP_POD), &of_pod, errors);
    let all = pod_parts::containers(spec);
    for container in &all {
        let key = format!("{SECCOMP_CONTAINER}{}", container.get("name").text());
        let annotation = at.value.get(&key).unwrap_or(&Value::Null);
        let field = container.get("securityContext").get("seccompProfile");
        agree("seccomp", &At::root(annotation), &field, errors);
    }
    if spec.get("os.name").text() == "windows" {
        return;
    }
    for container in &all {
        let key = format!("{APP_ARMOR}{}", container.get("name").text());
        let annotation = at.value.get(&key).unwrap_or(&Value::Null);
        let own = container.get("securityContext").get("appArmorProfile");
        let inherited = context.get("appArmorProfile").shown_as(&own);
        let field = if own.is_set() { own } else { inherited };
        agree("apparmor", &At::root(annotation), &field, errors);
    }
}

fn agree(what: &str, annotation: &At<'_>, field: &At<'_>, errors: &mut FieldErrors) {
    if !annotation.is_set() || !field.is_set() {
        return;
    }
    let text = annotation.text();
    let same_type = match field.get("type").text() {
        "Unconfined" => text == "unconfined",
        "RuntimeDefault" => {
            text == "runtime/default" || (what == "seccomp" && text == "docker/default")
        }
        "Localhost" => text.starts_with("localhost/"),
        _ => return,
    };
    if !same_type {
        let detail = format!("{what} type in annotation and field must match");
        field.get("type").forbidden(errors, detail);
    } else if let Some(path) = text.strip_prefix("localhost/") {
        let profile = field.get("localhostProfile");
        if !profile.is_set() || profile.text() != path {
            let detail = format!("{what} profile in annotation and field must match");
            profile.forbidden(errors, detail);
        }
    }
}

/// What may not change in the annotations of a pod.
pub(crate) fn unchanged(new: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) {
    for (key, was) in old.entries() {
        if new.key(key).value == was.value {
            continue;
        }
        if key.starts_with(APP_ARMOR) {
            new.key(key).forbidden(errors, "may not remove or update AppArmor annotations");
        }
        if key == MIRROR {
            new.key(key).forbidden(errors, "may not remove or update mirror pod annotation");
        }
    }
    for key in new.keys().filter(|key| !old.key(key).is_set()) {
        if key.starts_with(APP_ARMOR) {
            new.key(key).forbidden(errors, "may not add AppArmor annotations");
        }
        if key == MIRROR {
            new.key(key).forbidden(errors, "may not add mirror pod annotation");
        }
    }
}
