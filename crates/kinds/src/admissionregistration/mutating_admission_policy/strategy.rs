//! How mutating admission policies differ while they are written. Mirrors
//! `pkg/registry/admissionregistration/mutatingadmissionpolicy`.

use crate::Context;
use crate::validation::{At, admission};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        policy(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        policy(object, Some(old), errors);
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

fn policy(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let spec = At::root(object).get("spec");
    admission::policy(&spec, errors);
    let constraints = spec.get("matchConstraints");
    let operations = constraints.get("resourceRules").get("operations");
    for rule in constraints.get("resourceRules").items() {
        for operation in rule.get("operations").texts() {
            let allowed = ["*", "CONNECT", "CREATE", "UPDATE"];
            if !allowed.contains(&operation) {
                operations.not_supported_as(errors, operation, &allowed);
            }
        }
    }
    let same = old.is_some_and(|old| {
        ["paramKind", "matchConditions"]
            .iter()
            .all(|field| old["spec"][*field] == *spec.get(field).value)
    });
    if !same {
        admission::match_conditions(&spec.get("matchConditions"), errors);
    }
    admission::variables(&spec.get("variables"), errors);
    let mutations = spec.get("mutations");
    if mutations.is_empty() {
        mutations.required(errors, "mutations must contain at least one item");
    }
    for mutation in mutations.items() {
        one_mutation(&mutation, errors);
    }
    spec.get("reinvocationPolicy").require_one_of(errors, &["IfNeeded", "Never"]);
}

fn one_mutation(at: &At<'_>, errors: &mut FieldErrors) {
    let kind = at.get("patchType");
    let (own, other) = match kind.text() {
        "JSONPatch" => ("jsonPatch", "applyConfiguration"),
        "ApplyConfiguration" => ("applyConfiguration", "jsonPatch"),
        _ => {
            kind.require_one_of(errors, &["ApplyConfiguration", "JSONPatch"]);
            return;
        }
    };
    let patch = at.get(own);
    if !patch.is_set() {
        patch.required(errors, format!("must be specified when patchType is {}", kind.text()));
    } else if patch.get("expression").text().trim().is_empty() {
        patch.get("expression").required(errors, "");
    }
    if at.get(other).is_set() {
        let detail = format!("must not be specified when patchType is {}", kind.text());
        at.get(other).invalid_as(errors, format!("{{{other}}}"), detail);
    }
}
