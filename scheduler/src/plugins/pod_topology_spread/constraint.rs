//! One constraint on how pods are spread: over what, which pods count, which nodes take part.
//!
//! Mirrors `plugins/podtopologyspread/common.go`.

use crate::plugins::taint_toleration::keeps_away;
use crate::pod::PodInfo;
use crate::snapshot::NodeInfo;
use control::node_selector;
use control::selector::{Labels, Matcher, is_empty, matches_all};
use k8s_openapi::api::core::v1::TopologySpreadConstraint;

/// The label by which hosts are told apart.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// One constraint.
pub(super) struct Constraint<'a> {
    /// The label whose values are the parts.
    pub(super) key: &'a str,
    pub(super) max_skew: i64,
    pub(super) min_domains: usize,
    /// All of these select a pod that counts; none at all select nothing.
    matchers: Vec<Matcher>,
    /// Labels that a pod must have besides.
    labels: Labels,
    honors_affinity: bool,
    honors_taints: bool,
}

/// What the pod insists on.
pub(super) fn hard(pod: &PodInfo) -> Vec<Constraint<'_>> {
    own(pod, "DoNotSchedule")
}

/// What the pod would like.
pub(super) fn soft(pod: &PodInfo) -> Vec<Constraint<'_>> {
    own(pod, "ScheduleAnyway")
}

/// What is done for pods that say nothing, and belong to something.
pub(super) fn defaults(pod: &PodInfo) -> Vec<Constraint<'_>> {
    if pod.kin.is_empty() {
        return Vec::new();
    }
    let over = |key, max_skew| Constraint {
        key,
        max_skew,
        min_domains: 1,
        matchers: pod.kin.clone(),
        labels: Labels::new(),
        honors_affinity: true,
        honors_taints: false,
    };
    vec![over(HOSTNAME, 3), over(ZONE, 5)]
}

fn own<'a>(pod: &'a PodInfo, action: &str) -> Vec<Constraint<'a>> {
    let asked = pod.spec().topology_spread_constraints.as_deref().unwrap_or_default();
    asked.iter().filter(|one| one.when_unsatisfiable == action).map(|one| read(pod, one)).collect()
}

fn read<'a>(pod: &PodInfo, asked: &'a TopologySpreadConstraint) -> Constraint<'a> {
    let own_labels = pod.pod.metadata.labels.as_ref();
    let keys = asked.match_label_keys.as_deref().unwrap_or_default();
    let labels = keys
        .iter()
        .filter_map(|key| own_labels?.get(key).map(|value| (key.clone(), value.clone())));
    let labels: Labels = labels.collect();
    // One that asks for nothing counts nothing, unless labels of the pod's own are added.
    let selector = asked.label_selector.as_ref().filter(|one| !is_empty(one) || !labels.is_empty());
    let honors = |policy: &Option<String>, default| match policy.as_deref() {
        Some(policy) => policy == "Honor",
        None => default,
    };
    Constraint {
        key: &asked.topology_key,
        max_skew: i64::from(asked.max_skew),
        min_domains: usize::try_from(asked.min_domains.unwrap_or(1)).unwrap_or(1),
        matchers: selector.and_then(|one| Matcher::new(one).ok()).into_iter().collect(),
        labels,
        honors_affinity: honors(&asked.node_affinity_policy, true),
        honors_taints: honors(&asked.node_taints_policy, false),
    }
}

impl Constraint<'_> {
    /// The part that a node belongs to.
    pub(super) fn value_on<'n>(&self, node: &'n NodeInfo) -> Option<&'n str> {
        node.node.metadata.labels.as_ref()?.get(self.key).map(String::as_str)
    }

    /// Whether the pods of a node count.
    pub(super) fn includes(&self, pod: &PodInfo, node: &NodeInfo) -> bool {
        if self.honors_affinity && !node_selector::selects(pod.spec(), &node.node) {
            return false;
        }
        let tolerations = pod.spec().tolerations.as_deref().unwrap_or_default();
        !self.honors_taints || !keeps_away(node.taints(), tolerations)
    }

    /// Whether a pod is one of those that are spread.
    pub(super) fn selects(&self, pod: &PodInfo) -> bool {
        let labels = pod.pod.metadata.labels.as_ref();
        !self.matchers.is_empty()
            && self.matchers.iter().all(|matcher| matcher.matches(labels))
            && matches_all(&self.labels, labels)
    }

    /// The pods on a node that are spread, but for those that are ending.
    pub(super) fn count(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        let namespace = &pod.pod.metadata.namespace;
        let counts = node.pods.iter().filter(|other| {
            let metadata = &other.pod.metadata;
            metadata.namespace == *namespace
                && metadata.deletion_timestamp.is_none()
                && self.selects(other)
        });
        i64::try_from(counts.count()).unwrap_or(i64::MAX)
    }
}
