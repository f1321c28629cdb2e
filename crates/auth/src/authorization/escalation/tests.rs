//! What may be given away, and the words when it may not.

use super::*;
use crate::objects::memory::Memory;
use serde_json::json;

fn rules(value: Value) -> Vec<Rule> {
    Rule::of_role(&json!({"rules": value})).expect("rules")
}

fn cluster(held: Value) -> (Authorizers, Rbac) {
    let cluster = Memory::default();
    cluster.put(GROUP, "clusterroles", json!({"metadata": {"name": "held"}, "rules": held}));
    cluster.put(
        GROUP,
        "clusterroles",
        json!({"metadata": {"name": "all"}, "rules": [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["*"], "nonResourceURLs": ["*"]},
        ]}),
    );
    for (name, role, user) in [("b", "held", "bob"), ("c", "all", "root")] {
        cluster.put(
            GROUP,
            "clusterrolebindings",
            json!({
                "metadata": {"name": name},
                "roleRef": {"kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "User", "name": user}],
            }),
        );
    }
    let rbac = Rbac::over(&cluster);
    (Authorizers::new(vec![Arc::new(Rbac::over(&cluster))]), rbac)
}

#[test]
fn covering_is_decided_part_by_part() {
    let table = [
        (json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]), "get", "pods", true),
        (
            json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["*/log"]}]),
            "get",
            "pods/log",
            true,
        ),
        (
            json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["*/log"]}]),
            "get",
            "pods",
            false,
        ),
        (json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]), "*", "pods", false),
        (
            json!([
                {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]}
            ]),
            "get",
            "pods",
            false,
        ),
    ];
    for (held, verb, resource, covered) in table {
        let granted = rules(json!([{"verbs": [verb], "apiGroups": [""], "resources": [resource]}]));
        assert_eq!(missing(&rules(held.clone()), &granted).is_empty(), covered, "{held}");
    }
    let urls = |url: &str| rules(json!([{"verbs": ["get"], "nonResourceURLs": [url]}]));
    assert!(missing(&urls("/apis/*"), &urls("/apis/apps/*")).is_empty());
    assert!(!missing(&urls("/apis/apps/*"), &urls("/apis/*")).is_empty());
}

#[tokio::test]
async fn a_role_beyond_ones_own_rights_is_refused_in_upstreams_words() {
    let (authorizers, rbac) =
        cluster(json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]));
    let bob = Arc::new(UserInfo::new("bob", &["devs", "ops"]));
    let write = RoleWrite { user: &bob, resource: "clusterroles", namespace: "", request_name: "" };
    let role = json!({"metadata": {"name": "r"}, "rules": [
        {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods", "nodes"]},
        {"verbs": ["get"], "nonResourceURLs": ["/metrics"]},
    ]});
    let error = check_role(&authorizers, &rbac, write, &role, None).await.expect_err("too much");
    assert_eq!(
        error.to_string(),
        "clusterroles.rbac.authorization.k8s.io \"r\" is forbidden: user \"bob\" (groups=[\"devs\" \
         \"ops\"]) is attempting to grant RBAC permissions not currently held:\n\
         {APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"list\" \"watch\"]}\n\
         {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\" \"watch\"]}\n\
         {NonResourceURLs:[\"/metrics\"], Verbs:[\"get\"]}"
    );
    let less = json!({"metadata": {"name": "r"}, "rules": [
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"]},
    ]});
    assert!(check_role(&authorizers, &rbac, write, &less, None).await.is_ok());

    let gathering =
        json!({"metadata": {"name": "r"}, "aggregationRule": {"clusterRoleSelectors": [{}]}});
    let error = check_role(&authorizers, &rbac, write, &less, Some(&gathering)).await;
    assert!(error.expect_err("aggregates").to_string().ends_with(
        "\"r\" is forbidden: must have cluster-admin privileges to use the aggregationRule"
    ));
    for user in [UserInfo::new("root", &[]), UserInfo::new("x", &["system:masters"])] {
        let write = RoleWrite { user: &Arc::new(user), ..write };
        assert!(check_role(&authorizers, &rbac, write, &gathering, None).await.is_ok());
    }
}

#[tokio::test]
async fn escalate_and_bind_lift_the_check() {
    let grant = |verb: &str, name: &str| {
        json!([{
            "verbs": [verb],
            "apiGroups": [GROUP],
            "resources": ["clusterroles"],
            "resourceNames": [name],
        }])
    };
    let bob = Arc::new(UserInfo::new("bob", &[]));
    let (authorizers, rbac) = cluster(grant("escalate", "r"));
    let all = json!({"metadata": {"name": "r"}, "rules": [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    ]});
    let write =
        RoleWrite { user: &bob, resource: "clusterroles", namespace: "", request_name: "r" };
    assert!(check_role(&authorizers, &rbac, write, &all, None).await.is_ok());
    let write = RoleWrite { request_name: "", ..write };
    assert!(check_role(&authorizers, &rbac, write, &all, None).await.is_err());

    let (authorizers, rbac) = cluster(grant("bind", "all"));
    let binding = |name: &str| {
        json!({
            "metadata": {"name": "b"},
            "roleRef": {"kind": "ClusterRole", "name": name, "apiGroup": GROUP},
        })
    };
    assert!(check_binding(&authorizers, &rbac, &bob, "", &binding("all")).await.is_ok());
    assert!(check_binding(&authorizers, &rbac, &bob, "", &binding("held")).await.is_ok());
    let error = check_binding(&authorizers, &rbac, &bob, "", &binding("none")).await;
    assert_eq!(
        error.expect_err("no such role").to_string(),
        "clusterrole.rbac.authorization.k8s.io \"none\" not found"
    );
    let (authorizers, rbac) = cluster(json!([]));
    let error = check_binding(&authorizers, &rbac, &bob, "ns", &binding("all")).await;
    assert!(error.expect_err("too much").to_string().starts_with(
        "rolebindings.rbac.authorization.k8s.io \"b\" is forbidden: user \"bob\" (groups=[]) is"
    ));
}

#[test]
fn the_garbage_collectors_updates_are_known() {
    let old = json!({"metadata": {"name": "r", "finalizers": ["a"]}, "rules": []});
    let new = json!({"metadata": {"name": "r", "ownerReferences": []}, "rules": []});
    assert!(only_for_garbage_collection(&old, &new));
    assert!(!only_for_garbage_collection(&old, &json!({"metadata": {"name": "r"}, "rules": [{}]})));
}
