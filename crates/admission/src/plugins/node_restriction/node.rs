//! A node's own Node object: not its taints, its owners, or labels that others go by.

use super::Asked;
use crate::Operation;
use object::{Result, Value, meta};
use std::collections::{BTreeMap, BTreeSet};

const KUBELET_LABELS: &[&str] = &[
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];
const KUBELET_DOMAINS: &[&str] = &["kubelet.kubernetes.io", "node.kubernetes.io"];
const RESTRICTED_DOMAIN: &str = "node-restriction.kubernetes.io";

pub(super) fn admit(asked: &Asked<'_>) -> Result<()> {
    let node = asked.node;
    let name = match (asked.request.name, asked.object) {
        ("", Some(object)) => meta::name(object),
        (name, _) => name,
    };
    asked.unless(name == node, format!("node {node:?} is not allowed to modify node {name:?}"))?;
    let Some(object) = asked.object else { return Ok(()) };
    match (asked.request.operation, asked.request.old) {
        (Operation::Create, _) => {
            asked.unless(
                object["spec"]["configSource"].is_null(),
                format!("node {node:?} is not allowed to create pods with a non-nil configSource"),
            )?;
            let labels = forbidden(object, &Value::Null);
            asked.unless(
                labels.is_empty(),
                format!(
                    "node {node:?} is not allowed to set the following labels: {}",
                    labels.join(", ")
                ),
            )
        }
        (Operation::Update, Some(old)) => {
            let source = &object["spec"]["configSource"];
            asked.unless(
                source.is_null() || *source == old["spec"]["configSource"],
                format!("node {node:?} is not allowed to update configSource to a new non-nil configSource"),
            )?;
            asked.unless(
                same_list(&object["spec"]["taints"], &old["spec"]["taints"]),
                format!("node {node:?} is not allowed to modify taints"),
            )?;
            let owners = |node: &Value| node["metadata"]["ownerReferences"].clone();
            asked.unless(
                same_list(&owners(object), &owners(old)),
                format!("node {node:?} is not allowed to modify ownerReferences"),
            )?;
            let labels = forbidden(object, old);
            asked.unless(
                labels.is_empty(),
                format!("is not allowed to modify labels: {}", labels.join(", ")),
            )
        }
        _ => Ok(()),
    }
}

/// Whether two lists say the same; none and an empty one do.
fn same_list(a: &Value, b: &Value) -> bool {
    let items = |list: &Value| list.as_array().cloned().unwrap_or_default();
    items(a) == items(b)
}

/// The labels that differ and that a node may not touch.
fn forbidden<'a>(new: &'a Value, old: &'a Value) -> Vec<&'a str> {
    let (new, old): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (meta::labels(new).collect(), meta::labels(old).collect());
    let keys: BTreeSet<&str> = new.keys().chain(old.keys()).copied().collect();
    keys.into_iter()
        .filter(|key| new.get(key) != old.get(key))
        .filter(|key| {
            let domain = key.split_once('/').map_or("", |(domain, _)| domain);
            let reserved = within(domain, "kubernetes.io") || within(domain, "k8s.io");
            let own = KUBELET_LABELS.contains(key)
                || KUBELET_DOMAINS.iter().any(|known| within(domain, known));
            within(domain, RESTRICTED_DOMAIN) || (reserved && !own)
        })
        .collect()
}

fn within(domain: &str, parent: &str) -> bool {
    domain == parent || domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn labels_that_steer_workloads_are_not_a_nodes_own() {
        let node = |key: &str| json!({"metadata": {"labels": {key: "x"}}});
        for (key, allowed) in [
            ("mine", true),
            ("example.com/a", true),
            ("kubernetes.io/hostname", true),
            ("x.node.kubernetes.io/a", true),
            ("kubernetes.io/other", false),
            ("node-role.kubernetes.io/control-plane", false),
            ("a.node-restriction.kubernetes.io/b", false),
            ("notkubernetes.io/a", true),
        ] {
            assert_eq!(forbidden(&node(key), &Value::Null).is_empty(), allowed, "{key}");
            assert!(forbidden(&node(key), &node(key)).is_empty(), "{key} as it was");
        }
    }
}
