//! How stateful sets differ while they are written. Mirrors `pkg/registry/apps/statefulset`.

use crate::validation::claims::{self, ClaimOptions};
use crate::validation::workload::{self, non_negative, not_above};
use crate::validation::{At, PodOptions, equal, labels, pod_template};
use crate::{Context, meta_rules, name_rules};
use object::{FieldErrors, Value, json, names};

/// What may change in a spec.
const MUTABLE: &[&str] = &[
    "replicas",
    "template",
    "updateStrategy",
    "minReadySeconds",
    "ordinals",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        drop_max_unavailable(object, &Value::Null);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, _context: &Context) {
        drop_max_unavailable(object, old);
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(object, &workload::template_options(None), Strictness::New, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, old_root) = (At::root(object), At::root(old));
        if context.subresource == "status" {
            status(&root.get("status"), &old_root.get("status"), errors);
            return;
        }
        let options = workload::template_options(Some(old));
        let mut of_old = FieldErrors::new();
        spec(old, &options, Strictness::Change, &mut of_old);
        let strictness = if of_old.is_empty() { Strictness::Change } else { Strictness::BadBefore };
        spec(object, &options, strictness, errors);
        let without = |object: &Value| {
            let mut spec = object["spec"].clone();
            if let Some(map) = spec.as_object_mut() {
                map.retain(|field, _| !MUTABLE.contains(&field.as_str()));
            }
            spec
        };
        if !equal::semantically(&without(object), &without(old)) {
            root.get("spec").forbidden(
                errors,
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', \
                 'template', 'updateStrategy', 'revisionHistoryLimit', \
                 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            );
        }
    }

    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        name_rules::label(name, prefix)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut out = Vec::new();
        if object["spec"]["revisionHistoryLimit"].as_i64().is_some_and(|limit| limit < 0) {
            out.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a \
                 value >= 0 is recommended"
                    .to_owned(),
            );
        }
        let _ = old;
        out
    }
}

/// How much the old object forgives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    New,
    Change,
    BadBefore,
}

/// A field behind a gate that is off.
fn drop_max_unavailable(object: &mut Value, old: &Value) {
    const FIELD: &str = "maxUnavailable";
    let used = !old["spec"]["updateStrategy"]["rollingUpdate"][FIELD].is_null();
    let rolling = object.pointer_mut("/spec/updateStrategy/rollingUpdate");
    if let (false, Some(map)) = (used, rolling.and_then(Value::as_object_mut)) {
        map.remove(FIELD);
    }
}

fn spec(object: &Value, options: &PodOptions, strictness: Strictness, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let policy = spec.get("podManagementPolicy");
    if policy.require(errors) && !matches!(policy.text(), "OrderedReady" | "Parallel") {
        policy.invalid(errors, "must be 'OrderedReady' or 'Parallel'");
    }
    update_strategy(&spec.get("updateStrategy"), errors);
    let retention = spec.get("persistentVolumeClaimRetentionPolicy");
    for field in ["whenDeleted", "whenScaled"].iter().filter(|_| retention.is_set()) {
        retention.get(field).one_of(errors, &["Retain", "Delete"]);
    }
    if strictness == Strictness::New {
        for claim in spec.get("volumeClaimTemplates").items() {
            claims::spec(&claim.get("spec"), ClaimOptions::default(), errors);
        }
    }
    non_negative(&spec, &["replicas", "minReadySeconds", "ordinals.start"], errors);
    let service = spec.get("serviceName");
    if strictness == Strictness::New && !service.is_empty() {
        service.check(errors, names::dns1123_label);
    }
    let selector = spec.get("selector");
    if selector.is_set() {
        labels::selector(&selector, false, errors);
        if labels::is_empty(&selector) {
            selector.invalid(errors, "empty selector is invalid for statefulset");
        }
    } else {
        selector.required(errors, "");
    }
    if labels::is_readable(&selector) {
        template(&spec, &selector, options, strictness, errors);
    } else {
        selector.invalid(errors, "");
    }
    let pod = spec.get("template").get("spec");
    let restart = pod.get("restartPolicy");
    if restart.text() != "Always" {
        restart.not_supported(errors, &["Always"]);
    }
    let deadline = pod.get("activeDeadlineSeconds");
    deadline.forbid(errors, "activeDeadlineSeconds in StatefulSet is not Supported");
}

/// The template as its pods will be: with the claims made for them, and names of their own.
fn template(
    spec: &At<'_>,
    selector: &At<'_>,
    options: &PodOptions,
    strictness: Strictness,
    errors: &mut FieldErrors,
) {
    let template = spec.get("template");
    let own = template.get("metadata").get("labels");
    if !selector.is_set() || (!labels::is_empty(selector) && !labels::matches(selector, &own)) {
        own.invalid(errors, "`selector` does not match template `labels`");
    }
    if strictness == Strictness::BadBefore {
        let metadata = template.get("metadata");
        labels::map(&own.shown_as(&template.get("labels")), errors);
        let annotations = metadata.get("annotations");
        meta_rules::annotations(&annotations.shown_as(&template.get("annotations")), errors);
        return;
    }
    let mut munged = template.value.clone();
    if let Some(pod) = munged.get_mut("spec").and_then(Value::as_object_mut) {
        pod.remove("subdomain");
        pod.remove("hostname");
        let mut made: Vec<&str> = spec
            .get("volumeClaimTemplates")
            .items()
            .map(|claim| claim.get("metadata.name").text())
            .collect();
        made.sort_unstable();
        made.dedup();
        if !made.is_empty() {
            let mut volumes: Vec<Value> = made
                .iter()
                .map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}))
                .collect();
            let given = pod.get("volumes").and_then(Value::as_array).into_iter().flatten();
            volumes.extend(
                given.filter(|v| !made.contains(&v["name"].as_str().unwrap_or_default())).cloned(),
            );
            pod.insert("volumes".into(), Value::Array(volumes));
        }
    }
    pod_template::template(&At::root(&munged).shown_as(&template), options, errors);
}

fn update_strategy(at: &At<'_>, errors: &mut FieldErrors) {
    let rolling = at.get("rollingUpdate");
    match at.get("type").text() {
        "" => at.required(errors, ""),
        "OnDelete" => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            rolling.forbidden_value(errors, detail);
        }
        "RollingUpdate" => {
            rolling.get("partition").non_negative(errors);
            let unavailable = rolling.get("maxUnavailable");
            if unavailable.is_set() {
                workload::amount(&unavailable, errors);
                if workload::plain(&unavailable) == 0 {
                    unavailable.invalid(errors, "cannot be 0");
                }
                workload::at_most_all(&unavailable, errors);
            }
        }
        _ => at.invalid(errors, "must be 'RollingUpdate' or 'OnDelete'"),
    }
}

fn status(at: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) {
    let counts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    at.get("replicas").non_negative(errors);
    non_negative(at, &counts, errors);
    non_negative(at, &["observedGeneration", "collisionCount"], errors);
    not_above(at, &counts, "replicas", "status.replicas", errors);
    not_above(at, &counts[3..], "readyReplicas", "status.readyReplicas", errors);
    workload::collisions(at, old, errors);
}
