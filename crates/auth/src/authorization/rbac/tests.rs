//! Who may do what, as tables.

use super::*;
use crate::objects::memory::Memory;
use serde_json::json;

fn cluster() -> Memory {
    let cluster = Memory::default();
    let role = |name: &str, rules: Value| json!({"metadata": {"name": name}, "rules": rules});
    cluster.put(GROUP, "clusterroles", role("viewer", json!([
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log", "*/scale"]},
        {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/apis/*"]},
    ])));
    cluster.put(GROUP, "clusterroles", role("one", json!([
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["secrets"], "resourceNames": ["mine"]},
    ])));
    cluster.put(GROUP, "clusterroles", role("empty", Value::Null));
    cluster.put(
        GROUP,
        "clusterrolebindings",
        json!({
            "metadata": {"name": "viewers"},
            "roleRef": {"kind": "ClusterRole", "name": "viewer"},
            "subjects": [{"kind": "Group", "name": "devs"}],
        }),
    );
    cluster.put(
        GROUP,
        "rolebindings",
        json!({
            "metadata": {"name": "ones", "namespace": "a"},
            "roleRef": {"kind": "ClusterRole", "name": "one"},
            "subjects": [
                {"kind": "User", "name": "bob"},
                {"kind": "ServiceAccount", "name": "robot"},
                {"kind": "ServiceAccount", "name": "robot", "namespace": "b"},
            ],
        }),
    );
    cluster
}

fn ask(
    rbac: &Rbac,
    user: (&str, &[&str]),
    verb: &str,
    (group, resource, subresource): (&str, &str, &str),
    (namespace, name): (&str, &str),
) -> Decision {
    let user = Arc::new(UserInfo::new(user.0, user.1));
    let attributes = Attributes::resource(user, verb, group, resource)
        .subresource(subresource)
        .in_namespace(namespace)
        .named(name);
    rbac.decide(&attributes)
}

#[test]
fn resources_are_granted_by_rule() {
    let rbac = Rbac::over(&cluster());
    let dev: (&str, &[&str]) = ("alice", &["devs"]);
    let table = [
        (dev, "get", ("", "pods", ""), ("a", "x"), true),
        (dev, "list", ("", "pods", ""), ("", ""), true),
        (dev, "watch", ("", "pods", ""), ("a", ""), false),
        (dev, "get", ("apps", "pods", ""), ("a", "x"), false),
        (dev, "get", ("", "pods", "log"), ("a", "x"), true),
        (dev, "get", ("", "pods", "exec"), ("a", "x"), false),
        (dev, "get", ("", "anything", "scale"), ("a", "x"), true),
        (dev, "get", ("", "scale", ""), ("a", "x"), false),
        (dev, "get", ("", "nodes", ""), ("", "x"), false),
        (("alice", &[]), "get", ("", "pods", ""), ("a", "x"), false),
        (("devs", &[]), "get", ("", "pods", ""), ("a", "x"), false),
        (("bob", &[]), "delete", ("", "secrets", ""), ("a", "mine"), true),
        (("bob", &[]), "delete", ("", "secrets", ""), ("a", "yours"), false),
        (("bob", &[]), "list", ("", "secrets", ""), ("a", ""), false),
        (("bob", &[]), "delete", ("", "secrets", ""), ("b", "mine"), false),
        (("bob", &[]), "delete", ("", "secrets", ""), ("", "mine"), false),
        (("system:serviceaccount:a:robot", &[]), "get", ("", "secrets", ""), ("a", "mine"), true),
        (("system:serviceaccount:b:robot", &[]), "get", ("", "secrets", ""), ("a", "mine"), true),
        (("system:serviceaccount:c:robot", &[]), "get", ("", "secrets", ""), ("a", "mine"), false),
        (("robot", &[]), "get", ("", "secrets", ""), ("a", "mine"), false),
    ];
    for (user, verb, resource, at, granted) in table {
        let decision = ask(&rbac, user, verb, resource, at);
        assert_eq!(decision.is_allow(), granted, "{user:?} {verb} {resource:?} {at:?}");
        assert!(!matches!(decision, Decision::Deny(_)));
    }
}

#[test]
fn paths_are_granted_by_prefix() {
    let rbac = Rbac::over(&cluster());
    let user = Arc::new(UserInfo::new("alice", &["devs"]));
    for (verb, path, granted) in [
        ("get", "/healthz", true),
        ("get", "/healthz/etcd", false),
        ("get", "/apis/apps", true),
        ("get", "/apis", false),
        ("post", "/healthz", false),
    ] {
        let decision = rbac.decide(&Attributes::path(user.clone(), verb, path));
        assert_eq!(decision.is_allow(), granted, "{verb} {path}");
    }
    // A rule about resources grants no path of the same name, nor the other way round.
    assert!(!rbac.decide(&Attributes::path(user, "get", "pods")).is_allow());
}

#[test]
fn reasons_read_as_upstreams() {
    let cluster = cluster();
    let rbac = Rbac::over(&cluster);
    let pods = ("", "pods", "");
    assert_eq!(
        ask(&rbac, ("alice", &["devs"]), "get", pods, ("a", "x")).reason(),
        "RBAC: allowed by ClusterRoleBinding \"viewers\" of ClusterRole \"viewer\" to Group \
         \"devs\""
    );
    assert_eq!(
        ask(&rbac, ("bob", &[]), "get", ("", "secrets", ""), ("a", "mine")).reason(),
        "RBAC: allowed by RoleBinding \"ones/a\" of ClusterRole \"one\" to User \"bob\""
    );
    assert_eq!(ask(&rbac, ("bob", &[]), "get", pods, ("a", "x")).reason(), "");

    cluster.put(
        GROUP,
        "rolebindings",
        json!({
            "metadata": {"name": "dangling", "namespace": "a"},
            "roleRef": {"kind": "Role", "name": "viewer"},
            "subjects": [{"kind": "User", "name": "bob"}],
        }),
    );
    let hint = "RBAC: role.rbac.authorization.k8s.io \"viewer\" not found";
    assert_eq!(ask(&rbac, ("bob", &[]), "get", pods, ("a", "x")).reason(), hint);
    cluster.remove(GROUP, "clusterroles", ("", "one"));
    let hint = "RBAC: [role.rbac.authorization.k8s.io \"viewer\" not found, \
                clusterrole.rbac.authorization.k8s.io \"one\" not found]";
    assert_eq!(ask(&rbac, ("bob", &[]), "get", pods, ("a", "x")).reason(), hint);
}

#[test]
fn the_index_follows_the_cluster() {
    let cluster = cluster();
    let rbac = Rbac::over(&cluster);
    let may =
        |user, groups| ask(&rbac, (user, groups), "get", ("", "pods", ""), ("a", "x")).is_allow();
    assert!(may("alice", &["devs"]));
    cluster.put(
        GROUP,
        "clusterrolebindings",
        json!({
            "metadata": {"name": "viewers"},
            "roleRef": {"kind": "ClusterRole", "name": "viewer"},
            "subjects": [{"kind": "User", "name": "carol"}],
        }),
    );
    assert!(!may("alice", &["devs"]) && may("carol", &[]));
    cluster.put(GROUP, "clusterroles", json!({"metadata": {"name": "viewer"}, "rules": null}));
    assert!(!may("carol", &[]));
    cluster.remove(GROUP, "clusterrolebindings", ("", "viewers"));
    assert_eq!(rbac.rules(&UserInfo::new("carol", &[]), "a"), (vec![], vec![]));
}

#[test]
fn a_role_of_the_same_name_does_not_stand_in_for_a_cluster_role() {
    let cluster = Memory::default();
    let everything = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
    cluster.put(GROUP, "clusterroles", json!({"metadata": {"name": "r"}, "rules": everything}));
    cluster.put(
        GROUP,
        "clusterrolebindings",
        json!({
            "metadata": {"name": "b"},
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [{"kind": "User", "name": "bob"}],
        }),
    );
    let rbac = Rbac::over(&cluster);
    let decision = ask(&rbac, ("bob", &[]), "get", ("", "pods", ""), ("a", "x"));
    let hint = "RBAC: role.rbac.authorization.k8s.io \"r\" not found";
    assert_eq!(decision, Decision::NoOpinion(hint.into()));
}

#[test]
fn rules_are_listed_for_a_review() {
    let rbac = Rbac::over(&cluster());
    let rules = rbac.rules_for(&UserInfo::new("bob", &["devs"]), "a");
    assert_eq!(
        serde_json::to_value(rules).expect("serializes"),
        json!({
            "resourceRules": [
                {
                    "verbs": ["get", "list"],
                    "apiGroups": [""],
                    "resources": ["pods", "pods/log", "*/scale"],
                },
                {
                    "verbs": ["*"],
                    "apiGroups": ["*"],
                    "resources": ["secrets"],
                    "resourceNames": ["mine"],
                },
            ],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/apis/*"]}],
            "incomplete": false,
        })
    );
}
