//! Labels, and the selectors that ask for them. Mirrors
//! `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.

use super::At;
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

const NO_OPERATOR: &str = "not a valid selector operator";

/// A label's key.
pub(crate) fn key(at: &At<'_>, key: &str, errors: &mut FieldErrors) {
    for complaint in names::qualified_name(key) {
        at.invalid_as(errors, key, complaint);
    }
}

/// A map of labels; all complaints name the map.
pub(crate) fn map(at: &At<'_>, errors: &mut FieldErrors) {
    for (name, value) in at.entries() {
        key(at, name, errors);
        for complaint in names::label_value(value.text()) {
            at.invalid_as(errors, value.text(), complaint);
        }
    }
}

/// A `metav1.LabelSelector`, if it is set. `lenient`: bad values are forgiven, since they were
/// there before.
pub(crate) fn selector(at: &At<'_>, lenient: bool, errors: &mut FieldErrors) {
    map(&at.get("matchLabels"), errors);
    for expression in at.get("matchExpressions").items() {
        requirement(&expression, lenient, errors);
    }
}

fn requirement(at: &At<'_>, lenient: bool, errors: &mut FieldErrors) {
    let (operator, values) = (at.get("operator"), at.get("values"));
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            values.required(errors, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => values.forbidden(
            errors,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => operator.invalid_as(errors, other, NO_OPERATOR),
    }
    key(&at.get("key"), at.get("key").text(), errors);
    if !lenient {
        for value in values.items() {
            value.check(errors, names::label_value);
        }
    }
}

/// Whether a selector asks for values that no label can have: such objects are forgiven.
pub(crate) fn has_bad_value(selector: &Value) -> bool {
    At::root(selector)
        .get("matchExpressions")
        .items()
        .any(|e| e.get("values").texts().any(|value| !names::label_value(value).is_empty()))
}

/// Whether a selector can be turned into one that is asked: operators, keys and values are good.
pub(crate) fn is_readable(at: &At<'_>) -> bool {
    let mut errors = FieldErrors::new();
    selector(at, false, &mut errors);
    errors.is_empty()
}

/// Whether a selector asks for nothing.
pub(crate) fn is_empty(selector: &At<'_>) -> bool {
    selector.get("matchLabels").is_empty() && selector.get("matchExpressions").is_empty()
}

/// Whether a selector (a `metav1.LabelSelector`) chooses these labels.
pub(crate) fn matches(selector: &At<'_>, labels: &At<'_>) -> bool {
    let has = |key: &str| labels.value.get(key).and_then(Value::as_str);
    selector.get("matchLabels").entries().all(|(key, value)| has(key) == Some(value.text()))
        && selector.get("matchExpressions").items().all(|expression| {
            let values: BTreeSet<&str> = expression.get("values").texts().collect();
            let found = has(expression.get("key").text());
            match expression.get("operator").text() {
                "In" => found.is_some_and(|value| values.contains(value)),
                "NotIn" => !found.is_some_and(|value| values.contains(value)),
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

/// A `metav1.FieldSelectorRequirement` or a label's, where unknown operators are let through
/// (reviews of access).
pub(crate) fn review_requirement(at: &At<'_>, is_label: bool, errors: &mut FieldErrors) {
    let (name, values) = (at.get("key"), at.get("values"));
    if !is_label && name.is_empty() {
        name.required(errors, "must be specified");
    }
    match at.get("operator").text() {
        "In" | "NotIn" if values.is_empty() => {
            values.required(errors, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => values.forbidden(
            errors,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        _ => {}
    }
    if is_label {
        key(&name, name.text(), errors);
        for value in values.items() {
            value.check(errors, names::label_value);
        }
    }
}
