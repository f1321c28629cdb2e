//! What may change in a pod: through itself, its ephemeral containers, its resize. Mirrors
//! `pkg/apis/core/validation`.

use crate::validation::text::range_sentence;
use crate::validation::{At, diff, equal, pod_annotations, pod_totals};
use object::{FieldErrors, Map, Value, json};

const UPDATABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,\
    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// A change of the spec by way of the pod itself.
pub(super) fn spec(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (root, old_root) = (At::root(object), At::root(old_object));
    let (new, old) = (root.get("spec"), old_root.get("spec"));
    for field in ["containers", "initContainers"] {
        if new.get(field).len() != old.get(field).len() {
            let detail = "pod updates may not add or remove containers";
            new.get(field).forbidden(errors, detail);
            return;
        }
        for container in new.get(field).items() {
            let image = container.get("image");
            image.require(errors);
            if image.text().trim() != image.text() {
                image.invalid(errors, "must not have leading or trailing whitespace");
            }
        }
    }
    if !deadline(&new, &old, errors) {
        return;
    }
    tolerations(&new, &old, errors);
    let known: Vec<&str> =
        old.get("schedulingGates").items().map(|g| g.get("name").text()).collect();
    for gate in new.get("schedulingGates").items() {
        let name = gate.get("name");
        if !known.contains(&name.text()) {
            let gate = name.text();
            name.forbidden(
                errors,
                format!("only deletion is allowed, but found new scheduling gate '{gate}'"),
            );
        }
    }
    if equal::semantically(new.value, old.value) {
        return;
    }
    let mut munged = with_what_may_change(new.value, old.value);
    if !known.is_empty() {
        while_gated(&new, &old, &mut munged, errors);
    }
    if !equal::semantically(&munged, old.value) {
        let difference = diff::diff(old.value, &munged);
        new.forbidden(
            errors,
            format!("pod updates may not change fields other than {UPDATABLE}\n{difference}"),
        );
    }
}

/// The seconds that a pod may run can only get fewer; tells whether to go on.
fn deadline(new: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) -> bool {
    let (at, was) = (new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"));
    match (at.maybe_int(), was.maybe_int()) {
        (Some(seconds), _) if !(0..=i64::from(i32::MAX)).contains(&seconds) => {
            at.invalid(errors, range_sentence(0, i64::from(i32::MAX)));
            false
        }
        (Some(seconds), Some(was)) if was < seconds => {
            at.invalid(errors, "must be less than or equal to previous value");
            false
        }
        (None, Some(_)) => {
            at.invalid(errors, "must not update from a positive integer to nil value");
            true
        }
        _ => true,
    }
}

fn tolerations(new: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) {
    let without_seconds = |toleration: &Value| {
        let mut map: Map<String, Value> = toleration.as_object().cloned().unwrap_or_default();
        map.remove("tolerationSeconds");
        Value::Object(map)
    };
    let at = new.get("tolerations");
    let all: Vec<Value> = at.items().map(|t| without_seconds(t.value)).collect();
    let kept = old.get("tolerations").items().all(|was| {
        let was = without_seconds(was.value);
        all.iter().any(|new| equal::semantically(new, &was))
    });
    if !kept {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        at.forbidden(errors, detail);
    }
}

/// The new spec with all that may change as it was.
fn with_what_may_change(new: &Value, old: &Value) -> Value {
    let mut munged = new.clone();
    for field in ["containers", "initContainers"] {
        let list = munged.get_mut(field).and_then(Value::as_array_mut);
        for (index, container) in list.into_iter().flatten().enumerate() {
            container["image"] = old[field][index]["image"].clone();
        }
    }
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        put(&mut munged, field, &old[field]);
    }
    let grace = "terminationGracePeriodSeconds";
    if old[grace].as_i64().is_some_and(|was| was < 0) && munged[grace] == 1 {
        put(&mut munged, grace, &old[grace]);
    }
    munged
}

fn put(object: &mut Value, field: &str, value: &Value) {
    if let Some(map) = object.as_object_mut() {
        map.remove(field);
        if !value.is_null() {
            map.insert(field.to_owned(), value.clone());
        }
    }
}

/// A pod that is not yet let to the scheduler may ask for less nodes than before.
fn while_gated(new: &At<'_>, old: &At<'_>, munged: &mut Value, errors: &mut FieldErrors) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    let (selector, was) = (new.get("nodeSelector"), old.get("nodeSelector"));
    if was.entries().any(|(key, value)| selector.key(key).value != value.value) {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        selector.invalid(errors, detail);
    }
    put(munged, "nodeSelector", was.value);
    let (node, was) =
        (new.get("affinity").get("nodeAffinity"), old.get("affinity").get("nodeAffinity"));
    if equal::semantically(node.value, was.value) {
        return;
    }
    let terms = node.get(REQUIRED).get("nodeSelectorTerms");
    let old_terms = was.get(REQUIRED).get("nodeSelectorTerms");
    if !old_terms.is_empty() && old_terms.len() != terms.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        terms.invalid(errors, detail);
    } else {
        for (term, was) in terms.items().zip(old_terms.items()) {
            if !only_added(&term, &was) {
                term.invalid(errors, "only additions are allowed (no mutations or deletions)");
            }
        }
    }
    let mut affinity = munged["affinity"].clone();
    if !affinity.is_object() {
        affinity = json!({});
    }
    put(&mut affinity, "nodeAffinity", was.value);
    let nothing = equal::semantically(&affinity, &Value::Null);
    put(munged, "affinity", if nothing { &Value::Null } else { &affinity });
}

fn only_added(new: &At<'_>, old: &At<'_>) -> bool {
    let fields = ["matchExpressions", "matchFields"];
    let was_empty = fields.iter().all(|field| old.get(field).is_empty());
    if was_empty {
        return fields.iter().all(|field| new.get(field).is_empty());
    }
    fields.iter().all(|field| {
        let (new, old) = (new.get(field), old.get(field));
        new.len() >= old.len()
            && old.items().zip(new.items()).all(|(o, n)| equal::semantically(n.value, o.value))
    })
}

/// Ephemeral containers come, but neither go nor change.
pub(super) fn ephemeral_containers(object: &Value, old: &Value, errors: &mut FieldErrors) {
    let (root, old) = (At::root(object), At::root(old));
    if old.get("metadata.annotations").key(pod_annotations::MIRROR).is_set() {
        errors.0.clear();
        errors.forbidden("", "static pods do not support ephemeral containers");
        return;
    }
    let list = root.get("spec").get("ephemeralContainers");
    for was in old.get("spec.ephemeralContainers").items() {
        let name = was.get("name").text();
        match list.items().find(|c| c.get("name").text() == name) {
            None => list.forbidden(
                errors,
                format!("existing ephemeral containers {name:?} may not be removed\n"),
            ),
            Some(now) if !equal::semantically(now.value, was.value) => {
                let difference = diff::diff(was.value, now.value);
                list.forbidden(
                    errors,
                    format!(
                        "existing ephemeral containers {name:?} may not be changed\n\
                             {difference}"
                    ),
                );
            }
            Some(_) => {}
        }
    }
}

/// Only processor and memory change, and the class of service stays.
pub(super) fn resize(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    const ONLY: &str = "only cpu and memory resources are mutable";
    let (root, old_root) = (At::root(object), At::root(old_object));
    let (new, old) = (root.get("spec"), old_root.get("spec"));
    let refusal = if old_root.get("metadata.annotations").key(pod_annotations::MIRROR).is_set() {
        "static pods cannot be resized"
    } else if old.get("os.name").text() == "windows" {
        "windows pods cannot be resized"
    } else {
        ""
    };
    if !refusal.is_empty() {
        errors.0.clear();
        errors.forbidden("", refusal);
        return;
    }
    let class = old_root.get("status.qosClass").text();
    let class = if class.is_empty() { pod_totals::quality_of_service(old.value) } else { class };
    if class != pod_totals::quality_of_service(new.value) {
        let detail = "Pod QOS Class may not change as a result of resizing";
        new.invalid_as(errors, root.get("status.qosClass").text(), detail);
    }
    let running = old_root
        .get("status.containerStatuses")
        .items()
        .find(|status| status.get("state.running").is_set());
    if running.is_some_and(|status| !status.get("resources").is_set()) {
        new.forbidden(errors, "Pod running on node without support for resize");
    }
    let mut munged = new.value.clone();
    if !resize_of_pod(&new, &old, &mut munged, errors) || !same_containers(&new, &old, errors) {
        return;
    }
    for field in ["initContainers", "containers"] {
        for (container, was) in new.get(field).items().zip(old.get(field).items()) {
            removed(&container.get("resources"), &was.get("resources"), "resource", errors);
        }
    }
    for field in ["containers", "initContainers"] {
        let list = munged.get_mut(field).and_then(Value::as_array_mut);
        for (index, container) in list.into_iter().flatten().enumerate() {
            let was = &old.value[field][index];
            let at = new.get(field).index(index);
            let changed = !equal::semantically(container, was);
            container["resources"] = keep_compute(&container["resources"], &was["resources"]);
            if equal::semantically(container, was) {
                put(container, "resources", &was["resources"]);
            } else if field == "containers" {
                new.forbidden(errors, ONLY);
            } else {
                at.forbidden(
                    errors,
                    "only cpu and memory resources for init or sidecar containers are mutable",
                );
            }
            let sidecar = container["restartPolicy"] == "Always";
            if field == "initContainers" && changed && !sidecar {
                for policy in at.get("resizePolicy").items() {
                    if policy.get("restartPolicy").text() == "RestartContainer" {
                        at.forbidden(
                            errors,
                            "non-sidecar init containers with a resize policy of \
                             RestartContainer cannot be resized",
                        );
                    }
                }
            }
        }
    }
    if errors.is_empty() && !equal::semantically(&munged, old.value) {
        new.forbidden(errors, ONLY);
    }
}

/// The pod's own resources; tells whether to go on.
fn resize_of_pod(new: &At<'_>, old: &At<'_>, munged: &mut Value, errors: &mut FieldErrors) -> bool {
    let (now, was) = (new.get("resources"), old.get("resources"));
    let has = |at: &At<'_>| at.get("requests").len() + at.get("limits").len() > 0;
    if !has(&now) && !has(&was) {
        return true;
    }
    if was.is_set() && !now.is_set() {
        now.forbidden(errors, "pod-level resources cannot be removed");
        return true;
    }
    if was.is_set() {
        removed(&now, &was, "pod-level resource", errors);
    }
    munged["resources"] = keep_compute(now.value, was.value);
    if !equal::semantically(&munged["resources"], was.value) {
        new.forbidden(errors, "only cpu and memory resources are mutable at pod-level");
    }
    true
}

fn removed(now: &At<'_>, was: &At<'_>, what: &str, errors: &mut FieldErrors) {
    for field in ["requests", "limits"] {
        let (now, was) = (now.get(field), was.get(field));
        if was.keys().any(|name| !now.key(name).is_set()) {
            now.forbidden(errors, format!("{what} {field} cannot be removed"));
        }
    }
}

/// The new resources with processor and memory as they were.
fn keep_compute(new: &Value, old: &Value) -> Value {
    let mut out = new.as_object().cloned().unwrap_or_default();
    out.remove("claims");
    for field in ["requests", "limits"] {
        let mut list = new[field].as_object().cloned().unwrap_or_default();
        for name in ["cpu", "memory"] {
            list.remove(name);
            if let Some(was) = old[field].get(name) {
                list.insert(name.to_owned(), was.clone());
            }
        }
        out.insert(field.to_owned(), Value::Object(list));
    }
    Value::Object(out)
}

fn same_containers(new: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) -> bool {
    let before = errors.0.len();
    for field in ["containers", "initContainers"] {
        let (list, was) = (new.get(field), old.get(field));
        if list.len() != was.len() {
            list.forbidden(errors, format!("{field} may not be added or removed on resize"));
            continue;
        }
        for (container, was) in list.items().zip(was.items()) {
            if container.get("name").text() != was.get("name").text() {
                let detail = format!("{field} may not be renamed or reordered on resize");
                container.get("name").forbidden(errors, detail);
            }
        }
    }
    errors.0.len() == before
}
