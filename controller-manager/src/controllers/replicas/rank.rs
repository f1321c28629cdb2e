//! Which pods go first when there are too many: pure.
//!
//! Mirrors `ActivePodsWithRanks` (`k8s.io/kubernetes/pkg/controller`): the one that gives least
//! goes first, and of pods that are about equally old any may, so that a rollout's pods don't all
//! go at once; there the UID decides, which is as good as chance and always the same.

use control::pods;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::jiff::Timestamp;
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The first `count` of `active` to delete.
pub(super) fn first_to_go(
    mut active: Vec<Arc<Pod>>,
    related: &[Arc<Pod>],
    now: Timestamp,
    count: usize,
) -> Vec<Arc<Pod>> {
    if count < active.len() {
        let mut on_node: HashMap<&str, usize> = HashMap::new();
        for pod in related.iter().filter(|pod| pods::is_active(pod)) {
            *on_node.entry(pods::node_name(pod)).or_default() += 1;
        }
        let neighbours = |pod: &Pod| on_node.get(pods::node_name(pod)).copied().unwrap_or(0);
        active.sort_by(|a, b| compare(a, b, neighbours(a), neighbours(b), now));
    }
    active.truncate(count);
    active
}

fn compare(a: &Pod, b: &Pod, near_a: usize, near_b: usize, now: Timestamp) -> Ordering {
    (!pods::node_name(a).is_empty())
        .cmp(&!pods::node_name(b).is_empty())
        .then_with(|| phase_order(a).cmp(&phase_order(b)))
        .then_with(|| pods::is_ready(a).cmp(&pods::is_ready(b)))
        .then_with(|| deletion_cost(a).cmp(&deletion_cost(b)))
        .then_with(|| near_b.cmp(&near_a))
        .then_with(|| younger_first(a, b, pods::ready_since(a), pods::ready_since(b), now))
        .then_with(|| Reverse(restarts(a)).cmp(&Reverse(restarts(b))))
        .then_with(|| younger_first(a, b, created(a), created(b), now))
}

fn phase_order(pod: &Pod) -> u8 {
    match pods::phase(pod) {
        "Unknown" => 1,
        "Running" => 2,
        _ => 0,
    }
}

fn deletion_cost(pod: &Pod) -> i32 {
    let annotations = pod.metadata.annotations.as_ref();
    annotations.and_then(|all| all.get(DELETION_COST)?.parse().ok()).unwrap_or(0)
}

fn created(pod: &Pod) -> Option<Timestamp> {
    pod.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

/// Ages are compared by their order of magnitude (base 2).
fn younger_first(
    a: &Pod,
    b: &Pod,
    time_a: Option<Timestamp>,
    time_b: Option<Timestamp>,
    now: Timestamp,
) -> Ordering {
    let magnitude = |time: Timestamp| {
        let nanos = now.as_nanosecond() - time.as_nanosecond();
        u128::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(u128::ilog2)
    };
    match (time_a, time_b) {
        (Some(a), Some(b)) if a == b => Ordering::Equal,
        (Some(time_a), Some(time_b)) => magnitude(time_a)
            .cmp(&magnitude(time_b))
            .then_with(|| a.metadata.uid.cmp(&b.metadata.uid)),
        // No time yet is the youngest of all.
        (time_a, time_b) => time_a.is_some().cmp(&time_b.is_some()),
    }
}

fn restarts(pod: &Pod) -> (i32, i32) {
    let most = |statuses: Option<&Vec<ContainerStatus>>| {
        statuses.into_iter().flatten().map(|status| status.restart_count).max().unwrap_or(0)
    };
    let status = pod.status.as_ref();
    (
        most(status.and_then(|status| status.container_statuses.as_ref())),
        most(status.and_then(|status| status.init_container_statuses.as_ref())),
    )
}
