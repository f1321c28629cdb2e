//! Tolerations, taints, gates and how pods spread. Mirrors `pkg/apis/core/validation`.

use super::{At, PodOptions, affinity, labels};
use object::{FieldErrors, names};
use std::collections::BTreeSet;

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// `tolerations`.
pub(crate) fn tolerations(at: &At<'_>, errors: &mut FieldErrors) {
    for toleration in at.items() {
        let (key, operator) = (toleration.get("key"), toleration.get("operator"));
        let (value, effect) = (toleration.get("value"), toleration.get("effect"));
        if !key.is_empty() {
            labels::key(&key, key.text(), errors);
        } else if operator.text() != "Exists" {
            operator.invalid_as(
                errors,
                operator.text(),
                "operator must be Exists when `key` is empty, which means \"match all values and \
                 all keys\"",
            );
        }
        if toleration.get("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            effect.invalid_as(errors, effect.text(), detail);
        }
        match operator.text() {
            "Equal" | "" => {
                let complaints = names::label_value(value.text());
                if !complaints.is_empty() {
                    operator.invalid_as(errors, value.text(), complaints.join(";"));
                }
            }
            "Exists" => {
                if !value.is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    operator.invalid_as(errors, value.text(), detail);
                }
            }
            // Comparing operators are behind a gate that is off.
            "Lt" | "Gt" => operator.not_supported(errors, &["Equal", "Exists", "Lt", "Gt"]),
            _ => operator.not_supported(errors, &["Equal", "Exists"]),
        }
        if !effect.is_empty() {
            effect.one_of(errors, EFFECTS);
        }
    }
}

/// A node's taints.
pub(crate) fn taints(at: &At<'_>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for taint in at.items() {
        let (key, value) = (taint.get("key"), taint.get("value"));
        labels::key(&key, key.text(), errors);
        let complaints = names::label_value(value.text());
        if !complaints.is_empty() {
            value.invalid(errors, complaints.join(";"));
        }
        taint.get("effect").require_one_of(errors, EFFECTS);
        if !seen.insert((taint.get("effect").text(), key.text())) {
            taint.duplicate_because(errors, "taints must be unique by key and effect pair");
        }
    }
}

/// `schedulingGates`.
pub(crate) fn gates(at: &At<'_>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for gate in at.items() {
        let name = gate.get("name").text();
        labels::key(&gate, name, errors);
        if !seen.insert(name) {
            gate.duplicate(errors, name);
        }
    }
}

/// `topologySpreadConstraints`.
pub(crate) fn spread(at: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    const ACTIONS: &[&str] = &["DoNotSchedule", "ScheduleAnyway"];
    const POLICIES: &[&str] = &["Honor", "Ignore"];
    let all: Vec<At<'_>> = at.items().collect();
    for (index, constraint) in all.iter().enumerate() {
        constraint.get("maxSkew").positive(errors);
        let (key, action) = (constraint.get("topologyKey"), constraint.get("whenUnsatisfiable"));
        if key.is_empty() {
            key.required(errors, "can not be empty");
        }
        action.one_of(errors, ACTIONS);
        let same = |other: &At<'_>| {
            other.get("topologyKey").text() == key.text()
                && other.get("whenUnsatisfiable").text() == action.text()
        };
        if all[index + 1..].iter().any(same) {
            let shown = format!("{{{}, {}}}", key.text(), action.text());
            constraint.get("{topologyKey, whenUnsatisfiable}").duplicate(errors, shown);
        }
        let domains = constraint.get("minDomains");
        if domains.is_set() {
            domains.positive(errors);
            if action.text() != "DoNotSchedule" {
                let detail = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}",
                    action.text()
                );
                domains.invalid(errors, detail);
            }
        }
        constraint.get("nodeAffinityPolicy").maybe_one_of(errors, POLICIES);
        constraint.get("nodeTaintsPolicy").maybe_one_of(errors, POLICIES);
        affinity::match_label_keys(constraint, errors);
        if !options.bad_spread_selectors {
            labels::selector(&constraint.get("labelSelector"), false, errors);
        }
    }
}
