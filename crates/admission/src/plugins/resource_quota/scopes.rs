//! The scopes of a quota: which pods and claims it is about.

use crate::plugins::pod_parts::{containers, items, text};
use object::Value;

/// A scope, its operator and its values.
type Term<'a> = (&'a str, &'a str, Vec<&'a str>);

fn terms(quota: &Value) -> Vec<Term<'_>> {
    let plain = items(&quota["spec"]["scopes"]).map(|scope| (text(scope), "Exists", Vec::new()));
    let selected = items(&quota["spec"]["scopeSelector"]["matchExpressions"]).map(|term| {
        let values = items(&term["values"]).map(text).collect();
        (text(&term["scopeName"]), text(&term["operator"]), values)
    });
    plain.chain(selected).collect()
}

/// Whether a quota is about everything.
pub(super) fn has_none(quota: &Value) -> bool {
    terms(quota).is_empty()
}

/// Whether a quota is about a pod.
pub(super) fn fits_pod(quota: &Value, pod: &Value) -> bool {
    terms(quota).iter().all(|(scope, operator, values)| match *scope {
        "Terminating" => is_terminating(pod),
        "NotTerminating" => !is_terminating(pod),
        "BestEffort" => is_best_effort(pod),
        "NotBestEffort" => !is_best_effort(pod),
        "PriorityClass" => selects(operator, values, text(&pod["spec"]["priorityClassName"])),
        "CrossNamespacePodAffinity" => looks_elsewhere(pod),
        _ => false,
    })
}

/// Whether a quota is about a claim.
pub(super) fn fits_claim(quota: &Value, claim: &Value) -> bool {
    terms(quota).iter().all(|(scope, operator, values)| {
        let class = text(&claim["spec"]["volumeAttributesClassName"]);
        *scope == "VolumeAttributesClass" && selects(operator, values, class)
    })
}

fn selects(operator: &str, values: &[&str], value: &str) -> bool {
    match operator {
        "Exists" => !value.is_empty(),
        "DoesNotExist" => value.is_empty(),
        "In" => !value.is_empty() && values.contains(&value),
        "NotIn" => !values.contains(&value),
        _ => false,
    }
}

/// Whether a pod ends by itself.
pub(super) fn is_terminating(pod: &Value) -> bool {
    pod["spec"]["activeDeadlineSeconds"].as_i64().is_some_and(|seconds| seconds >= 0)
}

fn is_best_effort(pod: &Value) -> bool {
    let none = |resources: &Value| {
        ["requests", "limits"]
            .iter()
            .all(|field| ["cpu", "memory"].iter().all(|name| resources[*field][*name].is_null()))
    };
    none(&pod["spec"]["resources"])
        && containers(pod)
            .filter(|(list, _)| *list != "ephemeralContainers")
            .all(|(_, container)| none(&container["resources"]))
}

fn looks_elsewhere(pod: &Value) -> bool {
    let elsewhere = |term: &Value| {
        items(&term["namespaces"]).next().is_some() || term["namespaceSelector"].is_object()
    };
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let affinity = &pod["spec"]["affinity"][*kind];
        items(&affinity["requiredDuringSchedulingIgnoredDuringExecution"]).any(elsewhere)
            || items(&affinity["preferredDuringSchedulingIgnoredDuringExecution"])
                .any(|term| elsewhere(&term["podAffinityTerm"]))
    })
}
