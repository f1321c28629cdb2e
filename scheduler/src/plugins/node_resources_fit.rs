//! NodeResourcesFit: a node has room for what the pod asks for; the emptier, the better.
//!
//! Mirrors `plugins/noderesources/fit.go` and `least_allocated.go`.

use crate::limits::SCORE_MAX;
use crate::node::NodeInfo;
use crate::plugin::{Events, Feasible, Filter, Normalize, Plugin, Score, Verdict};
use crate::pod::PodInfo;
use crate::resources::Resources;
use crate::snapshot::Snapshot;

pub(crate) struct NodeResourcesFit;

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn filter<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        Filter::Check(Box::new(|node| check(&pod.request, node)))
    }

    fn score<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        let points = |node: &NodeInfo| {
            let mut after = node.scored.clone();
            after.add(&pod.scored);
            least_allocated(&after, &node.allocatable)
        };
        Score::Points(Box::new(points), Normalize::AsIs)
    }

    fn events(&self) -> Events {
        Events::NODE_ADDED
            .and(Events::NODE_RESOURCES)
            .and(Events::POD_DELETED)
            .and(Events::POD_CHANGED)
    }
}

fn check(request: &Resources, node: &NodeInfo) -> Verdict {
    let (has, used) = (&node.allocatable, &node.requested);
    let mut reasons = Vec::new();
    let mut resolvable = true;
    let pods = i64::try_from(node.pods.len()).unwrap_or(i64::MAX);
    if pods + 1 > has.pods {
        reasons.push("Too many pods".to_owned());
    }
    let mut need = |name: &str, wanted: i64, has: i64, used: i64| {
        if wanted > 0 && wanted > has - used {
            reasons.push(format!("Insufficient {name}"));
            resolvable &= wanted <= has;
        }
    };
    need("cpu", request.milli_cpu, has.milli_cpu, used.milli_cpu);
    need("memory", request.memory_bytes, has.memory_bytes, used.memory_bytes);
    need("ephemeral-storage", request.storage_bytes, has.storage_bytes, used.storage_bytes);
    for (name, wanted) in &request.others {
        let amount = |resources: &Resources| resources.others.get(name).copied().unwrap_or(0);
        need(name, *wanted, amount(has), amount(used));
    }
    match reasons.is_empty() {
        true => Verdict::Fits,
        false => Verdict::Refused { reasons, resolvable },
    }
}

/// The mean of what is left of CPU and memory, in percent of what there is.
fn least_allocated(used: &Resources, has: &Resources) -> i64 {
    let pairs = [(used.milli_cpu, has.milli_cpu), (used.memory_bytes, has.memory_bytes)];
    let shares: Vec<i64> = pairs
        .iter()
        .filter(|(_, has)| *has > 0)
        .map(|(used, has)| if used > has { 0 } else { (has - used) * SCORE_MAX / has })
        .collect();
    match i64::try_from(shares.len()) {
        Ok(count) if count > 0 => shares.iter().sum::<i64>() / count,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cluster, node, pod, points, verdict};
    use super::*;
    use k8s_openapi::api::core::v1::Node;
    use serde_json::json;

    fn asking(cpu: &str, memory: &str) -> PodInfo {
        pod(json!({"containers": [
            {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]}))
    }

    fn sized(cpu: &str, memory: &str, pods: &str) -> Node {
        node(json!({"metadata": {"name": "n"},
            "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}}}))
    }

    #[test]
    fn reasons_name_what_is_missing() {
        let others = vec![asking("1500m", "1Mi"), asking("100m", "1Mi")];
        let expected = vec!["Too many pods".to_owned(), "Insufficient cpu".to_owned()];
        let verdict_now =
            verdict(&NodeResourcesFit, &asking("1", "1Mi"), &sized("2", "1Gi", "2"), others);
        assert_eq!(verdict_now, Verdict::Refused { reasons: expected, resolvable: true });
        let never =
            verdict(&NodeResourcesFit, &asking("3", "1Mi"), &sized("2", "1Gi", "9"), vec![]);
        let reasons = vec!["Insufficient cpu".to_owned()];
        assert_eq!(never, Verdict::Refused { reasons, resolvable: false });
        let fits = verdict(&NodeResourcesFit, &asking("2", "1Gi"), &sized("2", "1Gi", "1"), vec![]);
        assert_eq!(fits, Verdict::Fits);
    }

    #[test]
    fn the_emptier_node_has_more_points() {
        let mut small = sized("2", "8Gi", "9");
        small.metadata.name = Some("small".into());
        let nodes = cluster(vec![(sized("4", "8Gi", "9"), vec![]), (small, vec![])]);
        assert_eq!(points(&NodeResourcesFit, &asking("1", "4Gi"), &nodes), [62, 50]);
    }
}
