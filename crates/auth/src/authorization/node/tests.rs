//! What a kubelet may, by its pods.

use super::*;
use crate::objects::memory::Memory;
use crate::{Attributes, group};
use object::{FieldSelector, Value};
use serde_json::json;

fn pod(name: &str, node: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "a"},
        "spec": {
            "nodeName": node,
            "serviceAccountName": "robot",
            "imagePullSecrets": [{"name": "pull"}],
            "containers": [{
                "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "env"}}}],
                "envFrom": [{"configMapRef": {"name": "settings"}}],
            }],
            "volumes": [
                {"name": "s", "secret": {"secretName": "files"}},
                {"name": "p", "projected": {"sources": [{"configMap": {"name": "ca"}}]}},
                {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "e", "ephemeral": {"volumeClaimTemplate": {}}},
            ],
            "resourceClaims": [
                {"name": "gpu", "resourceClaimName": "gpu-1"},
                {"name": "nic", "resourceClaimTemplateName": "t"},
            ],
        },
        "status": {"resourceClaimStatuses": [{"name": "nic", "resourceClaimName": "nic-1"}]},
    })
}

fn cluster() -> Memory {
    let cluster = Memory::default();
    cluster.put("", "pods", pod("p", "n1"));
    cluster.put(
        "",
        "persistentvolumes",
        json!({
            "metadata": {"name": "v"},
            "spec": {
                "claimRef": {"namespace": "a", "name": "data"},
                "csi": {
                    "nodeStageSecretRef": {"namespace": "csi", "name": "stage"},
                    "controllerPublishSecretRef": {"namespace": "csi", "name": "publish"},
                },
            },
        }),
    );
    cluster.put(
        "storage.k8s.io",
        "volumeattachments",
        json!({
            "metadata": {"name": "att"}, "spec": {"nodeName": "n1"},
        }),
    );
    cluster
}

fn ask(
    node: &NodeAuthorizer,
    who: &str,
    verb: &str,
    what: (&str, &str, &str),
    at: (&str, &str),
) -> Decision {
    let user = Arc::new(UserInfo::new(format!("system:node:{who}"), &[group::NODES]));
    let (group, resource, subresource) = what;
    let asked = Attributes::resource(user, verb, group, resource).subresource(subresource);
    node.decide(&asked.in_namespace(at.0).named(at.1))
}

#[test]
fn a_node_gets_what_its_pods_need_and_another_does_not() {
    let cluster = cluster();
    let node = NodeAuthorizer::over(&cluster);
    let needed = [
        ("get", ("", "secrets", ""), ("a", "pull")),
        ("list", ("", "secrets", ""), ("a", "env")),
        ("watch", ("", "secrets", ""), ("a", "files")),
        ("get", ("", "secrets", ""), ("csi", "stage")),
        ("get", ("", "configmaps", ""), ("a", "settings")),
        ("get", ("", "configmaps", ""), ("a", "ca")),
        ("get", ("", "persistentvolumeclaims", ""), ("a", "data")),
        ("patch", ("", "persistentvolumeclaims", "status"), ("a", "data")),
        ("get", ("", "persistentvolumeclaims", ""), ("a", "p-e")),
        ("get", ("", "persistentvolumes", ""), ("", "v")),
        ("get", ("resource.k8s.io", "resourceclaims", ""), ("a", "gpu-1")),
        ("get", ("resource.k8s.io", "resourceclaims", ""), ("a", "nic-1")),
        ("get", ("storage.k8s.io", "volumeattachments", ""), ("", "att")),
        ("get", ("", "serviceaccounts", ""), ("a", "robot")),
        ("create", ("", "serviceaccounts", "token"), ("a", "robot")),
        ("get", ("", "pods", ""), ("a", "p")),
    ];
    let unrelated = "no relationship found between node 'n2' and this object";
    for (verb, what, at) in needed {
        assert!(ask(&node, "n1", verb, what, at).is_allow(), "{verb} {what:?} {at:?}");
        assert_eq!(ask(&node, "n2", verb, what, at), no(unrelated), "{verb} {what:?} {at:?}");
    }
    cluster.put("", "pods", pod("q", "n1"));
    cluster.remove("", "pods", ("a", "p"));
    assert!(ask(&node, "n1", "get", ("", "secrets", ""), ("a", "pull")).is_allow());
    cluster.remove("", "pods", ("a", "q"));
    cluster.remove("storage.k8s.io", "volumeattachments", ("", "att"));
    for (verb, what, at) in needed {
        assert!(!ask(&node, "n1", verb, what, at).is_allow(), "{verb} {what:?} {at:?}");
    }
}

#[test]
fn what_a_node_may_not_is_told() {
    let node = NodeAuthorizer::over(&cluster());
    let secrets = ("", "secrets", "");
    let leases = ("coordination.k8s.io", "leases", "");
    let related = "no relationship found between node 'n1' and this object";
    let table = [
        ("get", secrets, ("a", "other"), related),
        ("get", secrets, ("b", "pull"), related),
        ("get", secrets, ("csi", "publish"), related),
        ("list", secrets, ("a", ""), "No Object name found"),
        ("list", secrets, ("", "pull"), "can only read namespaced object of this type"),
        ("update", secrets, ("a", "pull"), "can only read resources of this type"),
        (
            "list",
            ("", "persistentvolumes", ""),
            ("", "v"),
            "can only get individual resources of this type",
        ),
        (
            "create",
            ("", "serviceaccounts", ""),
            ("a", "robot"),
            "can only create token subresource of serviceaccount",
        ),
        (
            "delete",
            ("", "serviceaccounts", ""),
            ("a", "robot"),
            "can only create tokens for individual service accounts",
        ),
        (
            "list",
            ("", "nodes", ""),
            ("", ""),
            "node 'n1' cannot read all nodes, only its own Node object",
        ),
        (
            "get",
            ("", "nodes", ""),
            ("", "n2"),
            "node 'n1' cannot read 'n2', only its own Node object",
        ),
        ("delete", ("", "nodes", ""), ("", "n1"), ""),
        (
            "list",
            ("", "pods", ""),
            ("", ""),
            "can only list/watch pods with spec.nodeName field selector",
        ),
        ("create", ("", "pods", "exec"), ("a", "p"), ""),
        (
            "list",
            leases,
            ("kube-node-lease", ""),
            "can only get, create, update, patch, or delete a node lease",
        ),
        (
            "get",
            leases,
            ("kube-system", "n1"),
            "can only access leases in the \"kube-node-lease\" system namespace",
        ),
        (
            "get",
            leases,
            ("kube-node-lease", "n2"),
            "can only access node lease with the same name as the requesting node",
        ),
        ("get", ("certificates.k8s.io", "podcertificaterequests", ""), ("a", "x"), ""),
        ("get", ("apps", "deployments", ""), ("a", "x"), ""),
    ];
    for (verb, what, at, why) in table {
        assert_eq!(ask(&node, "n1", verb, what, at), no(why), "{verb} {what:?} {at:?}");
    }
    for (verb, what, at) in [
        ("get", ("", "nodes", ""), ("", "n1")),
        ("patch", ("", "nodes", "status"), ("", "n1")),
        ("create", leases, ("kube-node-lease", "")),
        ("update", leases, ("kube-node-lease", "n1")),
        ("create", ("", "pods", "eviction"), ("a", "p")),
        ("list", ("", "services", ""), ("", "")),
        ("create", ("", "events", ""), ("a", "")),
    ] {
        assert!(ask(&node, "n1", verb, what, at).is_allow(), "{verb} {what:?} {at:?}");
    }
}

#[test]
fn a_selector_for_its_own_opens_lists() {
    let node = NodeAuthorizer::over(&Memory::default());
    let user = Arc::new(UserInfo::new("system:node:n1", &[group::NODES]));
    for (selected, allowed) in [("n1", true), ("n2", false)] {
        for (group, resource) in [("", "pods"), ("resource.k8s.io", "resourceslices")] {
            let mut asked = Attributes::resource(user.clone(), "watch", group, resource);
            asked.field_selector = Some(FieldSelector::equal("spec.nodeName", selected));
            assert_eq!(node.decide(&asked).is_allow(), allowed, "{resource} of {selected}");
        }
    }
}

#[test]
fn only_nodes_are_answered_and_mirror_pods_grant_nothing() {
    let cluster = Memory::default();
    let mut mirror = pod("m", "n1");
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    cluster.put("", "pods", mirror);
    let node = NodeAuthorizer::over(&cluster);
    assert!(!ask(&node, "n1", "get", ("", "secrets", ""), ("a", "pull")).is_allow());
    assert!(ask(&node, "n1", "get", ("", "pods", ""), ("a", "m")).is_allow());

    let not_a_node = Arc::new(UserInfo::new("system:node:n1", &[]));
    let own = Attributes::resource(not_a_node, "get", "", "nodes").named("n1");
    assert_eq!(node.decide(&own), silent());
    let nameless = ask(&node, "", "get", ("", "nodes", ""), ("", "n1"));
    assert_eq!(nameless, no("unknown node for user \"system:node:\""));
    assert!(node.rules_for(&UserInfo::new("system:node:n1", &[group::NODES]), "a").incomplete);
}
