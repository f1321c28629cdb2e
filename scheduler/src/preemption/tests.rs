//! Who has to go, and what is said where nobody can.

use super::*;
use crate::cycle::{Decision, Search, schedule};
use crate::plugin_args::Candidates;
use crate::plugins::testing::{cluster, default_rows, node};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::{Value, json};

fn sized(name: &str) -> Node {
    node(json!({"metadata": {"name": name},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}}))
}

fn pod(name: &str, priority: i32, cpu: &str, extra: Value) -> PodInfo {
    let mut spec = json!({"priority": priority,
        "containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]});
    for (name, value) in extra.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": name, "uid": name, "namespace": "ns", "labels": {"app": name}},
        "spec": spec,
    }))
    .expect("a pod");
    PodInfo::new(Arc::new(pod))
}

fn outcome(pod: &PodInfo, nodes: &Snapshot) -> Result<(String, Vec<String>), String> {
    let search = Search { percent: 0, start: 0, chance: 0 };
    let Decision::Refuse(mut refusal) = schedule(pod, nodes, &default_rows(), search) else {
        panic!("a refusal")
    };
    match preempt(pod, nodes, &default_rows(), &refusal, Some(Candidates::default()), 0) {
        Preemption::Room { node, victims } => {
            Ok((node, victims.iter().map(|victim| victim.uid.clone()).collect()))
        }
        Preemption::Nothing { sentence, .. } => {
            refusal.preemption = Some(sentence);
            Err(refusal.message())
        }
    }
}

#[test]
fn the_least_important_and_the_fewest_make_room() {
    let nodes = cluster(vec![
        (sized("a"), vec![pod("a1", 5, "2", json!({})), pod("a2", 1, "2", json!({}))]),
        (sized("b"), vec![pod("b1", 2, "2", json!({})), pod("b2", 1, "2", json!({}))]),
        (sized("c"), vec![pod("c1", 50, "4", json!({}))]),
    ]);
    // On either node the one of priority 1 would do; on b it is as cheap, a comes first.
    let wanting = |cpu: &str| pod("new", 10, cpu, json!({}));
    assert_eq!(outcome(&wanting("2"), &nodes), Ok(("a".into(), vec!["a2".into()])));
    assert_eq!(outcome(&wanting("4"), &nodes), Ok(("b".into(), vec!["b1".into(), "b2".into()])));
}

#[test]
fn budgets_are_broken_last() {
    let mut nodes = cluster(vec![
        (sized("a"), vec![pod("a1", 1, "4", json!({}))]),
        (sized("b"), vec![pod("b1", 2, "4", json!({}))]),
    ]);
    let budget: PodDisruptionBudget = serde_json::from_value(json!({
        "metadata": {"name": "a", "namespace": "ns"},
        "spec": {"selector": {"matchLabels": {"app": "a1"}}},
        "status": {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1,
            "expectedPods": 1}}))
    .expect("a budget");
    let around = Arc::make_mut(&mut nodes.around);
    Arc::make_mut(&mut around.budgets).insert(control::Key::of(&budget), Arc::new(budget));
    let new = pod("new", 10, "4", json!({}));
    assert_eq!(outcome(&new, &nodes), Ok(("b".into(), vec!["b1".into()])));
}

#[test]
fn the_sentence_says_why_nobody_goes() {
    let cordoned = node(json!({"metadata": {"name": "c"}, "spec": {"unschedulable": true}}));
    let nodes = cluster(vec![
        (sized("a"), vec![pod("a1", 10, "4", json!({}))]),
        (sized("b"), vec![pod("b1", 1, "1", json!({})), pod("b2", 20, "3", json!({}))]),
        (cordoned, vec![]),
    ]);
    let head = "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. \
                no new claims to deallocate, ";
    let new = |extra| pod("new", 10, "2", extra);
    assert_eq!(
        outcome(&new(json!({})), &nodes),
        Err(format!(
            "{head}preemption: 0/3 nodes are available: 1 Insufficient cpu, 1 No preemption \
             victims found for incoming pod, 1 Preemption is not helpful for scheduling."
        ))
    );
    assert_eq!(
        outcome(&new(json!({"preemptionPolicy": "Never"})), &nodes),
        Err(format!("{head}preemption: not eligible due to preemptionPolicy=Never."))
    );
}
