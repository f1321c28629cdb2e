//! NodeResourcesBalancedAllocation: CPU and memory of a node should fill at the same pace.
//!
//! Mirrors `plugins/noderesources/balanced_allocation.go`: what counts is whether the pod makes
//! the balance better or worse. Only what pods ask for is counted, and a pod that asks for
//! neither has no say.

use crate::limits::SCORE_MAX;
use crate::node::NodeInfo;
use crate::plugin::{Feasible, Normalize, Plugin, Score};
use crate::pod::PodInfo;
use crate::resources::Resources;
use crate::snapshot::Snapshot;

pub(crate) struct BalancedAllocation;

impl Plugin for BalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn score<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        if pod.request.milli_cpu == 0 && pod.request.memory_bytes == 0 {
            return Score::Skip;
        }
        let points = |node: &NodeInfo| {
            let mut after = node.requested.clone();
            after.add(&pod.request);
            let with = balance(&after, &node.allocatable);
            let without = balance(&node.requested, &node.allocatable);
            SCORE_MAX / 2 + (SCORE_MAX / 2 + with - without) / 2
        };
        Score::Points(Box::new(points), Normalize::AsIs)
    }
}

fn balance(used: &Resources, has: &Resources) -> i64 {
    let pairs = [(used.milli_cpu, has.milli_cpu), (used.memory_bytes, has.memory_bytes)];
    let shares: Vec<f64> = pairs
        .iter()
        .filter(|(_, has)| *has > 0)
        .map(|(used, has)| (*used as f64 / *has as f64).min(1.0))
        .collect();
    let deviation = match shares[..] {
        [cpu, memory] => ((cpu - memory) / 2.0).abs(),
        _ => 0.0,
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
        let got = points(&BalancedAllocation, &memory_hungry, &nodes);
        assert_eq!(got, [87, 62]);
    }
}
