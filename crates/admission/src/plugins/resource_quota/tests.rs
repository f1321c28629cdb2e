//! What is charged, and what is refused.

use super::*;
use crate::cluster::memory::Memory;
use crate::plugins::tests::{Case, cluster};
use auth::Objects;

fn quota(hard: Value, used: Value, spec: Value) -> Value {
    let mut quota = json!({"metadata": {"name": "q", "namespace": "ns"},
        "spec": {"hard": hard}, "status": {"hard": hard, "used": used}});
    for (key, value) in spec.as_object().into_iter().flatten() {
        quota["spec"][key] = value.clone();
    }
    quota
}

fn used(cluster: &Memory, name: &str) -> String {
    let quota = cluster.get(&quotas(), "ns", "q").expect("the quota");
    quota["status"]["used"][name].as_str().unwrap_or_default().to_owned()
}

fn pod(cpu: &str) -> Value {
    json!({"metadata": {"name": "p"}, "spec": {"containers": [
        {"name": "c", "resources": {"requests": {"cpu": cpu}}}]}})
}

#[tokio::test]
async fn pods_are_charged_until_the_quota_is_used_up() {
    let cluster = cluster();
    let (hard, start) = (json!({"cpu": "1", "pods": "5"}), json!({"cpu": "0", "pods": "0"}));
    cluster.put("", "resourcequotas", quota(hard, start, json!({})));
    let case = Case::new(make, &cluster, "", "pods");
    case.create("ns", &mut pod("600m")).await.expect("admitted");
    assert_eq!((used(&cluster, "cpu"), used(&cluster, "pods")), ("600m".into(), "1".into()));
    let why = case.create("ns", &mut pod("500m")).await.expect_err("a refusal").to_string();
    assert_eq!(
        why,
        "pods \"p\" is forbidden: exceeded quota: q, requested: cpu=500m, used: cpu=600m, limited: cpu=1"
    );
    let mut bare = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}});
    assert_eq!(
        case.create("ns", &mut bare).await.expect_err("a refusal").to_string(),
        "pods \"p\" is forbidden: failed quota: q: must specify cpu for: c"
    );
    assert_eq!(case.create("other", &mut pod("9")).await, Ok(()));
}

#[tokio::test]
async fn a_quota_that_nobody_has_counted_refuses() {
    let cluster = cluster();
    cluster.put(
        "",
        "resourcequotas",
        quota(json!({"count/configmaps": "1"}), json!({}), json!({})),
    );
    let case = Case::new(make, &cluster, "", "configmaps");
    let why =
        case.create("ns", &mut json!({"metadata": {"name": "m"}})).await.expect_err("a refusal");
    assert_eq!(
        why.to_string(),
        "configmaps \"m\" is forbidden: status unknown for quota: q, resources: count/configmaps"
    );
}

#[tokio::test]
async fn scopes_narrow_a_quota() {
    let cluster = cluster();
    let scopes = json!({"scopes": ["BestEffort"]});
    cluster.put("", "resourcequotas", quota(json!({"pods": "0"}), json!({"pods": "0"}), scopes));
    let case = Case::new(make, &cluster, "", "pods");
    assert_eq!(case.create("ns", &mut pod("1")).await, Ok(()));
    assert!(case.create("ns", &mut json!({"spec": {"containers": [{}]}})).await.is_err());
}

#[tokio::test]
async fn an_update_is_charged_for_what_it_adds() {
    let cluster = cluster();
    let (hard, start) = (json!({"services.nodeports": "2"}), json!({"services.nodeports": "1"}));
    cluster.put("", "resourcequotas", quota(hard, start, json!({})));
    let case = Case::new(make, &cluster, "", "services");
    let service = |ports: usize| {
        let ports: Vec<Value> = (0..ports).map(|port| json!({"port": port})).collect();
        json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": ports}})
    };
    case.update("ns", "s", &service(1), &mut service(2)).await.expect("admitted");
    assert_eq!(used(&cluster, "services.nodeports"), "2");
    assert!(case.update("ns", "s", &service(2), &mut service(3)).await.is_err());
    assert_eq!(case.update("ns", "s", &service(2), &mut service(1)).await, Ok(()));
}
