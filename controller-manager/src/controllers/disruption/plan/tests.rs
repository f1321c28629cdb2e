//! Budgets of all forms, counted.

use super::*;
use serde_json::{Value, json};

const NOW: &str = "2026-01-01T00:10:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn budget(spec: Value) -> PodDisruptionBudget {
    serde_json::from_value(json!({
        "metadata": {"name": "b", "namespace": "ns", "generation": 4}, "spec": spec}))
    .expect("a budget")
}

fn pod(name: &str, ready: bool) -> Arc<Pod> {
    let status = if ready { "True" } else { "False" };
    let pod = json!({"metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": status}]}});
    Arc::new(serde_json::from_value(pod).expect("a pod"))
}

fn pods(ready: usize, unready: usize) -> Vec<Arc<Pod>> {
    let ready = (0..ready).map(|n| pod(&format!("r{n}"), true));
    ready.chain((0..unready).map(|n| pod(&format!("u{n}"), false))).collect()
}

fn expected(budget: &PodDisruptionBudget, pods: &[Arc<Pod>], scale: i32) -> Expected {
    if needs_scale(budget) {
        Expected::scaled(budget, scale, false)
    } else {
        Expected::counted(budget, pods)
    }
}

/// Expected, desired, current, allowed.
fn counts(plan: &Plan) -> [i32; 4] {
    let status = plan.budget.as_ref().and_then(|budget| budget.status.as_ref()).expect("a status");
    [
        status.expected_pods,
        status.desired_healthy,
        status.current_healthy,
        status.disruptions_allowed,
    ]
    .map(|count| count.expect("written"))
}

#[test]
fn each_form_is_counted_its_own_way() {
    let table = [
        // A number: owners don't matter.
        (json!({"minAvailable": 2}), (3, 0), 9, [3, 2, 3, 1]),
        (json!({"minAvailable": 3}), (2, 1), 9, [3, 3, 2, 0]),
        (json!({"minAvailable": 0}), (0, 0), 9, [0, 0, 0, 0]),
        // A share of what the owners ask for, rounded up.
        (json!({"minAvailable": "30%"}), (5, 0), 10, [10, 3, 5, 2]),
        (json!({"minAvailable": "28%"}), (7, 0), 10, [10, 3, 7, 4]),
        (json!({"minAvailable": "100%"}), (5, 0), 5, [5, 5, 5, 0]),
        // How many may be missing.
        (json!({"maxUnavailable": 1}), (3, 0), 3, [3, 2, 3, 1]),
        (json!({"maxUnavailable": 1}), (2, 1), 3, [3, 2, 2, 0]),
        (json!({"maxUnavailable": 9}), (3, 0), 3, [3, 0, 3, 3]),
        (json!({"maxUnavailable": "34%"}), (3, 0), 3, [3, 1, 3, 2]),
        (json!({}), (3, 0), 3, [0, 0, 3, 0]),
    ];
    for (spec, (ready, unready), scale, wanted) in table {
        let (budget, pods) = (budget(spec.clone()), pods(ready, unready));
        let plan = plan(&budget, &pods, &expected(&budget, &pods, scale), now());
        assert_eq!(counts(&plan), wanted, "{spec}");
        let status = plan.budget.and_then(|budget| budget.status).expect("a status");
        assert_eq!(status.observed_generation, Some(4));
        let condition = &status.conditions.as_ref().expect("one")[0];
        let (is, why) =
            if wanted[3] > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        assert_eq!((condition.status.as_str(), condition.reason.as_str()), (is, why), "{spec}");
    }
}

#[test]
fn a_second_look_changes_nothing_and_a_new_generation_does() {
    let pods = pods(3, 0);
    let first = budget(json!({"minAvailable": 2}));
    let wanted = expected(&first, &pods, 0);
    let mut written = plan(&first, &pods, &wanted, now()).budget.expect("a change");
    assert!(plan(&written, &pods, &wanted, now()).budget.is_none());
    written.metadata.generation = Some(5);
    let later = "2026-01-01T00:20:00Z".parse().expect("a time");
    let again = plan(&written, &pods, &wanted, later).budget.expect("a change");
    let condition = again.status.and_then(|status| status.conditions).expect("one").remove(0);
    assert_eq!(condition.observed_generation, Some(5));
    assert_eq!(condition.last_transition_time.0, now(), "it says the same as before");
}

#[test]
fn who_was_evicted_counts_no_more_until_its_time_is_over() {
    let mut pods = pods(5, 0);
    let going = json!({"metadata": {"name": "r4", "deletionTimestamp": NOW},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    pods[4] = Arc::new(serde_json::from_value(going).expect("a pod"));
    let mut budget = budget(json!({"minAvailable": 1}));
    budget.status = serde_json::from_value(json!({"disruptedPods": {
        "r0": "2026-01-01T00:09:00Z",
        "r1": "2026-01-01T00:08:30Z",
        "r2": "2026-01-01T00:07:59Z",
        "r4": "2026-01-01T00:09:59Z",
        "gone": "2026-01-01T00:09:59Z"}}))
    .expect("a status");
    let plan = plan(&budget, &pods, &expected(&budget, &pods, 0), now());
    assert_eq!(counts(&plan), [5, 1, 2, 1], "r2 and r3 are healthy");
    let status = plan.budget.and_then(|budget| budget.status).expect("a status");
    let left: Vec<_> = status.disrupted_pods.into_iter().flatten().map(|(name, _)| name).collect();
    assert_eq!(left, ["r0", "r1"]);
    assert_eq!(plan.look_again, Some(Duration::from_secs(30)));
    let told: Vec<_> = plan.not_deleted.iter().map(|pod| pod.metadata.name.clone()).collect();
    assert_eq!(told, [Some("r2".to_owned())]);
}

#[test]
fn what_can_not_be_counted_lets_nobody_go() {
    let pods = pods(3, 0);
    let first = budget(json!({"minAvailable": 2}));
    let wanted = expected(&first, &pods, 0);
    let written = plan(&first, &pods, &wanted, now()).budget.expect("a change");
    let broken = failed(&written, "found no controllers for pod \"x\"", now()).expect("a change");
    let status = broken.status.as_ref().expect("a status");
    assert_eq!((status.disruptions_allowed, status.current_healthy), (Some(0), Some(3)));
    let condition = &status.conditions.as_ref().expect("one")[0];
    assert_eq!(condition.reason, "SyncFailed");
    assert_eq!(condition.message, "found no controllers for pod \"x\"");
    assert!(failed(&broken, "found no controllers for pod \"x\"", now()).is_none());
    let mended = plan(&broken, &pods, &wanted, now()).budget.expect("a change");
    assert_eq!(counts(&plan(&broken, &pods, &wanted, now())), [3, 2, 3, 1]);
    assert_eq!(mended.status.and_then(|s| s.conditions).expect("one")[0].message, "");
}
