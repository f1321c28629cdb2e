//! Which of a Job's pods go when there are too many: pure.
//!
//! Mirrors `activePodsForRemoval` of `k8s.io/kubernetes/pkg/controller/job` and `ActivePods` of
//! `pkg/controller`: the one that gives least goes first.

use super::pod;
use control::pods;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

/// At least `count` of `active`. For an indexed Job `completions` is set: pods without an index
/// below it go, and all but one of each index, however few are asked for.
pub(super) fn surplus(
    active: &[Arc<Pod>],
    count: usize,
    completions: Option<i32>,
) -> Vec<Arc<Pod>> {
    let mut left = active.to_vec();
    left.sort_by_key(|pod| worth(pod));
    let mut gone = Vec::new();
    if let Some(completions) = completions {
        let mut seen = HashSet::new();
        // From the best on, so that it is the one that stays.
        left.reverse();
        left.retain(|pod| {
            let index = pod::index(pod).filter(|index| *index < completions);
            let stays = index.is_some_and(|index| seen.insert(index));
            if !stays {
                gone.push(pod.clone());
            }
            stays
        });
        left.reverse();
    }
    let more = count.saturating_sub(gone.len());
    gone.extend(left.into_iter().take(more));
    gone
}

type Age = (bool, Reverse<Option<Timestamp>>);

/// What sorts the least useful first.
fn worth(pod: &Pod) -> (bool, u8, bool, Age, Reverse<(i32, i32)>, Age) {
    // No time yet is the youngest of all.
    let age = |time: Option<Timestamp>| (time.is_some(), Reverse(time));
    let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    (
        !pods::node_name(pod).is_empty(),
        pods::phase_order(pod),
        pods::is_ready(pod),
        age(pods::ready_since(pod)),
        Reverse(pods::restarts(pod)),
        age(created),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, index: &str, phase: &str) -> Arc<Pod> {
        let value = json!({
            "metadata": {"name": name,
                "annotations": {"batch.kubernetes.io/job-completion-index": index}},
            "status": {"phase": phase},
        });
        Arc::new(serde_json::from_value(value).expect("a pod"))
    }

    fn names(pods: &[Arc<Pod>]) -> Vec<&str> {
        pods.iter().filter_map(|pod| pod.metadata.name.as_deref()).collect()
    }

    #[test]
    fn the_least_useful_go_and_of_each_index_one_stays() {
        let all = [
            pod("a", "0", "Running"),
            pod("b", "1", "Pending"),
            pod("c", "1", "Running"),
            pod("d", "9", "Running"),
            pod("e", "x", "Running"),
        ];
        assert_eq!(names(&surplus(&all, 2, None)), ["b", "a"]);
        assert_eq!(names(&surplus(&all, 0, None)), [""; 0]);
        let mut gone = surplus(&all, 0, Some(3));
        gone.sort_by_key(|pod| pod.metadata.name.clone());
        assert_eq!(names(&gone), ["b", "d", "e"]);
        assert_eq!(surplus(&all, 5, Some(3)).len(), 5);
    }
}
