//! How deployments differ while they are written. Mirrors `pkg/registry/apps/deployment`.

use crate::validation::workload::{self, non_negative, not_above};
use crate::validation::{At, equal};
use crate::{Context, ResetFields};
use object::{FieldErrors, Value, meta};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        // Annotations count too: the controller copies them to replica sets.
        let annotations = |object: &Value| object["metadata"]["annotations"].clone();
        let changed = !equal::semantically(&annotations(object), &annotations(old));
        if context.subresource.is_empty() && changed {
            let next = meta::generation(old) + 1;
            meta::of(object).insert("generation".into(), next.into());
        }
        if context.subresource == "status" {
            let labels = old["metadata"].get("labels").cloned();
            let metadata = meta::of(object);
            metadata.remove("labels");
            if let Some(labels) = labels {
                metadata.insert("labels".into(), labels);
            }
        }
    }

    fn wire_annotations(&self) -> &'static [&'static str] {
        &["deprecated.deployment.rollback.to"]
    }

    fn reset_fields(&self, subresource: &str) -> Option<ResetFields> {
        (subresource == "status").then_some(&[&["spec"], &["metadata", "labels"]])
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(object, None, errors);
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
        spec(object, Some(old), errors);
        let selector = root.get("spec").get("selector");
        selector.immutable(errors, &old_root.get("spec.selector"));
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() { Vec::new() } else { workload::name_warning(object) }
    }
}

fn spec(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    spec.get("replicas").non_negative(errors);
    let options = workload::template_options(old);
    workload::selector_and_template(&spec, "deployment", "ReplicaSet", &options, errors);
    rollout(&spec.get("strategy"), errors);
    spec.get("minReadySeconds").non_negative(errors);
    spec.get("revisionHistoryLimit").non_negative(errors);
    let deadline = spec.get("progressDeadlineSeconds");
    if deadline.is_set() {
        deadline.non_negative(errors);
        if deadline.int() <= spec.get("minReadySeconds").int() {
            deadline.invalid(errors, "must be greater than minReadySeconds");
        }
    }
}

fn rollout(at: &At<'_>, errors: &mut FieldErrors) {
    let rolling = at.get("rollingUpdate");
    match at.get("type").text() {
        "Recreate" => {
            rolling.forbid(errors, "may not be specified when strategy `type` is 'Recreate'");
        }
        "RollingUpdate" if !rolling.is_set() => {
            rolling.required(errors, "this should be defaulted and never be nil");
        }
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
            workload::amount(&unavailable, errors);
            workload::amount(&surge, errors);
            if workload::plain(&unavailable) == 0 && workload::plain(&surge) == 0 {
                unavailable.invalid(errors, "may not be 0 when `maxSurge` is 0");
            }
            workload::at_most_all(&unavailable, errors);
        }
        _ => at.not_supported(errors, &["Recreate", "RollingUpdate"]),
    }
}

fn status(at: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) {
    let counts = ["updatedReplicas", "readyReplicas", "availableReplicas"];
    non_negative(at, &["observedGeneration", "replicas"], errors);
    non_negative(at, &counts, errors);
    non_negative(at, &["unavailableReplicas", "terminatingReplicas", "collisionCount"], errors);
    not_above(at, &counts, "replicas", "status.replicas", errors);
    not_above(at, &counts[2..], "readyReplicas", "readyReplicas", errors);
    workload::collisions(at, old, errors);
}
