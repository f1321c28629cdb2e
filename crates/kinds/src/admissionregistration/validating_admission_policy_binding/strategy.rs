//! How bindings of validating admission policies differ while they are written. Mirrors
//! `pkg/registry/admissionregistration/validatingadmissionpolicybinding`.

use crate::Context;
use crate::validation::{At, admission};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let spec = At::root(object).get("spec");
        binding(&spec, errors);
        let actions = spec.get("validationActions");
        let mut seen = BTreeSet::new();
        for action in actions.items() {
            action.one_of(errors, &["Audit", "Deny", "Warn"]);
            if !seen.insert(action.text()) {
                action.duplicate(errors, action.text());
            }
        }
        if seen.contains("Deny") && seen.contains("Warn") {
            actions.invalid(
                errors,
                "must not contain both Deny and Warn (repeating the same validation failure \
                 information in the API response and headers serves no purpose)",
            );
        }
        if seen.is_empty() {
            actions.required(errors, "at least one validation action is required");
        }
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

/// What all bindings of policies have.
pub(crate) fn binding(spec: &At<'_>, errors: &mut FieldErrors) {
    let name = spec.get("policyName");
    if name.require(errors) {
        name.check(errors, names::dns1123_subdomain);
    }
    admission::param_ref(&spec.get("paramRef"), errors);
    admission::match_resources(&spec.get("matchResources"), errors);
}
