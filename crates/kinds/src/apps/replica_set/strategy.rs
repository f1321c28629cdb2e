//! How replica sets differ while they are written. Mirrors `pkg/registry/apps/replicaset`.

use crate::Context;
use crate::validation::At;
use crate::validation::workload::{self, non_negative, not_above};
use object::{FieldErrors, Value};

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
        let (root, old_root) = (At::root(object), At::root(old));
        if context.subresource != "status" {
            spec(object, Some(old), errors);
            let selector = root.get("spec").get("selector");
            selector.immutable(errors, &old_root.get("spec.selector"));
            return;
        }
        let status = root.get("status");
        let counts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
        status.get("replicas").non_negative(errors);
        non_negative(&status, &counts, errors);
        non_negative(&status, &["observedGeneration", "terminatingReplicas"], errors);
        not_above(&status, &counts, "replicas", "status.replicas", errors);
        not_above(&status, &counts[2..], "readyReplicas", "readyReplicas", errors);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() { Vec::new() } else { workload::name_warning(object) }
    }
}

fn spec(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    non_negative(&spec, &["replicas", "minReadySeconds"], errors);
    let options = workload::template_options(old);
    // Upstream says "deployment" of replica sets too.
    workload::selector_and_template(&spec, "deployment", "ReplicaSet", &options, errors);
}
