//! One pod, one look at the nodes, one decision: pure.
//!
//! Every filter's verdict on every node that was looked at is kept, so that a refusal can be
//! explained. Mirrors `schedulePod` (`k8s.io/kubernetes/pkg/scheduler/schedule_one.go`).

use crate::limits::{FEASIBLE_NODES_MIN, FEASIBLE_PERCENT_MIN};
use crate::plugins::{Events, Filter, Row, Score, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::{NodeInfo, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// The node, and where the next search begins.
    Bind { node: String, next_start: usize },
    /// None fits.
    Refuse(Refusal),
}

/// Why none fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) nodes: usize,
    /// Each node's refusal: the plugin that spoke it, and its reasons.
    pub(crate) verdicts: Vec<NodeVerdict>,
    /// What may change a refusing plugin's mind.
    pub(crate) wants: Events,
}

/// One node's refusal.
#[derive(Clone, Debug)]
pub(crate) struct NodeVerdict {
    pub(crate) node: String,
    pub(crate) plugin: &'static str,
    pub(crate) reasons: Vec<String>,
    pub(crate) resolvable: bool,
}

/// How nodes are searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    /// `percentageOfNodesToScore`; 0 lets the number of nodes decide.
    pub(crate) percent: usize,
    /// Where to begin, so that each node has its turn.
    pub(crate) start: usize,
    /// A random number that decides between equals.
    pub(crate) chance: u64,
}

/// Finds the node for `pod`.
pub(crate) fn schedule(pod: &PodInfo, nodes: &Snapshot, rows: &[Row], search: Search) -> Decision {
    let mut refusal = Refusal { nodes: nodes.len(), ..Refusal::default() };
    let mut checks = Vec::new();
    for row in rows {
        match row.plugin.filter(pod, nodes) {
            Filter::Skip => {}
            Filter::Check(check) => checks.push((row, check)),
        }
    }
    let enough = feasible_max(nodes.len(), search.percent);
    let mut feasible: Vec<&Arc<NodeInfo>> = Vec::new();
    let mut looked_at = 0;
    for offset in 0..nodes.len() {
        if feasible.len() >= enough {
            break;
        }
        looked_at += 1;
        let node = &nodes[(search.start + offset) % nodes.len()];
        let refused = checks.iter().find_map(|(row, check)| match check(node) {
            Verdict::Fits => None,
            Verdict::Refused { reasons, resolvable } => Some((*row, reasons, resolvable)),
        });
        match refused {
            None => feasible.push(node),
            Some((row, reasons, resolvable)) => {
                refusal.wants = refusal.wants.and(row.plugin.events());
                let (node, plugin) = (node.name.clone(), row.plugin.name());
                refusal.verdicts.push(NodeVerdict { node, plugin, reasons, resolvable });
            }
        }
    }
    if nodes.is_empty() {
        refusal.wants = Events::NODE_ADDED;
    }
    match best(pod, nodes, &feasible, rows, search.chance) {
        Some(node) => Decision::Bind { node, next_start: (search.start + looked_at) % nodes.len() },
        None => Decision::Refuse(refusal),
    }
}

/// How many nodes that fit are enough to choose from.
fn feasible_max(nodes: usize, percent: usize) -> usize {
    if nodes < FEASIBLE_NODES_MIN || percent >= 100 {
        return nodes;
    }
    let percent = match percent {
        0 => 50usize.saturating_sub(nodes / 125).max(FEASIBLE_PERCENT_MIN),
        given => given,
    };
    (nodes * percent / 100).max(FEASIBLE_NODES_MIN)
}

fn best(
    pod: &PodInfo,
    nodes: &Snapshot,
    feasible: &[&Arc<NodeInfo>],
    rows: &[Row],
    chance: u64,
) -> Option<String> {
    let totals = match feasible {
        [] => return None,
        [only] => return Some(only.name.clone()),
        several => totals(pod, nodes, several, rows),
    };
    let most = totals.iter().copied().max()?;
    let equals: Vec<_> =
        feasible.iter().zip(&totals).filter(|(_, total)| **total == most).collect();
    let choice = usize::try_from(chance % u64::try_from(equals.len()).ok()?).ok()?;
    Some(equals[choice].0.name.clone())
}

fn totals(pod: &PodInfo, nodes: &Snapshot, feasible: &[&Arc<NodeInfo>], rows: &[Row]) -> Vec<i64> {
    let mut totals = vec![0i64; feasible.len()];
    for row in rows.iter().filter(|row| row.weight > 0) {
        let Score::Points(points, normalize) = row.plugin.score(pod, nodes, feasible) else { continue };
        let mut all: Vec<i64> = feasible.iter().map(|node| points(node)).collect();
        normalize.apply(&mut all);
        for (total, points) in totals.iter_mut().zip(all) {
            *total += points * row.weight;
        }
    }
    totals
}

impl Refusal {
    /// The sentence for people, in upstream's words.
    pub(crate) fn message(&self) -> String {
        if self.nodes == 0 {
            return "no nodes available to schedule pods".into();
        }
        let mut text = format!("0/{} nodes are available:", self.nodes);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in self.verdicts.iter().flat_map(|verdict| &verdict.reasons) {
            *counts.entry(reason).or_default() += 1;
        }
        let mut parts: Vec<String> =
            counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        parts.sort();
        if !parts.is_empty() {
            text.push_str(&format!(" {}.", parts.join(", ")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::DEFAULT;
    use crate::plugins::testing::{node, pod};
    use serde_json::json;

    const SEARCH: Search = Search { percent: 0, start: 0, chance: 0 };

    fn nodes(list: Vec<NodeInfo>) -> Snapshot {
        Arc::new(list.into_iter().map(Arc::new).collect())
    }

    fn sized(name: &str, cpu: &str) -> NodeInfo {
        node(json!({"metadata": {"name": name},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}}}))
    }

    fn asking(cpu: &str) -> PodInfo {
        pod(json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}))
    }

    #[test]
    fn the_emptier_of_two_nodes_wins() {
        let mut busy = sized("busy", "4");
        busy.add_pod(Arc::new(asking("2")));
        let decision =
            schedule(&asking("1"), &nodes(vec![busy, sized("idle", "4")]), DEFAULT, SEARCH);
        assert!(matches!(decision, Decision::Bind { node, .. } if node == "idle"));
    }

    #[test]
    fn a_refusal_counts_each_reason() {
        let cordoned = node(json!({"metadata": {"name": "c"}, "spec": {"unschedulable": true}}));
        let all = nodes(vec![sized("a", "1"), sized("b", "1"), cordoned]);
        let Decision::Refuse(refusal) = schedule(&asking("2"), &all, DEFAULT, SEARCH) else {
            panic!("a refusal")
        };
        assert_eq!(
            refusal.message(),
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu."
        );
        assert!(
            refusal.wants.meets(Events::NODE_RESOURCES) && refusal.wants.meets(Events::NODE_TAINTS)
        );
        let Decision::Refuse(refusal) = schedule(&asking("2"), &nodes(vec![]), DEFAULT, SEARCH)
        else {
            panic!("a refusal")
        };
        assert_eq!(refusal.message(), "no nodes available to schedule pods");
    }

    #[test]
    fn of_many_nodes_a_share_is_looked_at() {
        assert_eq!(feasible_max(50, 0), 50);
        assert_eq!(feasible_max(1000, 0), 420);
        assert_eq!(feasible_max(6000, 0), 300);
        assert_eq!(feasible_max(1000, 5), 100);
        assert_eq!(feasible_max(1000, 100), 1000);
    }
}
