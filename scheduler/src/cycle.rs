//! One pod, one look at the nodes, one decision: pure.
//!
//! Every filter's verdict on every node that was looked at is kept, so that a refusal can be
//! explained. Mirrors `schedulePod` (`k8s.io/kubernetes/pkg/scheduler/schedule_one.go`).

use crate::judge::{Judge, Refused};
use crate::limits::{FEASIBLE_NODES_MIN, FEASIBLE_PERCENT_MIN};
use crate::node::NodeInfo;
use crate::plugin::{Events, Score};
use crate::plugins::Row;
use crate::pod::PodInfo;
use crate::refusal::{NodeVerdict, Refusal};
use crate::snapshot::Snapshot;
use std::sync::Arc;

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// The node, and where the next search begins.
    Bind { node: String, next_start: usize },
    /// None fits.
    Refuse(Refusal),
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
    if nodes.is_empty() {
        refusal.wants = Events::NODE_ADDED;
        return Decision::Refuse(refusal);
    }
    let judge = match Judge::new(pod, nodes, rows) {
        Ok(judge) => judge,
        Err((row, reason)) => {
            refusal.wants = row.plugin.events();
            refusal.at_once = Some(reason);
            return Decision::Refuse(refusal);
        }
    };
    if let Some(node) = room_made_for(pod, nodes, &judge) {
        return Decision::Bind { node, next_start: search.start % nodes.len() };
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
        let elsewhere = judge.only.as_ref().filter(|(_, names)| !names.contains(&node.name));
        let refused = match elsewhere {
            None => judge.refusal(node),
            Some((row, _)) => {
                let reason = format!("node(s) didn't satisfy plugin(s) [{}]", row.plugin.name());
                Some(Refused { row, reasons: vec![reason], resolvable: false })
            }
        };
        match refused {
            None => feasible.push(node),
            Some(Refused { row, reasons, resolvable }) => {
                refusal.wants = refusal.wants.and(row.plugin.events());
                let (node, plugin) = (node.name.clone(), row.plugin.name());
                refusal.verdicts.push(NodeVerdict { node, plugin, reasons, resolvable });
            }
        }
    }
    match best(pod, nodes, &feasible, rows, search.chance) {
        Some(node) => Decision::Bind { node, next_start: (search.start + looked_at) % nodes.len() },
        None => Decision::Refuse(refusal),
    }
}

/// The node at which room was made for `pod`, where it fits now.
fn room_made_for(pod: &PodInfo, nodes: &Snapshot, judge: &Judge<'_>) -> Option<String> {
    let name = nodes.nomination(pod)?;
    let node = nodes.node(name)?;
    judge.refusal(node).is_none().then(|| name.to_owned())
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
        let Score::Points(points, normalize) = row.plugin.score(pod, nodes, feasible) else {
            continue;
        };
        let mut all: Vec<i64> = feasible.iter().map(|node| points(node)).collect();
        normalize.apply(&mut all);
        for (total, points) in totals.iter_mut().zip(all) {
            *total += points * row.weight;
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::testing::{cluster, default_rows, node, pod};
    use k8s_openapi::api::core::v1::Node;
    use serde_json::json;

    const SEARCH: Search = Search { percent: 0, start: 0, chance: 0 };

    fn sized(name: &str, cpu: &str) -> Node {
        node(json!({"metadata": {"name": name},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}}}))
    }

    fn asking(cpu: &str) -> PodInfo {
        pod(json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}))
    }

    #[test]
    fn the_emptier_of_two_nodes_wins() {
        let busy = (sized("busy", "4"), vec![asking("2")]);
        let nodes = cluster(vec![busy, (sized("idle", "4"), vec![])]);
        let decision = schedule(&asking("1"), &nodes, &default_rows(), SEARCH);
        assert!(matches!(decision, Decision::Bind { node, .. } if node == "idle"));
    }

    #[test]
    fn a_refusal_counts_each_reason() {
        let cordoned = node(json!({"metadata": {"name": "c"}, "spec": {"unschedulable": true}}));
        let all = [sized("a", "1"), sized("b", "1"), cordoned];
        let all = cluster(all.into_iter().map(|node| (node, vec![])).collect());
        let Decision::Refuse(refusal) = schedule(&asking("2"), &all, &default_rows(), SEARCH)
        else {
            panic!("a refusal")
        };
        assert_eq!(
            refusal.message(),
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu."
        );
        assert!(
            refusal.wants.meets(Events::NODE_RESOURCES) && refusal.wants.meets(Events::NODE_TAINTS)
        );
        let Decision::Refuse(refusal) =
            schedule(&asking("2"), &Snapshot::default(), &default_rows(), SEARCH)
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
