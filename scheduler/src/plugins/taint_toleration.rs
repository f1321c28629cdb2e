//! TaintToleration: a node's taints keep away the pods that don't tolerate them; of taints that
//! only discourage, fewer are better.
//!
//! Mirrors `plugins/tainttoleration`.

use crate::node::NodeInfo;
use crate::plugin::{Events, Feasible, Filter, Normalize, Plugin, Score, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use control::taints::tolerates;
use k8s_openapi::api::core::v1::{Taint, Toleration};

pub(crate) struct TaintToleration;

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        let tolerations = pod.spec().tolerations.as_deref().unwrap_or_default();
        Filter::Check(Box::new(move |node| {
            if keeps_away(node.taints(), tolerations) {
                return Verdict::never("node(s) had untolerated taint(s)");
            }
            Verdict::Fits
        }))
    }

    fn score<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        let tolerations: Vec<&Toleration> = pod
            .spec()
            .tolerations
            .iter()
            .flatten()
            .filter(|t| matches!(t.effect.as_deref(), None | Some("" | "PreferNoSchedule")))
            .collect();
        let points = move |node: &NodeInfo| {
            let unwelcome = node.taints().iter().filter(|taint| {
                taint.effect == "PreferNoSchedule"
                    && !tolerations.iter().any(|toleration| tolerates(toleration, taint))
            });
            i64::try_from(unwelcome.count()).unwrap_or(i64::MAX)
        };
        Score::Points(Box::new(points), Normalize::Reversed)
    }

    fn events(&self) -> Events {
        Events::NODE_ADDED.and(Events::NODE_TAINTS)
    }
}

/// Whether one of a node's taints is not tolerated.
pub(super) fn keeps_away(taints: &[Taint], tolerations: &[Toleration]) -> bool {
    taints.iter().any(|taint| {
        matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
            && !tolerations.iter().any(|toleration| tolerates(toleration, taint))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cluster, node, pod, points, verdict};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_taint_is_tolerated_by_key_value_and_effect() {
        let tainted = node(json!({"metadata": {"name": "n"}, "spec": {"taints": [
            {"key": "a", "value": "1", "effect": "NoSchedule"}]}}));
        let table = [
            (json!([]), false),
            (json!([{"key": "a", "value": "1"}]), true),
            (json!([{"key": "a", "value": "2"}]), false),
            (json!([{"key": "a", "operator": "Exists"}]), true),
            (json!([{"operator": "Exists"}]), true),
            (json!([{"operator": "Exists", "effect": "NoExecute"}]), false),
        ];
        for (tolerations, fits) in table {
            let pod = pod(json!({"containers": [], "tolerations": tolerations}));
            let verdict = verdict(&TaintToleration, &pod, &tainted, vec![]);
            assert_eq!(verdict == Verdict::Fits, fits, "{tolerations}");
        }
    }

    #[test]
    fn discouraging_taints_are_counted() {
        let soft = json!([{"key": "a", "effect": "PreferNoSchedule"},
                          {"key": "b", "effect": "PreferNoSchedule"}]);
        let tainted = node(json!({"metadata": {}, "spec": {"taints": soft}}));
        let pod =
            pod(json!({"containers": [], "tolerations": [{"key": "a", "operator": "Exists"}]}));
        assert_eq!(verdict(&TaintToleration, &pod, &tainted, vec![]), Verdict::Fits);
        let free = node(json!({"metadata": {"name": "free"}}));
        let nodes = cluster(vec![(tainted, vec![]), (free, vec![])]);
        assert_eq!(points(&TaintToleration, &pod, &nodes), [1, 0]);
    }
}
