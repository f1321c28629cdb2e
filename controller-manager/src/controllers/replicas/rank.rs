//! Which pods go first when there are too many: pure.
//!
//! Mirrors `ActivePodsWithRanks` (`k8s.io/kubernetes/pkg/controller`): the one that gives least
//! goes first, and of pods that are about equally old any may, so that a rollout's pods don't all
//! go at once; there the UID decides, which is as good as chance and always the same. Upstream's
//! comparison is no order where some of them became ready in the same second; this one is.

use control::pods;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use std::cmp::Reverse;
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
    if count > 0 && count < active.len() {
        let mut on_node: HashMap<&str, usize> = HashMap::new();
        for pod in related.iter().filter(|pod| pods::is_active(pod)) {
            *on_node.entry(pods::node_name(pod)).or_default() += 1;
        }
        // Of pods that became ready at the same time, the least UID: it orders such times.
        let mut least: HashMap<Timestamp, String> = HashMap::new();
        for pod in &active {
            if let Some(time) = pods::ready_since(pod) {
                let known = least.entry(time).or_insert_with(|| uid(pod));
                *known = uid(pod).min(std::mem::take(known));
            }
        }
        active.sort_by_cached_key(|pod| {
            let neighbours = on_node.get(pods::node_name(pod)).copied().unwrap_or(0);
            let ready = pods::ready_since(pod);
            (
                !pods::node_name(pod).is_empty(),
                pods::phase_order(pod),
                pods::is_ready(pod),
                deletion_cost(pod),
                Reverse(neighbours),
                age(ready, now),
                ready.and_then(|time| least.get(&time).cloned()),
                Reverse(pods::restarts(pod)),
                age(created(pod), now),
                uid(pod),
            )
        });
    }
    active.truncate(count);
    active
}

fn deletion_cost(pod: &Pod) -> i32 {
    let annotations = pod.metadata.annotations.as_ref();
    annotations.and_then(|all| all.get(DELETION_COST)?.parse().ok()).unwrap_or(0)
}

fn created(pod: &Pod) -> Option<Timestamp> {
    pod.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

/// The order of magnitude of an age (base 2), the younger first; no time yet is the youngest.
fn age(time: Option<Timestamp>, now: Timestamp) -> Option<Option<u32>> {
    time.map(|time| {
        let nanos = now.as_nanosecond() - time.as_nanosecond();
        u128::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(u128::ilog2)
    })
}

fn uid(pod: &Pod) -> String {
    pod.metadata.uid.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(uid: &str, ready: &str, restarts: i32) -> Arc<Pod> {
        let pod = json!({
            "metadata": {"uid": uid, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"nodeName": "n", "containers": []},
            "status": {"phase": "Running",
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": ready}],
                "containerStatuses": [{"name": "c", "image": "", "imageID": "", "ready": true,
                    "restartCount": restarts}]},
        });
        Arc::new(serde_json::from_value(pod).expect("a pod"))
    }

    fn order(pods: Vec<Arc<Pod>>) -> Vec<String> {
        let now: Timestamp = "2026-01-01T01:00:00Z".parse().expect("a time");
        let count = pods.len() - 1;
        first_to_go(pods, &[], now, count).iter().map(|pod| uid(pod)).collect()
    }

    #[test]
    fn many_pods_have_one_order() {
        let mut pods: Vec<_> = (0..200)
            .map(|n| {
                let uid = format!("{:03}", n * 73 % 200);
                pod(&uid, &format!("2026-01-01T00:00:{:02}Z", n % 7), n % 3)
            })
            .collect();
        let first = order(pods.clone());
        for _ in 0..10 {
            pods.rotate_left(37);
            pods.swap(3, 150);
            let again = order(pods.clone());
            assert_eq!(again, first);
        }
    }

    #[test]
    fn restarts_decide_between_pods_that_became_ready_together() {
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(order(vec![pod("a", at, 0), pod("b", at, 5), pod("c", at, 1)]), ["b", "c"]);
        let younger = "2026-01-01T00:59:59Z";
        assert_eq!(order(vec![pod("a", at, 9), pod("b", younger, 0)]), ["b"]);
    }
}
