//! NodeAffinity: `nodeSelector` and node affinity, required and preferred.
//!
//! Mirrors `plugins/nodeaffinity`; what a selector means is in [`control::node_selector`].

use crate::node::NodeInfo;
use crate::plugin::{Events, Feasible, Filter, Normalize, Plugin, Score, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use control::node_selector::{required, selects, term_matches};
use k8s_openapi::api::core::v1::{NodeAffinity as Affinity, NodeSelectorTerm};
use std::collections::BTreeSet;

#[derive(Default)]
pub(crate) struct NodeAffinity {
    /// What is asked for every pod, beside what it asks for itself.
    pub(crate) added: Affinity,
}

impl NodeAffinity {
    fn added_terms(&self) -> Option<&[NodeSelectorTerm]> {
        let required = self.added.required_during_scheduling_ignored_during_execution.as_ref()?;
        Some(&required.node_selector_terms)
    }
}

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        let spec = pod.spec();
        if self.only(pod).is_some_and(|names| names.is_empty()) {
            return Filter::Refuse("pod affinity terms conflict".into());
        }
        let added = self.added_terms();
        if spec.node_selector.is_none() && required(spec).is_none() && added.is_none() {
            return Filter::Skip;
        }
        Filter::Check(Box::new(move |node| {
            if added.is_some_and(|all| !all.iter().any(|term| term_matches(term, &node.node))) {
                return Verdict::never("node(s) didn't match scheduler-enforced node affinity");
            }
            if selects(spec, &node.node) {
                return Verdict::Fits;
            }
            Verdict::never("node(s) didn't match Pod's node affinity/selector")
        }))
    }

    /// The nodes that its terms name, where each of them names some.
    fn only(&self, pod: &PodInfo) -> Option<BTreeSet<String>> {
        let mut all = BTreeSet::new();
        for term in required(pod.spec()).filter(|terms| !terms.is_empty())? {
            let mut named: Option<BTreeSet<String>> = None;
            for field in term.match_fields.iter().flatten() {
                if field.key == "metadata.name" && field.operator == "In" {
                    let values = field.values.iter().flatten().cloned().collect();
                    named = Some(match named {
                        None => values,
                        Some(before) => before.intersection(&values).cloned().collect(),
                    });
                }
            }
            all.extend(named?);
        }
        Some(all)
    }

    fn score<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        let affinity = pod.spec().affinity.as_ref().and_then(|all| all.node_affinity.as_ref());
        let preferred = affinity
            .and_then(|node| node.preferred_during_scheduling_ignored_during_execution.as_deref())
            .unwrap_or_default();
        let added = self.added.preferred_during_scheduling_ignored_during_execution.as_deref();
        let added = added.unwrap_or_default();
        if preferred.is_empty() && added.is_empty() {
            return Score::Skip;
        }
        let points = move |node: &NodeInfo| {
            let all = preferred.iter().chain(added);
            let met = all.filter(|term| term_matches(&term.preference, &node.node));
            met.map(|term| i64::from(term.weight)).sum()
        };
        Score::Points(Box::new(points), Normalize::ByMaximum)
    }

    fn events(&self) -> Events {
        Events::NODE_ADDED.and(Events::NODE_LABELS)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cluster, node, pod, points, verdict};
    use super::*;
    use serde_json::{Value, json};

    fn requiring(terms: Value) -> PodInfo {
        pod(json!({"containers": [], "affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}}))
    }

    #[test]
    fn terms_are_alternatives_of_requirements() {
        let node = node(json!({"metadata": {"name": "n1", "labels": {"zone": "a", "cores": "8"}}}));
        let label = |key: &str, operator: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        let table = [
            (json!([label("zone", "In", json!(["a", "b"]))]), true),
            (json!([label("zone", "NotIn", json!(["a"]))]), false),
            (json!([label("rack", "NotIn", json!(["a"]))]), true),
            (
                json!([label("rack", "Exists", json!(null)), label("zone", "Exists", json!(null))]),
                true,
            ),
            (json!([label("zone", "DoesNotExist", json!(null))]), false),
            (json!([label("cores", "Gt", json!(["4"]))]), true),
            (json!([label("cores", "Lt", json!(["4"]))]), false),
            (json!([{}]), false),
            (
                json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]),
                true,
            ),
            (
                json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}]),
                false,
            ),
        ];
        for (terms, fits) in table {
            let verdict =
                verdict(&NodeAffinity::default(), &requiring(terms.clone()), &node, vec![]);
            assert_eq!(verdict == Verdict::Fits, fits, "{terms}");
        }
    }

    #[test]
    fn selector_and_preference() {
        let nodes = [
            node(json!({"metadata": {"name": "n1", "labels": {"disk": "ssd", "zone": "a"}}})),
            node(json!({"metadata": {"name": "n2", "labels": {"disk": "hdd", "zone": "a"}}})),
        ];
        let pod = pod(json!({"containers": [], "nodeSelector": {"disk": "ssd"}, "affinity": {
            "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 5, "preference": {"matchExpressions": [
                    {"key": "zone", "operator": "In", "values": ["a"]}]}},
                {"weight": 2, "preference": {"matchExpressions": [
                    {"key": "disk", "operator": "In", "values": ["ssd"]}]}}]}}}));
        assert_eq!(verdict(&NodeAffinity::default(), &pod, &nodes[0], vec![]), Verdict::Fits);
        assert_ne!(verdict(&NodeAffinity::default(), &pod, &nodes[1], vec![]), Verdict::Fits);
        let nodes = cluster(nodes.into_iter().map(|node| (node, vec![])).collect());
        assert_eq!(points(&NodeAffinity::default(), &pod, &nodes), [7, 5]);
    }

    #[test]
    fn what_is_added_holds_for_every_pod() {
        let added: Affinity = serde_json::from_value(json!({
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 3, "preference":
                {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}}],
        }))
        .expect("affinity");
        let plugin = NodeAffinity { added };
        let plain = pod(json!({"containers": []}));
        let with = |labels: Value| node(json!({"metadata": {"name": "n", "labels": labels}}));
        let refused = verdict(&plugin, &plain, &with(json!({})), vec![]);
        assert_eq!(
            refused,
            Verdict::never("node(s) didn't match scheduler-enforced node affinity")
        );
        assert_eq!(verdict(&plugin, &plain, &with(json!({"zone": "a"})), vec![]), Verdict::Fits);
        let nodes = cluster(vec![(with(json!({"disk": "ssd"})), vec![])]);
        assert_eq!(points(&plugin, &plain, &nodes), [3]);
    }
}
