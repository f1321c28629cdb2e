//! How validating admission policies differ while they are written. Mirrors
//! `pkg/registry/admissionregistration/validatingadmissionpolicy`.

use crate::Context;
use crate::validation::{At, admission, conditions};
use object::{FieldErrors, Value, meta, names};
use std::collections::BTreeSet;

const ANNOTATIONS_MAX: usize = 20;
const EXPRESSION_BYTES: usize = 5 << 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        policy(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource != "status" {
            policy(object, Some(old), errors);
            return;
        }
        let status = At::root(object).get("status");
        for warning in status.get("typeChecking").get("expressionWarnings").items() {
            warning.get("warning").require(errors);
            let field = warning.get("fieldRef");
            if field.text().trim().is_empty() {
                field.required(errors, "");
            }
        }
        conditions::conditions(&status.get("conditions"), errors);
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

fn policy(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    const NONE: &str = "validations or auditAnnotations must contain at least one item";
    let root = At::root(object);
    let spec = root.get("spec");
    admission::policy(&spec, errors);
    let same = old.is_some_and(|old| {
        ["paramKind", "matchConditions"]
            .iter()
            .all(|field| old["spec"][*field] == *spec.get(field).value)
    });
    if !same {
        admission::match_conditions(&spec.get("matchConditions"), errors);
    }
    admission::variables(&spec.get("variables"), errors);
    let (validations, annotations) = (spec.get("validations"), spec.get("auditAnnotations"));
    if validations.len() + annotations.len() == 0 {
        validations.required(errors, NONE);
        annotations.required(errors, NONE);
        return;
    }
    for item in validations.items() {
        validation(&item, errors);
    }
    if annotations.len() > ANNOTATIONS_MAX {
        let detail = format!("must not have more than {ANNOTATIONS_MAX} auditAnnotations");
        annotations.invalid(errors, detail);
    }
    let mut seen = BTreeSet::new();
    for item in annotations.items() {
        let (key, expression) = (item.get("key"), item.get("valueExpression"));
        let full = format!("{}/{}", meta::name(object), key.text());
        if meta::name(object).is_empty() {
            key.invalid(errors, "requires metadata.name be non-empty");
            continue;
        }
        for complaint in names::qualified_name(&full) {
            key.invalid_as(errors, full.as_str(), complaint);
        }
        let text = expression.text().trim();
        if text.is_empty() {
            expression.required(errors, "valueExpression is not specified");
        } else if text.len() > EXPRESSION_BYTES {
            let detail = format!("must not exceed {EXPRESSION_BYTES} bytes in length");
            expression.required(errors, detail);
        }
        if !seen.insert(key.text()) {
            key.duplicate(errors, key.text());
        }
    }
}

fn validation(at: &At<'_>, errors: &mut FieldErrors) {
    const EMPTY: &str = "must be non-empty if specified";
    let blank = |at: &At<'_>| !at.is_empty() && at.text().trim().is_empty();
    let expression = at.get("expression");
    if expression.text().trim().is_empty() {
        expression.required(errors, "expression is not specified");
    }
    let by_expression = at.get("messageExpression");
    if blank(&by_expression) {
        by_expression.invalid(errors, EMPTY);
    }
    let message = at.get("message");
    if blank(&message) {
        message.invalid(errors, EMPTY);
    } else if message.text().trim().contains(['\n', '\r']) {
        message.invalid(errors, "must not contain line breaks");
    }
    at.get("reason").maybe_one_of(errors, &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
}
