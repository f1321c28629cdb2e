//! One constraint: which pods it counts, and on which nodes.

use crate::node::NodeInfo;
use crate::plugins::taint_toleration::keeps_away;
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use crate::topology::{Domains, HOSTNAME, ZONE};
use control::node_selector::{required, selects};
use control::selector::{Labels, Matcher, is_empty, matches_all};
use k8s_openapi::api::core::v1::TopologySpreadConstraint;

/// What is asked for pods that ask for nothing: the label, and how much more one value of it may
/// have than another.
const SYSTEM: [(&str, i64); 2] = [(HOSTNAME, 3), (ZONE, 5)];

/// One, compiled.
#[derive(Debug)]
pub(super) struct Constraint {
    pub(super) max_skew: i64,
    pub(super) topology_key: String,
    pub(super) min_domains: i64,
    selector: Selector,
    honors_affinity: bool,
    honors_taints: bool,
}

/// Which pods are counted: those that all of it selects.
#[derive(Debug, Default)]
struct Selector {
    labels: Labels,
    matchers: Vec<Matcher>,
    /// Set where it selects nothing at all.
    is_nothing: bool,
}

impl Selector {
    /// Whether it asks for nothing, and so selects all.
    fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.matchers.is_empty() && !self.is_nothing
    }
}

impl Constraint {
    /// What `pod` itself asks for, of the kind `action`.
    pub(super) fn of(pod: &PodInfo, action: &str) -> Vec<Self> {
        let all = pod.spec().topology_spread_constraints.iter().flatten();
        all.filter(|given| given.when_unsatisfiable == action)
            .map(|given| {
                let mut selector = Selector::default();
                match &given.label_selector {
                    None => selector.is_nothing = true,
                    Some(own) if is_empty(own) => {}
                    Some(own) => match Matcher::new(own) {
                        Ok(matcher) => selector.matchers.push(matcher),
                        Err(_) => selector.is_nothing = true,
                    },
                }
                for key in given.match_label_keys.iter().flatten() {
                    if let Some(value) = pod.class.labels.get(key) {
                        selector.labels.insert(key.clone(), value.clone());
                    }
                }
                Self::new(given, selector)
            })
            .collect()
    }

    fn new(given: &TopologySpreadConstraint, selector: Selector) -> Self {
        Self {
            max_skew: given.max_skew.into(),
            topology_key: given.topology_key.clone(),
            min_domains: given.min_domains.unwrap_or(1).into(),
            selector,
            honors_affinity: given.node_affinity_policy.as_deref() != Some("Ignore"),
            honors_taints: given.node_taints_policy.as_deref() == Some("Honor"),
        }
    }

    /// What the configuration does for pods that ask for nothing, and belong to something.
    pub(super) fn configured(
        pod: &PodInfo,
        all: &[TopologySpreadConstraint],
        action: &str,
    ) -> Vec<Self> {
        if pod.kin.is_empty() {
            return Vec::new();
        }
        let kin = || Selector { matchers: pod.kin.clone(), ..Selector::default() };
        let wanted = all.iter().filter(|given| given.when_unsatisfiable == action);
        wanted.map(|given| Self::new(given, kin())).collect()
    }

    /// What is done for pods that ask for nothing, and belong to something.
    pub(super) fn defaults(pod: &PodInfo) -> Vec<Self> {
        if pod.kin.is_empty() {
            return Vec::new();
        }
        let over = |(key, max_skew): (&str, i64)| Self {
            max_skew,
            topology_key: key.to_owned(),
            min_domains: 1,
            selector: Selector { matchers: pod.kin.clone(), ..Selector::default() },
            honors_affinity: true,
            honors_taints: false,
        };
        SYSTEM.into_iter().map(over).collect()
    }

    /// Whether it counts a pod with these labels.
    pub(super) fn selects(&self, labels: &Labels) -> bool {
        !self.selector.is_nothing
            && matches_all(&self.selector.labels, Some(labels))
            && self.selector.matchers.iter().all(|matcher| matcher.matches(Some(labels)))
    }

    /// The pods of the namespace of `pod` that are selected, by domain, on the nodes that
    /// `takes_part` (by place). An empty selector counts none.
    pub(super) fn count(
        &self,
        domains: &Domains,
        takes_part: &[bool],
        pod: &PodInfo,
        nodes: &Snapshot,
    ) -> Vec<i64> {
        let mut counts = vec![0; domains.len()];
        self.each(pod, nodes, |place, count| {
            if let Some(domain) = domains.at(place).filter(|_| takes_part[place]) {
                counts[domain] += count;
            }
        });
        counts
    }

    /// The same, for each node by itself.
    pub(super) fn count_on_nodes(&self, pod: &PodInfo, nodes: &Snapshot) -> Vec<i64> {
        let mut counts = vec![0; nodes.len()];
        self.each(pod, nodes, |place, count| counts[place] += count);
        counts
    }

    fn each(&self, pod: &PodInfo, nodes: &Snapshot, mut with: impl FnMut(usize, i64)) {
        if self.selector.is_empty() {
            return;
        }
        for tally in nodes.tallies().of(&pod.class.namespace) {
            if !tally.class.is_terminating && self.selects(&tally.class.labels) {
                tally.on.iter().for_each(|(place, count)| with(*place, *count));
            }
        }
    }

    fn admits(&self, pod: &PodInfo, node: &NodeInfo) -> bool {
        if self.honors_affinity && !selects(pod.spec(), &node.node) {
            return false;
        }
        let tolerations = pod.spec().tolerations.as_deref().unwrap_or_default();
        !self.honors_taints || !keeps_away(node.taints(), tolerations)
    }
}

/// For each constraint and node, by place, whether the node takes part: it has the labels of all
/// (where `needs_all`), and the constraint's policies admit it.
pub(super) fn eligible(
    constraints: &[Constraint],
    pod: &PodInfo,
    nodes: &Snapshot,
    needs_all: bool,
) -> Vec<Vec<bool>> {
    let domains: Vec<_> =
        constraints.iter().map(|constraint| nodes.domains(&constraint.topology_key)).collect();
    let has_all: Vec<bool> = (0..nodes.len())
        .map(|place| !needs_all || domains.iter().all(|own| own.at(place).is_some()))
        .collect();
    let wants_nodes = pod.spec().node_selector.is_some() || required(pod.spec()).is_some();
    constraints
        .iter()
        .map(|constraint| {
            if constraint.honors_taints || (constraint.honors_affinity && wants_nodes) {
                let pairs = nodes.iter().zip(&has_all);
                return pairs
                    .map(|(node, has_all)| *has_all && constraint.admits(pod, node))
                    .collect();
            }
            has_all.clone()
        })
        .collect()
}
