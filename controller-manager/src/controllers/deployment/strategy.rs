//! How many pods each ReplicaSet should have next: rolling update and recreate.
//!
//! Mirrors `rolling.go` and `recreate.go` of `pkg/controller/deployment`.

use super::bounds::{is_rolling, max_surge, max_unavailable, wanted};
use super::revision::by_creation;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

/// The size that its spec asks for.
pub(super) fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// Its pods that are ready for long enough.
pub(super) fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0)
}

/// The next size of the new set, beside `others` pods of old sets.
pub(super) fn new_size(deployment: &Deployment, new: &ReplicaSet, others: i32) -> i32 {
    let (wanted, now) = (wanted(deployment), replicas(new));
    if !is_rolling(deployment) || now >= wanted {
        return wanted;
    }
    let room = wanted + max_surge(deployment) - others - now;
    now + room.clamp(0, wanted - now)
}

/// The next sizes of the old sets, in the order given, which is not changed.
pub(super) fn old_sizes(deployment: &Deployment, new: &ReplicaSet, old: &[ReplicaSet]) -> Vec<i32> {
    let mut sizes: Vec<i32> = old.iter().map(replicas).collect();
    let total = sizes.iter().sum::<i32>() + replicas(new);
    let minimum = wanted(deployment) - max_unavailable(deployment);
    let new_unavailable = replicas(new) - available(new);
    let mut unhealthy_budget = total - minimum - new_unavailable;
    if unhealthy_budget <= 0 {
        return sizes;
    }
    let mut order: Vec<usize> = (0..old.len()).collect();
    order.sort_by(|&a, &b| by_creation(&old[a], &old[b]));
    // Pods that serve nobody can go first: that costs no availability.
    for &index in &order {
        let unhealthy = (sizes[index] - available(&old[index])).max(0);
        let gone = unhealthy.min(unhealthy_budget);
        sizes[index] -= gone;
        unhealthy_budget -= gone;
    }
    let serving = old.iter().map(available).sum::<i32>() + available(new);
    let mut budget = (serving - minimum).max(0);
    for &index in &order {
        let gone = sizes[index].min(budget);
        sizes[index] -= gone;
        budget -= gone;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(name: &str, replicas: i32, available: i32) -> ReplicaSet {
        serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {}},
            "status": {"replicas": replicas, "availableReplicas": available},
        }))
        .expect("a replica set")
    }

    fn rolling(replicas: i32, surge: i32, unavailable: i32) -> Deployment {
        serde_json::from_value(json!({"spec": {
            "replicas": replicas, "selector": {}, "template": {},
            "strategy": {"type": "RollingUpdate",
                         "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}},
        }}))
        .expect("a deployment")
    }

    #[test]
    fn the_new_set_grows_into_the_room_there_is() {
        let table = [((10, 3, 2), 0, 10, 3), ((10, 3, 2), 3, 8, 5), ((10, 0, 2), 0, 10, 0)];
        for ((wanted, surge, unavailable), now, others, expected) in table {
            let deployment = rolling(wanted, surge, unavailable);
            assert_eq!(new_size(&deployment, &set("new", now, 0), others), expected);
        }
        assert_eq!(new_size(&rolling(4, 1, 1), &set("new", 9, 9), 0), 4);
    }

    #[test]
    fn old_sets_shrink_only_as_far_as_availability_allows() {
        // (deployment, new (size, available), old sizes and available, expected)
        let table = [
            ((10, 3, 2), (3, 0), vec![(10, 10)], vec![8]),
            ((10, 3, 2), (5, 0), vec![(8, 8)], vec![8]),
            ((10, 3, 2), (5, 5), vec![(8, 8)], vec![3]),
            ((10, 0, 2), (0, 0), vec![(10, 7)], vec![8]),
            ((3, 1, 0), (1, 1), vec![(2, 2), (1, 1)], vec![1, 1]),
        ];
        for ((wanted, surge, unavailable), new, old, expected) in table {
            let deployment = rolling(wanted, surge, unavailable);
            let old: Vec<_> = old
                .iter()
                .enumerate()
                .map(|(index, (size, up))| set(&format!("old{index}"), *size, *up))
                .collect();
            let sizes = old_sizes(&deployment, &set("new", new.0, new.1), &old);
            assert_eq!(sizes, expected, "{wanted} {new:?}");
        }
    }
}
