//! Where pods want to be: node selectors, affinity and anti-affinity. Mirrors
//! `pkg/apis/core/validation`.

use super::{At, PodOptions, labels};
use object::{FieldErrors, names};
use std::collections::BTreeSet;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const NO_OPERATOR: &str = "not a valid selector operator";
const NEEDS_SELECTOR: &str = "must not be specified when labelSelector is not set";

/// `core.Affinity`.
pub(crate) fn affinity(at: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    let node = at.get("nodeAffinity");
    if node.get(REQUIRED).is_set() {
        node_selector(&node.get(REQUIRED), options.bad_node_affinity_values, errors);
    }
    for term in node.get(PREFERRED).items() {
        weight(&term.get("weight"), errors);
        node_selector_term(&term.get("preference"), true, errors);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        for term in at.get(kind).get(REQUIRED).items() {
            pod_term(&term, options.bad_selector_values, errors);
        }
        for term in at.get(kind).get(PREFERRED).items() {
            weight(&term.get("weight"), errors);
            pod_term(&term.get("podAffinityTerm"), options.bad_selector_values, errors);
        }
    }
}

fn weight(at: &At<'_>, errors: &mut FieldErrors) {
    if !(1..=100).contains(&at.int()) {
        at.invalid_as(errors, at.int(), "must be in the range 1-100");
    }
}

/// `core.NodeSelector`. `lenient`: values that no label can have are forgiven.
pub(crate) fn node_selector(at: &At<'_>, lenient: bool, errors: &mut FieldErrors) {
    let terms = at.get("nodeSelectorTerms");
    if terms.is_empty() {
        terms.required(errors, "must have at least one node selector term");
    }
    for term in terms.items() {
        node_selector_term(&term, lenient, errors);
    }
}

fn node_selector_term(at: &At<'_>, lenient: bool, errors: &mut FieldErrors) {
    for expression in at.get("matchExpressions").items() {
        node_requirement(&expression, lenient, errors);
    }
    for field in at.get("matchFields").items() {
        node_field(&field, errors);
    }
}

fn node_requirement(at: &At<'_>, lenient: bool, errors: &mut FieldErrors) {
    let (operator, values) = (at.get("operator"), at.get("values"));
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            values.required(errors, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => values.forbidden(
            errors,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        "Gt" | "Lt" if values.len() != 1 => values
            .required(errors, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => operator.invalid_as(errors, other, NO_OPERATOR),
    }
    labels::key(&at.get("key"), at.get("key").text(), errors);
    if !lenient {
        for value in values.items() {
            value.check(errors, names::label_value);
        }
    }
}

fn node_field(at: &At<'_>, errors: &mut FieldErrors) {
    let (key, operator, values) = (at.get("key"), at.get("operator"), at.get("values"));
    match operator.text() {
        "In" | "NotIn" => {
            if values.len() != 1 {
                values.required(
                    errors,
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field \
                     selector",
                );
            }
        }
        other => operator.invalid_as(errors, other, NO_OPERATOR),
    }
    if key.text() == "metadata.name" {
        for value in values.items() {
            value.check(errors, names::dns1123_subdomain);
        }
    } else {
        key.invalid_as(errors, key.text(), "not a valid field selector key");
    }
}

fn pod_term(at: &At<'_>, lenient: bool, errors: &mut FieldErrors) {
    labels::selector(&at.get("labelSelector"), lenient, errors);
    labels::selector(&at.get("namespaceSelector"), lenient, errors);
    for name in at.get("namespaces").texts() {
        for complaint in names::dns1123_label(name) {
            at.get("namespace").invalid_as(errors, name, complaint);
        }
    }
    match_label_keys(at, errors);
    let key = at.get("topologyKey");
    if key.is_empty() {
        key.required(errors, "can not be empty");
    }
    labels::key(&key, key.text(), errors);
}

/// `matchLabelKeys` and `mismatchLabelKeys`, which are added to a selector.
pub(crate) fn match_label_keys(at: &At<'_>, errors: &mut FieldErrors) {
    let selector = at.get("labelSelector");
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = at.get(field);
        if !keys.is_empty() && !selector.is_set() {
            keys.forbidden(errors, NEEDS_SELECTOR);
            continue;
        }
        for key in keys.items() {
            labels::key(&key, key.text(), errors);
        }
    }
    let keys: Vec<&str> = at.get("matchLabelKeys").texts().collect();
    let mut asked: BTreeSet<&str> = selector.get("matchLabels").keys().collect();
    for expression in selector.get("matchExpressions").items() {
        let key = expression.get("key").text();
        if let Some(index) = keys.iter().rposition(|k| *k == key)
            && asked.contains(key)
        {
            at.index(index).invalid_as(
                errors,
                key,
                "exists in both matchLabelKeys and labelSelector",
            );
        }
        asked.insert(key);
    }
    let mismatch: BTreeSet<&str> = at.get("mismatchLabelKeys").texts().collect();
    for key in at.get("matchLabelKeys").items().filter(|k| mismatch.contains(k.text())) {
        key.invalid(errors, "exists in both matchLabelKeys and mismatchLabelKeys");
    }
}
