//! NodeResourcesFit: a node has room for what the pod asks for; the emptier, the better,
//! where the profile doesn't say otherwise.
//!
//! Mirrors `plugins/noderesources`: `fit.go`, and the three ways to score.

use crate::limits::SCORE_MAX;
use crate::node::NodeInfo;
use crate::plugin::{Events, Feasible, Filter, Normalize, Plugin, Score, Verdict};
use crate::plugin_args::{FitArgs, Scoring, Shape};
use crate::pod::PodInfo;
use crate::resources::Resources;
use crate::snapshot::Snapshot;

pub(crate) struct NodeResourcesFit {
    pub(crate) args: FitArgs,
}

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        Filter::Check(Box::new(|node| check(&pod.request, node, &self.args)))
    }

    fn score<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        let points = |node: &NodeInfo| {
            let shares = self.args.resources.iter().filter_map(|(name, weight)| {
                let more = scored(pod, name);
                let has = node.allocatable.amount(name);
                let counts = has > 0 && (more > 0 || Resources::is_scored_unasked(name));
                let used = match name.as_str() {
                    "cpu" | "memory" => node.scored.amount(name),
                    _ => node.requested.amount(name),
                };
                counts.then_some((used.saturating_add(more), has, *weight))
            });
            points_of(&self.args.scoring, shares)
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

fn check(request: &Resources, node: &NodeInfo, args: &FitArgs) -> Verdict {
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
    for (name, wanted) in request.others.iter().filter(|(name, _)| !is_ignored(name, args)) {
        let amount = |resources: &Resources| resources.others.get(name).copied().unwrap_or(0);
        need(name, *wanted, amount(has), amount(used));
    }
    match reasons.is_empty() {
        true => Verdict::Fits,
        false => Verdict::Refused { reasons, resolvable },
    }
}

/// What `pod` is scored as: what names no CPU or memory counts too.
fn scored(pod: &PodInfo, name: &str) -> i64 {
    match name {
        "cpu" | "memory" => pod.scored.amount(name),
        _ => pod.request.amount(name),
    }
}

/// Whether others than the scheduler look after the resource.
fn is_ignored(name: &str, args: &FitArgs) -> bool {
    let group = name.split('/').next().unwrap_or_default();
    args.ignored.iter().any(|own| own == name) || args.ignored_groups.iter().any(|own| own == group)
}

/// The weighed mean of what each resource's use is worth: what would be used of it, what there is,
/// and what it counts.
fn points_of(scoring: &Scoring, shares: impl Iterator<Item = (i64, i64, i64)>) -> i64 {
    let (mut sum, mut weights) = (0, 0);
    for (used, has, weight) in shares {
        let points = match scoring {
            Scoring::LeastAllocated if used > has => 0,
            Scoring::LeastAllocated => (has - used) * SCORE_MAX / has,
            Scoring::MostAllocated => used.min(has) * SCORE_MAX / has,
            Scoring::RequestedToCapacityRatio(shape) if used > has => on_line(shape, SCORE_MAX),
            Scoring::RequestedToCapacityRatio(shape) => on_line(shape, used * SCORE_MAX / has),
        };
        let is_line = matches!(scoring, Scoring::RequestedToCapacityRatio(_));
        if points > 0 || !is_line {
            sum += points * weight;
            weights += weight;
        }
    }
    match scoring {
        _ if weights == 0 => 0,
        Scoring::RequestedToCapacityRatio(_) => (sum as f64 / weights as f64).round() as i64,
        _ => sum / weights,
    }
}

/// The height of a bent line at `percent`. Its points are worth up to ten.
fn on_line(shape: &[Shape], percent: i64) -> i64 {
    let height = |point: &Shape| point.score * (SCORE_MAX / 10);
    let Some(next) = shape.iter().position(|point| percent <= point.utilization) else {
        return shape.last().map_or(0, height);
    };
    match next.checked_sub(1) {
        None => height(&shape[0]),
        Some(before) => {
            let (from, to) = (&shape[before], &shape[next]);
            height(from)
                + (height(to) - height(from)) * (percent - from.utilization)
                    / (to.utilization - from.utilization)
        }
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
        let verdict_now = verdict(
            &fit(Scoring::LeastAllocated),
            &asking("1", "1Mi"),
            &sized("2", "1Gi", "2"),
            others,
        );
        assert_eq!(verdict_now, Verdict::Refused { reasons: expected, resolvable: true });
        let never = verdict(
            &fit(Scoring::LeastAllocated),
            &asking("3", "1Mi"),
            &sized("2", "1Gi", "9"),
            vec![],
        );
        let reasons = vec!["Insufficient cpu".to_owned()];
        assert_eq!(never, Verdict::Refused { reasons, resolvable: false });
        let fits = verdict(
            &fit(Scoring::LeastAllocated),
            &asking("2", "1Gi"),
            &sized("2", "1Gi", "1"),
            vec![],
        );
        assert_eq!(fits, Verdict::Fits);
    }

    #[test]
    fn the_emptier_node_has_more_points() {
        let mut small = sized("2", "8Gi", "9");
        small.metadata.name = Some("small".into());
        let nodes = cluster(vec![(sized("4", "8Gi", "9"), vec![]), (small, vec![])]);
        assert_eq!(points(&fit(Scoring::LeastAllocated), &asking("1", "4Gi"), &nodes), [62, 50]);
    }

    fn fit(scoring: Scoring) -> NodeResourcesFit {
        let resources = vec![("cpu".into(), 1), ("memory".into(), 1)];
        NodeResourcesFit { args: FitArgs { scoring, resources, ..FitArgs::default() } }
    }

    #[test]
    fn fuller_nodes_can_be_better_and_lines_can_bend() {
        let nodes = cluster(vec![(sized("4", "8Gi", "9"), vec![])]);
        let pod = asking("1", "4Gi");
        assert_eq!(points(&fit(Scoring::MostAllocated), &pod, &nodes), [37]);
        let line = |points: &[(i64, i64)]| {
            let points = points
                .iter()
                .map(|(utilization, score)| Shape { utilization: *utilization, score: *score });
            Scoring::RequestedToCapacityRatio(points.collect())
        };
        let table = [
            (line(&[(0, 0), (100, 10)]), 38),
            (line(&[(0, 10), (100, 0)]), 63),
            (line(&[(30, 5)]), 50),
        ];
        for (line, expected) in table {
            assert_eq!(points(&fit(line), &pod, &nodes), [expected]);
        }
    }

    #[test]
    fn what_others_look_after_is_not_counted() {
        let requests = json!({"requests": {"a.b/c": "1"}});
        let pod = pod(json!({"containers": [{"name": "c", "resources": requests}]}));
        let node = sized("2", "1Gi", "9");
        let fits = |ignored: &[&str], groups: &[&str]| {
            let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
            let (ignored, ignored_groups) = (texts(ignored), texts(groups));
            let args = FitArgs { ignored, ignored_groups, ..FitArgs::default() };
            verdict(&NodeResourcesFit { args }, &pod, &node, vec![]) == Verdict::Fits
        };
        assert!(!fits(&[], &[]) && fits(&["a.b/c"], &[]) && fits(&[], &["a.b"]));
    }
}
