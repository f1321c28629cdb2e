//! How workloads differ while they are written. Mirrors `pkg/registry/scheduling/workload`.

use crate::Context;
use crate::validation::{At, equal, pod_groups, text};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

const TEMPLATES: usize = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        drop_gated(object, &Value::Null);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, _context: &Context) {
        drop_gated(object, old);
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        let owner = spec.get("controllerRef");
        if owner.is_set() {
            if !owner.get("apiGroup").is_empty() {
                owner.get("apiGroup").check(errors, names::dns1123_subdomain);
            }
            for field in ["kind", "name"] {
                if owner.get(field).require(errors) {
                    owner.get(field).check(errors, names::path_segment_name);
                }
            }
        }
        templates(&spec.get("podGroupTemplates"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (spec, was) = (At::root(object).get("spec"), At::root(old).get("spec"));
        for field in ["controllerRef", "podGroupTemplates"] {
            if !equal::semantically(spec.get(field).value, was.get(field).value) {
                spec.get(field).invalid_as(errors, Value::Null, text::IMMUTABLE);
            }
        }
    }
}

fn drop_gated(object: &mut Value, old: &Value) {
    let old = &old["spec"]["podGroupTemplates"];
    let new = object.get_mut("spec").and_then(|spec| spec.get_mut("podGroupTemplates"));
    for (place, one) in new.and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        pod_groups::drop_gated(one, old.get(place).unwrap_or(&Value::Null));
    }
}

fn templates(at: &At<'_>, errors: &mut FieldErrors) {
    if at.is_empty() {
        at.required(errors, "");
    }
    at.at_most(errors, TEMPLATES);
    if at.len() > TEMPLATES {
        return;
    }
    let mut seen = BTreeSet::new();
    for template in at.items() {
        if !seen.insert(template.get("name").text()) {
            template.duplicate(errors, template.value.clone());
        }
    }
    for template in at.items() {
        if template.get("name").require(errors) {
            template.get("name").check(errors, names::dns1123_label);
        }
        pod_groups::policy(&template.get("schedulingPolicy"), errors);
    }
}
