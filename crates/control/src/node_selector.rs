//! Whether a pod asks for a node by its labels or name: `nodeSelector` and required node affinity.
//!
//! Mirrors `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`: the terms are alternatives,
//! within one all must hold; a term without any requirement, or with one that makes no sense,
//! matches nothing.

use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec};

/// Whether the pod's `nodeSelector` and required node affinity take `node`.
pub fn selects(spec: &PodSpec, node: &Node) -> bool {
    let by_labels = spec
        .node_selector
        .iter()
        .flatten()
        .all(|(name, value)| label(node, name) == Some(value.as_str()));
    by_labels && required(spec).is_none_or(|terms| terms.iter().any(|t| term_matches(t, node)))
}

/// The terms of the pod's required node affinity, where it has one.
pub fn required(spec: &PodSpec) -> Option<&[NodeSelectorTerm]> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let selector = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    Some(&selector.node_selector_terms)
}

/// Whether `node` meets every requirement of `term`.
pub fn term_matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    let labels = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    if labels.is_empty() && fields.is_empty() {
        return false;
    }
    let field = |name: &str| node.metadata.name.as_deref().filter(|_| name == "metadata.name");
    labels.iter().all(|requirement| holds(requirement, label(node, &requirement.key)))
        && fields.iter().all(|requirement| holds(requirement, field(&requirement.key)))
}

fn label<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.metadata.labels.as_ref()?.get(name).map(String::as_str)
}

fn holds(requirement: &NodeSelectorRequirement, found: Option<&str>) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let is_listed = found.is_some_and(|found| values.iter().any(|value| value == found));
    let compare = |test: fn(&i64, &i64) -> bool| {
        let ours = found.and_then(|found| found.parse::<i64>().ok());
        let theirs = values.first().and_then(|value| value.parse::<i64>().ok());
        ours.zip(theirs).is_some_and(|(ours, theirs)| test(&ours, &theirs))
    };
    match requirement.operator.as_str() {
        "In" => is_listed,
        "NotIn" => !is_listed,
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" => compare(i64::gt),
        "Lt" => compare(i64::lt),
        _ => false,
    }
}
