//! How replication controllers differ while they are written. Mirrors
//! `pkg/registry/core/replicationcontroller`.

use crate::Context;
use crate::name_rules;
use crate::validation::workload::{self, non_negative, not_above};
use crate::validation::{At, pod_template};
use object::{FieldErrors, Value, meta};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
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
        if context.subresource != "status" {
            spec(object, Some(old), errors);
            return;
        }
        let root = At::root(object);
        let status = root.get("status");
        let counts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
        status.get("replicas").non_negative(errors);
        non_negative(&status, &counts, errors);
        status.get("observedGeneration").non_negative(errors);
        not_above(&status, &counts, "replicas", "status.replicas", errors);
        not_above(&status, &counts[2..], "readyReplicas", "readyReplicas", errors);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() { Vec::new() } else { workload::name_warning(object) }
    }

    fn orphans_by_default(&self) -> bool {
        true
    }

    /// Upstream counts bytes here, and says so.
    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        let complaints = name_rules::subdomain(name, prefix).into_iter();
        complaints.map(|text| text.replace("253 characters", "253 bytes")).collect()
    }
}

fn spec(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    spec.get("minReadySeconds").non_negative(errors);
    let selector = spec.get("selector");
    selector.require(errors);
    let replicas = spec.get("replicas");
    if replicas.is_set() {
        replicas.non_negative(errors);
    } else {
        replicas.required(errors, "");
    }
    let template = spec.get("template");
    if !template.is_set() {
        template.required(errors, "");
        return;
    }
    let labels = &template.value["metadata"]["labels"];
    let matches = meta::pairs(selector.value)
        .all(|(key, value)| labels.get(key).and_then(Value::as_str) == Some(value));
    let options = workload::template_options(old);
    let owner = "ReplicationController";
    pod_template::replaced_template(&template, matches, owner, &options, errors);
}
