//! PodTopologySpread: pods of a kind in every zone, and on every node, about as many.
//!
//! Mirrors `plugins/podtopologyspread`. A pod without constraints has the system's: its service or
//! its controller spreads a little over nodes and zones.

mod constraint;

use crate::node::NodeInfo;
use crate::plugin::{Events, Feasible, Filter, Normalize, Plugin, Score, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use crate::topology::{Domains, HOSTNAME};
use constraint::Constraint;
use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use std::collections::HashSet;
use std::sync::Arc;

const HARD: &str = "DoNotSchedule";
const SOFT: &str = "ScheduleAnyway";
const MISMATCH: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str =
    "node(s) didn't match pod topology spread constraints (missing required label)";

#[derive(Default)]
pub(crate) struct PodTopologySpread {
    /// What is done for pods that ask for nothing; `None`: what the system does.
    pub(crate) defaults: Option<Vec<TopologySpreadConstraint>>,
}

impl PodTopologySpread {
    /// What holds for `pod`, of the kind `action`.
    fn constraints(&self, pod: &PodInfo, action: &str) -> Vec<Constraint> {
        match &self.defaults {
            _ if has_own(pod) => Constraint::of(pod, action),
            Some(all) => Constraint::configured(pod, all, action),
            None if action == SOFT => Constraint::defaults(pod),
            None => Vec::new(),
        }
    }
}

/// Whether the pod itself asks for something.
fn has_own(pod: &PodInfo) -> bool {
    pod.spec().topology_spread_constraints.iter().flatten().next().is_some()
}

impl Plugin for PodTopologySpread {
    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot) -> Filter<'a> {
        let constraints = self.constraints(pod, HARD);
        if constraints.is_empty() {
            return Filter::Skip;
        }
        let takes_part = constraint::eligible(&constraints, pod, nodes, true);
        let counted: Vec<Hard> = constraints
            .into_iter()
            .zip(takes_part)
            .map(|(constraint, takes_part)| Hard::new(constraint, &takes_part, pod, nodes))
            .collect();
        Filter::Check(Box::new(move |node| {
            for hard in &counted {
                let Some(domain) = hard.domains.at(node.place) else {
                    return Verdict::never(NO_LABEL);
                };
                let skew = hard.counts[domain] + hard.own - hard.least;
                if skew > hard.constraint.max_skew {
                    return Verdict::crowded(vec![MISMATCH.into()]);
                }
            }
            Verdict::Fits
        }))
    }

    fn score<'a>(
        &'a self,
        pod: &'a PodInfo,
        nodes: &'a Snapshot,
        feasible: Feasible<'_>,
    ) -> Score<'a> {
        // What the system does unasked counts nodes that lack some of the labels too.
        let is_own = has_own(pod) || self.defaults.is_some();
        let constraints = self.constraints(pod, SOFT);
        if constraints.is_empty() {
            return Score::Skip;
        }
        let takes_part = constraint::eligible(&constraints, pod, nodes, is_own);
        let soft: Vec<Soft> = constraints
            .into_iter()
            .zip(takes_part)
            .map(|(constraint, takes_part)| Soft::new(constraint, &takes_part, pod, nodes))
            .collect();
        let is_ignored = move |soft: &[Soft], node: &NodeInfo| {
            is_own && soft.iter().any(|one| one.domains.at(node.place).is_none())
        };
        let counted: Vec<&Arc<NodeInfo>> =
            feasible.iter().copied().filter(|node| !is_ignored(&soft, node)).collect();
        let weights: Vec<f64> = soft.iter().map(|one| one.weight(&counted)).collect();
        let points = move |node: &NodeInfo| {
            if is_ignored(&soft, node) {
                return Normalize::IGNORED;
            }
            let parts = soft.iter().zip(&weights).filter_map(|(one, weight)| {
                let count = one.count_at(node)?;
                Some(count as f64 * weight + (one.constraint.max_skew - 1) as f64)
            });
            parts.sum::<f64>().round() as i64
        };
        Score::Points(Box::new(points), Normalize::FewestBest)
    }

    fn events(&self) -> Events {
        let pods = Events::POD_ADDED.and(Events::POD_CHANGED).and(Events::POD_DELETED);
        let nodes = Events::NODE_ADDED.and(Events::NODE_LABELS).and(Events::NODE_DELETED);
        pods.and(nodes).and(Events::NODE_TAINTS)
    }
}

/// A constraint that must be met, with what is counted for it.
struct Hard {
    constraint: Constraint,
    domains: Arc<Domains>,
    /// The pods that match, by domain.
    counts: Vec<i64>,
    /// 1 where the pod itself would count.
    own: i64,
    /// What the emptiest domain has.
    least: i64,
}

impl Hard {
    fn new(constraint: Constraint, takes_part: &[bool], pod: &PodInfo, nodes: &Snapshot) -> Self {
        let domains = nodes.domains(&constraint.topology_key);
        let mut is_domain = vec![false; domains.len()];
        for (place, _) in takes_part.iter().enumerate().filter(|(_, takes_part)| **takes_part) {
            if let Some(domain) = domains.at(place) {
                is_domain[domain] = true;
            }
        }
        let counts = constraint.count(&domains, takes_part, pod, nodes);
        let eligible = is_domain.iter().filter(|is_domain| **is_domain).count();
        let pairs = counts.iter().zip(&is_domain).filter(|(_, is_domain)| **is_domain);
        let least = match i64::try_from(eligible) {
            Ok(eligible) if eligible >= constraint.min_domains => {
                pairs.map(|(count, _)| *count).min().unwrap_or(0)
            }
            _ => 0,
        };
        let own = i64::from(constraint.selects(&pod.class.labels));
        Self { constraint, domains, counts, own, least }
    }
}

/// A constraint that should be met, with what is counted for it.
struct Soft {
    constraint: Constraint,
    domains: Arc<Domains>,
    /// The pods that match: by domain, or by the node's place where each node is a domain.
    counts: Vec<i64>,
}

impl Soft {
    fn new(constraint: Constraint, takes_part: &[bool], pod: &PodInfo, nodes: &Snapshot) -> Self {
        let domains = nodes.domains(&constraint.topology_key);
        let counts = match constraint.topology_key.as_str() {
            HOSTNAME => constraint.count_on_nodes(pod, nodes),
            _ => constraint.count(&domains, takes_part, pod, nodes),
        };
        Self { constraint, domains, counts }
    }

    fn count_at(&self, node: &NodeInfo) -> Option<i64> {
        let domain = self.domains.at(node.place)?;
        match self.constraint.topology_key.as_str() {
            HOSTNAME => self.counts.get(node.place).copied(),
            _ => self.counts.get(domain).copied(),
        }
    }

    /// The more domains, the more a pod in one of them counts.
    fn weight(&self, nodes: &[&Arc<NodeInfo>]) -> f64 {
        let size = match self.constraint.topology_key.as_str() {
            HOSTNAME => nodes.len(),
            _ => {
                let domains = nodes.iter().map(|node| self.domains.at(node.place));
                domains.collect::<HashSet<_>>().len()
            }
        };
        ((size + 2) as f64).ln()
    }
}

#[cfg(test)]
mod tests;
