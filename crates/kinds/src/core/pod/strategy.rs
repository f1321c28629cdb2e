//! How pods differ while they are written. Mirrors `pkg/registry/core/pod` and the pod's part of
//! `pkg/apis/core/validation`.

use super::{status_rules, update_rules};
use crate::validation::{
    At, PodOptions, equal, images, network, pod_annotations, pod_spec, pod_totals,
};
use crate::{Context, ResetFields};
use object::{FieldErrors, Map, Value, json, meta, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, context: &Context) {
        no_negative_grace(object);
        let class = pod_totals::quality_of_service(&object["spec"]);
        object["status"] = json!({"phase": "Pending", "qosClass": class});
        gated_condition(object, &context.now);
        merge_label_keys(object);
        app_armor_fields(object);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        no_negative_grace(object);
        match context.subresource.as_str() {
            "status" => keep_in_status(object, old),
            "resize" => {
                keep_but_resources(object, old);
                keep_metadata(object, old);
            }
            "ephemeralcontainers" => keep_metadata(object, old),
            _ => {}
        }
    }

    fn reset_fields(&self, subresource: &str) -> Option<ResetFields> {
        let of_status: ResetFields =
            &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]];
        (subresource == "status").then_some(of_status)
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        metadata_and_spec(object, &options(object, None), errors);
        if !spec.get("ephemeralContainers").is_empty() {
            spec.get("ephemeralContainers").forbidden(errors, "cannot be set on create");
        }
        let node = spec.get("nodeName");
        if !node.is_empty() && !spec.get("schedulingGates").is_empty() {
            node.forbidden(errors, "cannot be set until all schedulingGates have been cleared");
        }
        let annotations = root.get("metadata").get("annotations");
        pod_annotations::agree_with_fields(&annotations, &spec, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        match context.subresource.as_str() {
            "" => {
                metadata_and_spec(object, &options(object, Some(old)), errors);
                annotation_updates(object, old, errors);
                update_rules::spec(object, old, errors);
            }
            "status" => {
                annotation_updates(object, old, errors);
                status_rules::status(object, old, errors);
            }
            "ephemeralcontainers" => {
                metadata_and_spec(object, &options(object, Some(old)), errors);
                annotation_updates(object, old, errors);
                update_rules::ephemeral_containers(object, old, errors);
            }
            "resize" => {
                metadata_and_spec(object, &options(object, Some(old)), errors);
                update_rules::resize(object, old, errors);
            }
            _ => {}
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() {
            return Vec::new();
        }
        let mut out = Vec::new();
        let complaints = names::dns1123_label(meta::name(object));
        if !complaints.is_empty() {
            out.push(format!(
                "metadata.name: this is used in the Pod's hostname, which can result in \
                 surprising behavior; a DNS label is recommended: [{}]",
                complaints.join(" ")
            ));
        }
        let root = At::root(object);
        let spec = root.get("spec");
        for alias in spec.get("hostAliases").items() {
            out.extend(network::ip_warning(&alias.get("ip")));
        }
        for server in spec.get("dnsConfig").get("nameservers").items() {
            out.extend(network::ip_warning(&server));
        }
        out
    }

    fn grace_seconds(&self, object: &Value, asked: Option<i64>) -> Option<i64> {
        let spec = &object["spec"];
        let own = || spec["terminationGracePeriodSeconds"].as_i64().unwrap_or_default();
        let phase = object["status"]["phase"].as_str().unwrap_or_default();
        let unbound = spec["nodeName"].as_str().unwrap_or_default().is_empty();
        if unbound || matches!(phase, "Failed" | "Succeeded") {
            return Some(0);
        }
        let seconds = asked.unwrap_or_else(own);
        Some(if seconds < 0 { 1 } else { seconds })
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

/// Negative seconds mean one, since they once meant "at once".
fn no_negative_grace(object: &mut Value) {
    let seconds = &mut object["spec"]["terminationGracePeriodSeconds"];
    if seconds.as_i64().is_some_and(|seconds| seconds < 0) {
        *seconds = 1.into();
    }
}

fn options(object: &Value, old: Option<&Value>) -> PodOptions {
    let mut options = PodOptions::new(true, old.map(|old| &old["spec"]));
    meta::name(object).clone_into(&mut options.pod_name);
    options
}

fn metadata_and_spec(object: &Value, options: &PodOptions, errors: &mut FieldErrors) {
    let root = At::root(object);
    let (annotations, spec) = (root.get("metadata").get("annotations"), root.get("spec"));
    pod_annotations::annotations(&annotations, &spec, options, errors);
    let is_mirror = annotations.key(pod_annotations::MIRROR).is_set();
    pod_spec::pod_spec(&spec, is_mirror, options, errors);
    if spec.get("serviceAccountName").is_empty() {
        for volume in spec.get("volumes").items() {
            for source in volume.get("projected").get("sources").items() {
                source
                    .get("serviceAccountToken")
                    .forbid(errors, "must not be specified when serviceAccountName is not set");
            }
        }
    }
    for field in ["containers", "initContainers"] {
        for container in spec.get(field).items() {
            images::without_space(&container, errors);
        }
    }
}

fn annotation_updates(object: &Value, old: &Value, errors: &mut FieldErrors) {
    let (root, old_root) = (At::root(object), At::root(old));
    let annotations = root.get("metadata").get("annotations");
    let old_annotations = old_root.get("metadata").get("annotations");
    pod_annotations::unchanged(&annotations, &old_annotations, errors);
}

fn gated_condition(object: &mut Value, now: &str) {
    if object["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty()) {
        object["status"]["conditions"] = json!([{
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": null,
            "lastTransitionTime": now,
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        }]);
    }
}

/// The pod's own values of the keys that its selectors want to match are written into them.
fn merge_label_keys(object: &mut Value) {
    let labels = object["metadata"]["labels"].take();
    let spec = &mut object["spec"];
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = spec.pointer_mut(&format!("/affinity/{kind}")) else { continue };
        for (field, term) in [
            ("requiredDuringSchedulingIgnoredDuringExecution", ""),
            ("preferredDuringSchedulingIgnoredDuringExecution", "/podAffinityTerm"),
        ] {
            let Some(list) = affinity.get_mut(field).and_then(Value::as_array_mut) else {
                continue;
            };
            for term in list.iter_mut().filter_map(|item| item.pointer_mut(term)) {
                merge_keys(term, "matchLabelKeys", "In", &labels);
                merge_keys(term, "mismatchLabelKeys", "NotIn", &labels);
            }
        }
    }
    let constraints = spec.get_mut("topologySpreadConstraints").and_then(Value::as_array_mut);
    for constraint in constraints.into_iter().flatten() {
        merge_keys(constraint, "matchLabelKeys", "In", &labels);
    }
    if !labels.is_null() {
        object["metadata"]["labels"] = labels;
    }
}

fn merge_keys(term: &mut Value, field: &str, operator: &str, labels: &Value) {
    let keys: Vec<Value> = term[field].as_array().into_iter().flatten().cloned().collect();
    let Some(selector) = term.get_mut("labelSelector").filter(|s| s.is_object()) else { return };
    for key in keys {
        let Some(value) = key.as_str().and_then(|key| labels.get(key)) else { continue };
        let slot = &mut selector["matchExpressions"];
        if !slot.is_array() {
            *slot = json!([]);
        }
        if let Some(list) = slot.as_array_mut() {
            list.push(json!({"key": key, "operator": operator, "values": [value]}));
        }
    }
}

/// Profiles told by the old annotations become fields.
fn app_armor_fields(object: &mut Value) {
    if object["spec"]["os"]["name"] == "windows" {
        return;
    }
    let annotations = object["metadata"]["annotations"].clone();
    let of_pod = object["spec"]["securityContext"]["appArmorProfile"].clone();
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        let list = object["spec"].get_mut(field).and_then(Value::as_array_mut);
        for container in list.into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default();
            let key = format!("{}{name}", pod_annotations::APP_ARMOR);
            let own = &container["securityContext"]["appArmorProfile"];
            let (Some(annotation), true) = (annotations[key].as_str(), own.is_null()) else {
                continue;
            };
            let profile = match annotation {
                "unconfined" => json!({"type": "Unconfined"}),
                "runtime/default" => json!({"type": "RuntimeDefault"}),
                text => match text.strip_prefix("localhost/").filter(|path| !path.is_empty()) {
                    Some(path) => json!({"type": "Localhost", "localhostProfile": path}),
                    None => continue,
                },
            };
            if !equal::semantically(&profile, &of_pod) {
                meta::entry(container, "securityContext").insert("appArmorProfile".into(), profile);
            }
        }
    }
}

/// A status keeps what its writer does not know of, and changes no metadata but labels and
/// annotations.
/// What parts of a pod don't write: upstream's `ResetObjectMetaForStatus`.
fn keep_metadata(object: &mut Value, old: &Value) {
    const KEPT: &[&str] = &[
        "annotations",
        "deletionTimestamp",
        "finalizers",
        "generation",
        "labels",
        "ownerReferences",
        "selfLink",
    ];
    let metadata = meta::of(object);
    for field in KEPT {
        metadata.remove(*field);
        if let Some(was) = old["metadata"].get(*field) {
            metadata.insert((*field).to_owned(), was.clone());
        }
    }
}

fn keep_in_status(object: &mut Value, old: &Value) {
    for field in ["deletionTimestamp", "ownerReferences"] {
        let was = &old["metadata"][field];
        let metadata = meta::of(object);
        if was.is_null() || field == "deletionTimestamp" {
            // Upstream fills the time of deletion in again when it compares metadata.
            metadata.remove(field);
        }
        if !was.is_null() {
            metadata.insert(field.to_owned(), was.clone());
        }
    }
    let status = meta::entry(object, "status");
    let empty = |status: &Map<String, Value>, field: &str| {
        status.get(field).is_none_or(|v| v.is_null() || *v == "" || *v == 0)
    };
    for field in ["qosClass", "observedGeneration"] {
        let was = &old["status"][field];
        if empty(status, field) && !was.is_null() {
            status.insert(field.to_owned(), was.clone());
        }
    }
    let mut known: Vec<&Value> =
        old["status"]["conditions"].as_array().into_iter().flatten().collect();
    let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        let Some(place) = known.iter().position(|k| k["type"] == condition["type"]) else {
            continue;
        };
        let was = known.remove(place)["observedGeneration"].clone();
        let unset = matches!(condition["observedGeneration"].as_i64(), None | Some(0));
        if unset
            && !was.is_null()
            && let Some(map) = condition.as_object_mut()
        {
            map.insert("observedGeneration".into(), was);
        }
    }
}

/// Of a resized pod only the containers' resources and policies are taken.
fn keep_but_resources(object: &mut Value, old: &Value) {
    let list =
        |object: &Value, field: &str| object["spec"][field].as_array().cloned().unwrap_or_default();
    let mut merged = Vec::new();
    for field in ["containers", "initContainers"] {
        let (new, mut kept) = (list(object, field), list(old, field));
        if new.len() != kept.len() {
            return;
        }
        if new.iter().zip(&kept).any(|(new, old)| new["name"] != old["name"]) {
            merged.push((field, new));
            continue;
        }
        for (new, kept) in new.into_iter().zip(&mut kept) {
            for part in ["resources", "resizePolicy"] {
                let Some(map) = kept.as_object_mut() else { continue };
                map.remove(part);
                if let Some(value) = new.get(part) {
                    map.insert(part.to_owned(), value.clone());
                }
            }
        }
        merged.push((field, kept));
    }
    let resources = object["spec"]["resources"].take();
    object["spec"] = old["spec"].clone();
    let spec = meta::entry(object, "spec");
    spec.remove("resources");
    if !resources.is_null() {
        spec.insert("resources".into(), resources);
    }
    for (field, list) in merged {
        if !list.is_empty() {
            spec.insert(field.to_owned(), Value::Array(list));
        }
    }
}
