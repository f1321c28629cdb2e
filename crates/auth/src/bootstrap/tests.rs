//! The recorded policy, and what becomes of a cluster that differs from it.

use super::*;
use crate::authorization::rbac::Rbac;
use crate::objects::memory::Memory;
use crate::{Attributes, Authorizer, UserInfo};
use serde_json::json;
use std::sync::Arc;

/// A cluster in which the policy is in place.
fn cluster() -> Memory {
    let cluster = Memory::default();
    for Default { resource, object } in policy() {
        cluster.put(GROUP, resource, object);
    }
    cluster
}

#[test]
fn the_policy_is_what_upstream_creates() {
    let count = |resource| policy().iter().filter(|default| default.resource == resource).count();
    let counts = RECORDED.each_ref().map(|recorded| count(recorded.resource));
    assert_eq!(counts, [69, 50, 7, 7]);
    for Default { resource, object } in policy() {
        let name = meta::name(&object);
        assert_eq!(object["metadata"]["labels"]["kubernetes.io/bootstrapping"], "rbac-defaults");
        assert!(meta::uid(&object).is_empty() && meta::resource_version(&object).is_empty());
        assert_eq!(meta::namespace(&object).is_empty(), resource.starts_with("cluster"), "{name}");
        Rule::of_role(&object).expect("rules");
    }
    assert!(node_rules().len() > 20);
}

#[test]
fn every_binding_of_the_policy_finds_its_role() {
    let cluster = cluster();
    let rbac = Rbac::over(&cluster);
    for Default { object, .. } in policy().iter().filter(|d| d.resource.ends_with("bindings")) {
        let namespace = meta::namespace(object);
        rbac.referenced_rules(&object["roleRef"], namespace).expect("a role");
    }
}

#[tokio::test]
async fn the_policy_grants_what_it_is_known_to_grant() {
    let cluster = cluster();
    let rbac = Rbac::over(&cluster);
    let account = |name: &str| format!("system:serviceaccount:kube-system:{name}");
    let known = ["system:authenticated"];
    let scheduler = "system:kube-scheduler".to_owned();
    let replicas = account("replicaset-controller");
    let table = [
        (&scheduler, "create", ("", "pods", "binding"), true),
        (&scheduler, "create", ("", "secrets", ""), false),
        (&replicas, "create", ("", "pods", ""), true),
        (&replicas, "create", ("", "nodes", ""), false),
        (
            &"anyone".to_owned(),
            "create",
            ("authorization.k8s.io", "selfsubjectaccessreviews", ""),
            true,
        ),
        (&"anyone".to_owned(), "get", ("", "pods", ""), false),
    ];
    for (user, verb, (group, resource, subresource), granted) in table {
        let user = Arc::new(UserInfo::new(user.as_str(), &known));
        let asked = Attributes::resource(user, verb, group, resource)
            .subresource(subresource)
            .in_namespace("default");
        assert_eq!(rbac.authorize(&asked).await.is_allow(), granted, "{asked:?}");
    }
}

#[test]
fn an_empty_cluster_gets_all_and_a_complete_one_nothing() {
    let steps = plan(&Memory::default());
    assert_eq!(steps.len(), policy().len());
    assert!(steps.iter().all(|step| matches!(step.action, Action::Create(_))));
    assert!(plan(&cluster()).is_empty());
}

#[test]
fn missing_rules_are_added_and_extra_ones_kept() {
    let expected = json!({"metadata": {"name": "r", "labels": {"l": "1"}}, "rules": [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
    ]});
    let existing = json!({
        "metadata": {"name": "r", "resourceVersion": "7", "labels": {"l": "own"}},
        "rules": [
            {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["*"], "apiGroups": ["x"], "resources": ["y"]},
        ],
        "aggregationRule": {"clusterRoleSelectors": [{}]},
    });
    let written = json!({
        "metadata": {"name": "r", "resourceVersion": "7", "labels": {"l": "own"}},
        "rules": [
            {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["*"], "apiGroups": ["x"], "resources": ["y"]},
            {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
        ],
    });
    assert_eq!(reconcile_role(&existing, &expected), Action::Update(written.clone()));
    assert_eq!(reconcile_role(&written, &expected), Action::Nothing);

    let mut protected = existing.clone();
    protected["metadata"]["annotations"] =
        json!({"rbac.authorization.kubernetes.io/autoupdate": "false"});
    assert_eq!(reconcile_role(&protected, &expected), Action::Protected);
}

#[test]
fn an_aggregated_role_keeps_what_was_gathered_and_gets_its_selectors() {
    let selector = json!({"matchLabels": {"a": "b"}});
    let expected = json!({"metadata": {"name": "r"}, "rules": null,
        "aggregationRule": {"clusterRoleSelectors": [selector]}});
    let rules = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]);
    let existing = json!({"metadata": {"name": "r"}, "rules": rules});
    let written = json!({"metadata": {"name": "r"}, "rules": rules,
        "aggregationRule": {"clusterRoleSelectors": [selector]}});
    assert_eq!(reconcile_role(&existing, &expected), Action::Update(written.clone()));
    assert_eq!(reconcile_role(&written, &expected), Action::Nothing);
}

#[test]
fn a_binding_gets_its_subjects_and_is_made_anew_for_another_role() {
    let role = |name: &str| json!({"apiGroup": GROUP, "kind": "ClusterRole", "name": name});
    let group = |name: &str| json!({"kind": "Group", "apiGroup": GROUP, "name": name});
    let binding = |name: &str, subjects: Value| {
        let metadata = json!({"name": "b", "uid": "u"});
        json!({"metadata": metadata, "roleRef": role(name), "subjects": subjects})
    };
    let expected = binding("r", json!([group("a"), group("b")]));
    let existing = binding("r", json!([group("own"), group("a")]));
    let written = binding("r", json!([group("own"), group("a"), group("b")]));
    assert_eq!(reconcile_binding(&existing, &expected), Action::Update(written));
    let none = binding("r", Value::Null);
    assert_eq!(reconcile_binding(&none, &expected), Action::Update(expected.clone()));
    let other = binding("other", json!([group("a")]));
    let recreated = Action::Recreate { uid: "u".into(), object: expected.clone() };
    assert_eq!(reconcile_binding(&other, &expected), recreated);
}
