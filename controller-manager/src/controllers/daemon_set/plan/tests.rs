//! Which pods a plan makes and deletes, node by node.

use super::*;
use serde_json::{Value, json};

fn set(strategy: Value) -> DaemonSet {
    serde_json::from_value(json!({
        "metadata": {"name": "ds", "namespace": "ns", "uid": "ds"},
        "spec": {"selector": {"matchLabels": {"app": "x"}}, "updateStrategy": strategy,
            "template": {"metadata": {"labels": {"app": "x"}},
                "spec": {"nodeSelector": {"os": "linux"}, "containers": []}}},
    }))
    .expect("a daemon set")
}

fn node(name: &str, os: &str, taint: Option<&str>) -> Arc<Node> {
    let taints: Vec<_> =
        taint.iter().map(|key| json!({"key": key, "effect": "NoSchedule"})).collect();
    let value =
        json!({"metadata": {"name": name, "labels": {"os": os}}, "spec": {"taints": taints}});
    Arc::new(serde_json::from_value(value).expect("a node"))
}

fn pod(name: &str, node: &str, hash: &str, ready: bool) -> Arc<Pod> {
    let status = if ready { "True" } else { "False" };
    let value = json!({
        "metadata": {"name": name, "namespace": "ns", "uid": name,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "x", "controller-revision-hash": hash}},
        "spec": {"nodeName": node, "containers": []},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status,
            "lastTransitionTime": "1970-01-01T00:00:00Z"}]},
    });
    Arc::new(serde_json::from_value(value).expect("a pod"))
}

fn run(
    set: &DaemonSet,
    nodes: Vec<Arc<Node>>,
    pods: Vec<Arc<Pod>>,
) -> (Plan, Vec<String>, Vec<String>) {
    run_held(set, nodes, pods, &[])
}

fn run_held(
    set: &DaemonSet,
    nodes: Vec<Arc<Node>>,
    pods: Vec<Arc<Pod>>,
    held: &[&str],
) -> (Plan, Vec<String>, Vec<String>) {
    let held = held.iter().map(|uid| (*uid).to_owned()).collect();
    let snapshot = Snapshot { set, nodes, pods, hash: "new", manage: true, held };
    let plan = plan(&snapshot, Timestamp::from_second(100).expect("valid"));
    let created = plan.create.iter().map(|action| {
        let Action::Create { body, .. } = action else { panic!("a create") };
        let pod: Pod = serde_json::from_value(body.clone()).expect("a pod");
        target(&pod).expect("bound").to_owned()
    });
    let created = created.collect();
    let deleted = plan.delete.iter().map(|pod| pod.metadata.name.clone().expect("named"));
    let deleted = deleted.collect();
    (plan, created, deleted)
}

fn rolling(surge: i32, unavailable: i32) -> Value {
    json!({"type": "RollingUpdate",
           "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}})
}

#[test]
fn each_node_that_fits_gets_one() {
    let nodes = vec![
        node("a", "linux", None),
        node("b", "other", None),
        node("c", "linux", Some("keep-out")),
        node("d", "linux", Some("node.kubernetes.io/unschedulable")),
    ];
    let pods = vec![pod("on-b", "b", "new", true), pod("on-c", "c", "new", true)];
    let (plan, created, deleted) = run(&set(rolling(0, 1)), nodes, pods);
    assert_eq!(created, ["a", "d"]);
    assert_eq!(deleted, ["on-b"], "a taint that came later keeps nobody from staying");
    let status = plan.status.expect("changed").status.expect("a status");
    assert_eq!((status.desired_number_scheduled, status.number_misscheduled), (2, 2));
}

#[test]
fn an_update_takes_as_many_nodes_as_it_may() {
    let nodes = || ["a", "b", "c"].map(|name| node(name, "linux", None)).to_vec();
    let old = |ready: bool| {
        vec![pod("pa", "a", "old", ready), pod("pb", "b", "old", true), pod("pc", "c", "new", true)]
    };
    let (_, created, deleted) = run(&set(rolling(0, 1)), nodes(), old(true));
    assert_eq!((created.len(), deleted), (0, vec!["pa".to_owned()]));
    let (_, _, deleted) = run(&set(rolling(0, 1)), nodes(), old(false));
    assert_eq!(deleted, ["pa"], "the one that is down goes, and no other");
    let (_, created, deleted) = run(&set(rolling(1, 0)), nodes(), old(true));
    assert_eq!((created, deleted.len()), (vec!["a".to_owned()], 0));
    let (_, created, deleted) = run(&set(json!({"type": "OnDelete"})), nodes(), old(true));
    assert_eq!((created.len(), deleted.len()), (0, 0));
    let mut both = old(true);
    both.push(pod("pa2", "a", "new", true));
    let (_, _, deleted) = run(&set(rolling(1, 0)), nodes(), both);
    assert_eq!(deleted, ["pa"]);
}

#[test]
fn one_pod_a_node_and_none_where_there_is_no_node() {
    let mut early = (*pod("early", "", "new", false)).clone();
    early.spec.as_mut().expect("a spec").node_name = None;
    let pods =
        vec![pod("first", "a", "new", true), pod("second", "a", "new", true), Arc::new(early)];
    let (_, created, deleted) = run(&set(rolling(0, 1)), vec![node("a", "linux", None)], pods);
    assert!(created.is_empty());
    assert_eq!(deleted, ["second", "early"]);
}

/// `pod`, ended with `phase`; `ending` where it is being deleted too.
fn ended(pod: Arc<Pod>, phase: &str, ending: bool) -> Arc<Pod> {
    let mut pod = Pod::clone(&pod);
    let status = pod.status.get_or_insert_default();
    (status.phase, status.conditions) = (Some(phase.into()), None);
    let time = pod.metadata.creation_timestamp.clone();
    pod.metadata.deletion_timestamp = time.filter(|_| ending);
    Arc::new(pod)
}

#[test]
fn a_pod_that_ended_is_replaced_in_its_turn() {
    let nodes = || ["a", "b"].map(|name| node(name, "linux", None)).to_vec();
    let pods = |phase, ending| {
        vec![ended(pod("pa", "a", "new", true), phase, ending), pod("pb", "b", "new", true)]
    };
    let names = |pods: &[Arc<Pod>]| {
        pods.iter().map(|pod| pod.metadata.name.clone().expect("named")).collect::<Vec<_>>()
    };
    for phase in ["Failed", "Succeeded"] {
        let (plan, created, deleted) = run(&set(rolling(0, 1)), nodes(), pods(phase, false));
        assert_eq!((created.len(), deleted.len(), names(&plan.ended)), (0, 0, vec!["pa".into()]));
    }
    let (plan, created, _) = run_held(&set(rolling(0, 1)), nodes(), pods("Failed", false), &["pa"]);
    assert!(created.is_empty() && plan.ended.is_empty());
    let (plan, created, _) = run(&set(rolling(0, 1)), nodes(), pods("Failed", true));
    assert_eq!((created, plan.ended.len()), (vec!["a".to_owned()], 0));
    let status = plan.status.expect("changed").status.expect("a status");
    assert_eq!(status.current_number_scheduled, 1, "what is over counts for nothing");
}

#[test]
fn a_failed_pod_that_is_held_does_not_hold_up_the_update() {
    let nodes = ["a", "b"].map(|name| node(name, "linux", None)).to_vec();
    let pods =
        vec![ended(pod("pa", "a", "old", true), "Failed", false), pod("pb", "b", "old", true)];
    let (_, _, deleted) = run_held(&set(rolling(0, 2)), nodes, pods, &["pa"]);
    assert_eq!(deleted, ["pa", "pb"]);
}

#[test]
fn an_update_reaches_pods_that_only_may_stay() {
    let nodes = || vec![node("a", "linux", Some("keep-out")), node("b", "linux", None)];
    let pods = |hash, ready| vec![pod("pa", "a", "old", ready), pod("pb", "b", hash, true)];
    let (_, created, deleted) = run(&set(rolling(0, 1)), nodes(), pods("new", true));
    assert_eq!((created.len(), deleted), (0, vec!["pa".to_owned()]));
    let (_, created, deleted) = run(&set(rolling(1, 0)), nodes(), pods("new", true));
    assert_eq!((created.len(), deleted), (0, vec!["pa".to_owned()]), "one serves, one is wanted");
    let (_, created, deleted) = run(&set(rolling(1, 0)), nodes(), pods("new", false));
    assert_eq!((created.len(), deleted), (0, vec!["pa".to_owned()]));
}

#[test]
fn with_surge_only_new_pods_beside_old_ones_count() {
    let nodes = ["a", "b"].map(|name| node(name, "linux", None)).to_vec();
    let pods = vec![pod("pa", "a", "new", false), pod("pb", "b", "old", true)];
    let (_, created, deleted) = run(&set(rolling(1, 0)), nodes, pods);
    assert_eq!((created, deleted.len()), (vec!["b".to_owned()], 0));
}
