//! How groups of pods differ while they are written. Mirrors `pkg/registry/scheduling/podgroup`.

use crate::validation::{At, conditions, equal, pod_groups, text};
use crate::{Context, ResetFields};
use object::{FieldErrors, Value, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        drop_gated(object, &Value::Null);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        if context.subresource.is_empty() {
            drop_gated(object, old);
        } else if old["spec"]["resourceClaims"].as_array().is_none_or(Vec::is_empty)
            && let Some(status) = object.get_mut("status").and_then(Value::as_object_mut)
        {
            status.remove("resourceClaimStatuses");
        }
    }

    fn status_keeps_metadata(&self) -> bool {
        true
    }

    /// The endpoint of the object itself names none, so who writes owns the status that is dropped.
    fn reset_fields(&self, subresource: &str) -> Option<ResetFields> {
        subresource.is_empty().then_some(&[])
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        let template = spec.get("podGroupTemplateRef");
        let workload = template.get("workload");
        if workload.is_set() {
            for (field, rule) in [
                ("workloadName", names::dns1123_subdomain as fn(&str) -> Vec<String>),
                ("podGroupTemplateName", names::dns1123_label),
            ] {
                if workload.get(field).require(errors) {
                    workload.get(field).check(errors, rule);
                }
            }
        } else if template.is_set() {
            template.invalid_as(errors, "", "must specify one of: `workload`");
        }
        pod_groups::policy(&spec.get("schedulingPolicy"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, was) = (At::root(object), At::root(old));
        if context.subresource.is_empty() {
            let (spec, was) = (root.get("spec"), was.get("spec"));
            let fields = ["podGroupTemplateRef", "schedulingPolicy"];
            for field in fields.into_iter().chain(pod_groups::GATED.iter().copied()) {
                if !equal::semantically(spec.get(field).value, was.get(field).value) {
                    spec.get(field).invalid_as(errors, Value::Null, text::IMMUTABLE);
                }
            }
            return;
        }
        let status = root.get("status");
        conditions::conditions(&status.get("conditions"), errors);
        for claim in status.get("resourceClaimStatuses").items() {
            let name = claim.get("name");
            let mut known = root.get("spec.resourceClaims").items();
            if !known.any(|claim| claim.get("name").text() == name.text()) {
                let detail = "must match the name of an entry in `spec.resourceClaims`";
                name.invalid(errors, detail);
            }
        }
    }
}

fn drop_gated(object: &mut Value, old: &Value) {
    if let Some(spec) = object.get_mut("spec") {
        pod_groups::drop_gated(spec, &old["spec"]);
    }
}
