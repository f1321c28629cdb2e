//! PodTopologySpread: pods that are alike are spread over hosts, zones and other parts of the
//! cluster, as the pod itself asks, and where it doesn't, over hosts and zones if there is a
//! choice.
//!
//! Mirrors `plugins/podtopologyspread` with its system defaults.

mod constraint;

use super::{Events, Feasible, Filter, Normalize, Plugin, Score, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::{NodeInfo, Snapshot};
use constraint::{Constraint, HOSTNAME, defaults, hard, soft};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

const CROWDED: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str =
    "node(s) didn't match pod topology spread constraints (missing required label)";

pub(crate) struct PodTopologySpread;

/// Pods alike, by the value of a constraint's label.
type Counts<'a> = HashMap<&'a str, i64>;

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn filter<'a>(&self, pod: &'a PodInfo, nodes: &'a Snapshot) -> Filter<'a> {
        let constraints = hard(pod);
        if constraints.is_empty() {
            return Filter::Skip;
        }
        let all_counts: Vec<Counts<'a>> = constraints
            .iter()
            .map(|constraint| {
                let mut counts = Counts::new();
                for node in nodes.iter().filter(|node| has_all_labels(node, &constraints)) {
                    if constraint.includes(pod, node) {
                        let value = constraint.value_on(node).unwrap_or_default();
                        *counts.entry(value).or_default() += constraint.count(pod, node);
                    }
                }
                counts
            })
            .collect();
        Filter::Check(Box::new(move |node| {
            for (constraint, counts) in constraints.iter().zip(&all_counts) {
                let Some(value) = constraint.value_on(node) else {
                    return Verdict::never(NO_LABEL);
                };
                let fewest = match counts.values().min() {
                    Some(fewest) if counts.len() >= constraint.min_domains => *fewest,
                    _ => 0,
                };
                let here = counts.get(value).copied().unwrap_or(0);
                let itself = i64::from(constraint.selects(pod));
                if here + itself - fewest > constraint.max_skew {
                    return Verdict::crowded(vec![CROWDED.to_owned()]);
                }
            }
            Verdict::Fits
        }))
    }

    fn score<'a>(
        &self,
        pod: &'a PodInfo,
        nodes: &'a Snapshot,
        feasible: Feasible<'_>,
    ) -> Score<'a> {
        // A node without a zone still takes part in what is only the default.
        let is_asked_for =
            pod.spec().topology_spread_constraints.as_ref().is_some_and(|c| !c.is_empty());
        let constraints = if is_asked_for { soft(pod) } else { defaults(pod) };
        if constraints.is_empty() {
            return Score::Skip;
        }
        let takes_part = |node: &NodeInfo| !is_asked_for || has_all_labels(node, &constraints);
        let ignored: HashSet<String> = feasible
            .iter()
            .filter(|node| !takes_part(node))
            .map(|node| node.name.clone())
            .collect();
        let tallies: Vec<(HashMap<String, i64>, f64)> = constraints
            .iter()
            .map(|constraint| {
                let chosen = feasible.iter().filter(|node| !ignored.contains(&node.name));
                if constraint.key == HOSTNAME {
                    return (HashMap::new(), weight(chosen.count()));
                }
                let value =
                    |node: &NodeInfo| constraint.value_on(node).unwrap_or_default().to_owned();
                let mut counts: HashMap<String, i64> =
                    chosen.map(|node| (value(node), 0)).collect();
                for node in nodes.iter().filter(|node| takes_part(node)) {
                    if constraint.includes(pod, node)
                        && let Some(count) =
                            counts.get_mut(constraint.value_on(node).unwrap_or_default())
                    {
                        *count += constraint.count(pod, node);
                    }
                }
                let weight = weight(counts.len());
                (counts, weight)
            })
            .collect();
        let points = move |node: &NodeInfo| {
            if ignored.contains(&node.name) {
                return Normalize::IGNORED;
            }
            let each =
                constraints.iter().zip(&tallies).filter_map(|(constraint, (counts, weight))| {
                    let value = constraint.value_on(node)?;
                    let count = match constraint.key {
                        HOSTNAME => constraint.count(pod, node),
                        _ => counts.get(value).copied().unwrap_or(0),
                    };
                    Some(count as f64 * weight + (constraint.max_skew - 1) as f64)
                });
            each.sum::<f64>().round() as i64
        };
        Score::Points(Box::new(points), Normalize::FewestBest)
    }

    fn events(&self) -> Events {
        let pods = Events::POD_ADDED.and(Events::POD_CHANGED).and(Events::POD_DELETED);
        pods.and(Events::NODE_ADDED).and(Events::NODE_LABELS).and(Events::NODE_TAINTS)
    }
}

/// Counts in few large parts weigh less than counts in many small ones.
fn weight(parts: usize) -> f64 {
    ((parts + 2) as f64).ln()
}

fn has_all_labels(node: &NodeInfo, constraints: &[Constraint<'_>]) -> bool {
    constraints.iter().all(|constraint| constraint.value_on(node).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{node, pod};
    use super::*;
    use control::selector::Matcher;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
    use serde_json::{Value, json};

    /// A node of a zone, with so many pods of `app=web`.
    fn with_pods(name: &str, zone: &str, pods: usize) -> NodeInfo {
        let mut info = node(json!({"metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}}}));
        for index in 0..pods {
            info.add_pod(Arc::new(web(json!({"containers": []}), &format!("{name}-{index}"))));
        }
        info
    }

    fn web(spec: Value, uid: &str) -> PodInfo {
        let mut info = pod(spec);
        let mut inner = (*info.pod).clone();
        inner.metadata.labels = Some([("app".to_owned(), "web".to_owned())].into());
        inner.metadata.uid = Some(uid.to_owned());
        info.pod = Arc::new(inner);
        info.uid = uid.to_owned();
        info
    }

    fn asking(when: &str, key: &str) -> PodInfo {
        web(
            json!({"containers": [], "topologySpreadConstraints": [{
                "maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": when,
                "labelSelector": {"matchLabels": {"app": "web"}}}]}),
            "new",
        )
    }

    fn all(nodes: Vec<NodeInfo>) -> Snapshot {
        Arc::new(nodes.into_iter().map(Arc::new).collect())
    }

    fn normalized(pod: &PodInfo, nodes: &Snapshot) -> Vec<i64> {
        let feasible: Vec<_> = nodes.iter().collect();
        let Score::Points(points, normalize) = PodTopologySpread.score(pod, nodes, &feasible)
        else {
            return Vec::new();
        };
        let mut all: Vec<i64> = nodes.iter().map(|node| points(node)).collect();
        normalize.apply(&mut all);
        all
    }

    #[test]
    fn a_full_zone_takes_no_more() {
        let nodes = all(vec![
            with_pods("a1", "a", 1),
            with_pods("a2", "a", 0),
            with_pods("b1", "b", 0),
            node(json!({"metadata": {"name": "none"}})),
        ]);
        let pod = asking("DoNotSchedule", "topology.kubernetes.io/zone");
        let Filter::Check(check) = PodTopologySpread.filter(&pod, &nodes) else { panic!("asks") };
        let crowded = Verdict::crowded(vec![CROWDED.to_owned()]);
        let verdicts: Vec<_> = nodes.iter().map(|node| check(node)).collect();
        assert_eq!(verdicts, [crowded.clone(), crowded, Verdict::Fits, Verdict::never(NO_LABEL)]);
    }

    #[test]
    fn the_emptier_host_is_better() {
        let nodes = all(vec![with_pods("a", "z", 2), with_pods("b", "z", 1)]);
        // 2 ln 4 and ln 4, rounded, and turned about.
        let points = normalized(&asking("ScheduleAnyway", HOSTNAME), &nodes);
        assert_eq!(points, [33, 100]);
    }

    #[test]
    fn pods_of_one_owner_are_spread_unasked() {
        let mut nodes = vec![with_pods("a", "z", 1), with_pods("b", "z", 0)];
        nodes.iter_mut().for_each(|node| {
            let mut bare = (*node.node).clone();
            bare.metadata.labels.as_mut().unwrap().remove("topology.kubernetes.io/zone");
            node.set_node(Arc::new(bare));
        });
        let nodes = all(nodes);
        let mut pod = web(json!({"containers": []}), "new");
        assert_eq!(normalized(&pod, &nodes), Vec::<i64>::new());
        let selector: LabelSelector =
            serde_json::from_value(json!({"matchLabels": {"app": "web"}})).unwrap();
        pod.kin = vec![Matcher::new(&selector).unwrap()];
        let points = normalized(&pod, &nodes);
        assert!(points[1] > points[0], "{points:?}");
    }
}
