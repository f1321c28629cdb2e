//! A Deployment that changes its size in the middle of a rollout: each ReplicaSet gets its share.
//!
//! Mirrors `scale` (`pkg/controller/deployment/sync.go`) and `GetReplicaSetProportion`.

use super::bounds::{max_surge, wanted};
use super::revision::{MAXIMUM, by_creation, number};
use super::strategy::replicas;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

/// The new size of each of `sets` (all with pods, and more than one), by its index.
pub(super) fn shares(deployment: &Deployment, sets: &[&ReplicaSet]) -> Vec<i32> {
    let allowed = match wanted(deployment) {
        0 => 0,
        wanted => wanted + max_surge(deployment),
    };
    let total: i32 = sets.iter().map(|set| replicas(set)).sum();
    let change = allowed - total;
    let mut sizes: Vec<i32> = sets.iter().map(|set| replicas(set)).collect();
    if change == 0 {
        return sizes;
    }
    // The largest first; of equal ones the newer is filled and the older emptied first.
    let mut order: Vec<usize> = (0..sets.len()).collect();
    order.sort_by(|&a, &b| {
        let by_age = by_creation(sets[a], sets[b]);
        let tie = if change > 0 { by_age.reverse() } else { by_age };
        replicas(sets[b]).cmp(&replicas(sets[a])).then(tie)
    });
    let mut given = 0;
    for &index in &order {
        let share = proportion(deployment, sets[index], change, given);
        sizes[index] += share;
        given += share;
    }
    sizes[order[0]] = (sizes[order[0]] + change - given).max(0);
    sizes
}

fn proportion(deployment: &Deployment, set: &ReplicaSet, change: i32, given: i32) -> i32 {
    if replicas(set) == 0 || change == given {
        return 0;
    }
    let fraction = fraction(deployment, set);
    let left = change - given;
    if change > 0 { fraction.min(left) } else { fraction.max(left) }
}

/// How much `set` would change to keep its share of the whole.
fn fraction(deployment: &Deployment, set: &ReplicaSet) -> i32 {
    if wanted(deployment) == 0 {
        return -replicas(set);
    }
    let before = number(set, MAXIMUM)
        .filter(|maximum| *maximum != 0)
        .or_else(|| deployment.status.as_ref().and_then(|status| status.replicas))
        .unwrap_or(0);
    if before == 0 {
        return 0;
    }
    let maximum = wanted(deployment) + max_surge(deployment);
    let share = f64::from(replicas(set)) * f64::from(maximum) / f64::from(before);
    // In range: a share of an i32, and rounded.
    share.round() as i32 - replicas(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(name: &str, replicas: i32, maximum: i32, second: u32) -> ReplicaSet {
        serde_json::from_value(json!({
            "metadata": {"name": name, "annotations": {MAXIMUM: maximum.to_string()},
                         "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z")},
            "spec": {"replicas": replicas, "selector": {}},
        }))
        .expect("a replica set")
    }

    fn deployment(replicas: i32, surge: i32) -> Deployment {
        serde_json::from_value(json!({"spec": {
            "replicas": replicas, "selector": {}, "template": {},
            "strategy": {"type": "RollingUpdate",
                         "rollingUpdate": {"maxSurge": surge, "maxUnavailable": 0}},
        }}))
        .expect("a deployment")
    }

    #[test]
    fn sizes_keep_their_proportion_and_the_largest_takes_the_rest() {
        // (wanted, surge, sizes before with their maximum, sizes after)
        let table = [
            (12, 0, vec![5, 5], 10, vec![6, 6]),
            (20, 0, vec![5, 3, 2], 10, vec![10, 6, 4]),
            (5, 0, vec![5, 3, 2], 10, vec![2, 2, 1]),
            (15, 3, vec![8, 5], 13, vec![11, 7]),
            (0, 0, vec![4, 2], 6, vec![0, 0]),
        ];
        for (wanted, surge, before, maximum, after) in table {
            let sets: Vec<_> = before
                .iter()
                .enumerate()
                .map(|(age, size)| set(&format!("s{age}"), *size, maximum, 59 - age as u32))
                .collect();
            let borrowed: Vec<_> = sets.iter().collect();
            let got = shares(&deployment(wanted, surge), &borrowed);
            assert_eq!(got, after, "{wanted} of {before:?}");
        }
    }
}
