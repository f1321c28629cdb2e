//! NodeResourcesBalancedAllocation: the resources of a node should fill at the same pace: CPU and memory,
//! or what the profile names.
//!
//! Mirrors `plugins/noderesources/balanced_allocation.go`: what counts is whether the pod makes
//! the balance better or worse. Only what pods ask for is counted, and a pod that asks for
//! none of them has no say.

use crate::limits::SCORE_MAX;
use crate::node::NodeInfo;
use crate::plugin::{Feasible, Normalize, Plugin, Score};
use crate::pod::PodInfo;
use crate::resources::Resources;
use crate::snapshot::Snapshot;

pub(crate) struct BalancedAllocation {
    /// The names of those that count.
    pub(crate) resources: Vec<String>,
}

impl Plugin for BalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn score<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        if self.resources.iter().all(|name| pod.request.amount(name) == 0) {
            return Score::Skip;
        }
        let points = |node: &NodeInfo| {
            let counts = |name: &&String| {
                let is_asked = pod.request.amount(name) > 0 || Resources::is_scored_unasked(name);
                is_asked && node.allocatable.amount(name) > 0
            };
            let share = |name: &String, more: i64| {
                let used = node.requested.amount(name).saturating_add(more);
                (used as f64 / node.allocatable.amount(name) as f64).min(1.0)
            };
            let counted: Vec<&String> = self.resources.iter().filter(counts).collect();
            let with = counted.iter().map(|name| share(name, pod.request.amount(name)));
            let with = balance(&with.collect::<Vec<_>>());
            let without = balance(&counted.iter().map(|name| share(name, 0)).collect::<Vec<_>>());
            SCORE_MAX / 2 + (SCORE_MAX / 2 + with - without) / 2
        };
        Score::Points(Box::new(points), Normalize::AsIs)
    }
}

/// How little these shares differ from each other.
fn balance(shares: &[f64]) -> i64 {
    let deviation = match shares {
        [] | [_] => 0.0,
        [one, other] => ((one - other) / 2.0).abs(),
        several => {
            let count = several.len() as f64;
            let mean = several.iter().sum::<f64>() / count;
            let squares = several.iter().map(|share| (share - mean) * (share - mean));
            (squares.sum::<f64>() / count).sqrt()
        }
    };
    ((1.0 - deviation) * SCORE_MAX as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cluster, node, pod, points};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_goes_where_it_evens_things_out() {
        let asking = |cpu: &str, memory: &str| {
            pod(json!({"containers": [
                {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]}))
        };
        let sized = |name: &str| {
            node(json!({"metadata": {"name": name},
                "status": {"allocatable": {"cpu": "4", "memory": "4Gi"}}}))
        };
        let full_of_cpu = (sized("full"), vec![asking("2", "0")]);
        let memory_hungry = asking("0", "2Gi");
        let nodes = cluster(vec![full_of_cpu, (sized("empty"), vec![])]);
        let balanced = BalancedAllocation { resources: vec!["cpu".into(), "memory".into()] };
        let got = points(&balanced, &memory_hungry, &nodes);
        assert_eq!(got, [87, 62]);
    }
}
