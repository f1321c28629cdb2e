//! What nodes may do, and what they are told when they may not.

use super::*;
use crate::plugins::tests::{Case, cluster};
use object::json;

const NODES: &[&str] = &["system:nodes"];

fn mirror() -> Value {
    json!({"metadata": {"name": "m", "annotations": {"kubernetes.io/config.mirror": "x"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u", "controller": true}]},
        "spec": {"nodeName": "n", "containers": []}})
}

#[tokio::test]
async fn only_mirror_pods_of_their_own_are_made_by_nodes() {
    let cluster = cluster();
    cluster.put("", "nodes", json!({"metadata": {"name": "n", "uid": "u"}}));
    let case = Case::new(make, &cluster, "", "pods").by("system:node:n", NODES);
    assert_eq!(case.create("ns", &mut mirror()).await, Ok(()));
    let changes: [(&str, Value, &str); 4] = [
        ("/metadata/annotations", json!({}), "can only create mirror pods"),
        ("/spec/nodeName", json!("other"), "with spec.nodeName set to itself"),
        ("/metadata/ownerReferences", json!([]), "with an owner reference set to itself"),
        (
            "/spec/containers",
            json!([{"envFrom": [{"secretRef": {"name": "s"}}]}]),
            "that reference secrets",
        ),
    ];
    for (path, value, expected) in changes {
        let mut pod = mirror();
        *pod.pointer_mut(path).expect("a place") = value;
        let why = case.create("ns", &mut pod).await.expect_err(expected).to_string();
        assert!(why.ends_with(expected), "{why}");
    }
    let person = Case::new(make, &cluster, "", "pods").by("alice", &[]);
    assert_eq!(person.create("ns", &mut json!({})).await, Ok(()));
}

#[tokio::test]
async fn a_node_writes_its_own_node_and_lease() {
    let cluster = cluster();
    let nodes = Case::new(make, &cluster, "", "nodes").by("system:node:n", NODES);
    let node = |name: &str| json!({"metadata": {"name": name}});
    assert_eq!(nodes.create("", &mut node("n")).await, Ok(()));
    let why = nodes.create("", &mut node("o")).await.expect_err("a refusal").to_string();
    assert_eq!(why, "nodes \"o\" is forbidden: node \"n\" is not allowed to modify node \"o\"");
    let mut tainted = node("n");
    tainted["spec"]["taints"] = json!([{"key": "a", "effect": "NoSchedule"}]);
    let why =
        nodes.update("", "n", &node("n"), &mut tainted).await.expect_err("a refusal").to_string();
    assert!(why.ends_with("node \"n\" is not allowed to modify taints"));
    let leases =
        Case::new(make, &cluster, "coordination.k8s.io", "leases").by("system:node:n", NODES);
    assert_eq!(leases.create("kube-node-lease", &mut node("n")).await, Ok(()));
    assert!(leases.create("kube-node-lease", &mut node("o")).await.is_err());
    assert!(leases.create("default", &mut node("n")).await.is_err());
}

#[tokio::test]
async fn tokens_are_for_pods_on_the_node() {
    let cluster = cluster();
    for (name, node) in [("here", "n"), ("there", "o")] {
        cluster.put("", "pods", json!({"metadata": {"name": name, "namespace": "ns", "uid": name},
            "spec": {"nodeName": node, "volumes": [
                {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]}}));
    }
    let case =
        Case::new(make, &cluster, "", "serviceaccounts").by("system:node:n", NODES).part("token");
    let asked = |pod: &str, audiences: Value| {
        json!({"spec": {"audiences": audiences,
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": pod, "uid": pod}}})
    };
    assert_eq!(case.create("ns", &mut asked("here", json!([]))).await, Ok(()));
    assert!(case.create("ns", &mut asked("there", json!([]))).await.is_err());
    assert!(case.create("ns", &mut asked("here", json!(["vault"]))).await.is_err());
    assert!(case.create("ns", &mut json!({"spec": {}})).await.is_err());
}

#[tokio::test]
async fn a_node_asks_for_certificates_in_its_own_name() {
    let case = Case::new(make, &cluster(), "certificates.k8s.io", "certificatesigningrequests")
        .by("system:node:n", NODES);
    for (name, allowed) in [("system:node:n", true), ("system:node:o", false)] {
        let request = crate::plugins::signing_request::tests::request(name, &["system:nodes"]);
        let mut csr =
            json!({"spec": {"signerName": "kubernetes.io/kubelet-serving", "request": request}});
        assert_eq!(case.create("", &mut csr).await.is_ok(), allowed, "{name}");
    }
}

#[tokio::test]
async fn what_a_mirror_refers_to_is_said() {
    let cluster = cluster();
    cluster.put("", "nodes", json!({"metadata": {"name": "n", "uid": "u"}}));
    let case = Case::new(make, &cluster, "", "pods").by("system:node:n", NODES);
    let projected = |source: Value| json!({"projected": {"sources": [source]}});
    let table = [
        (json!({"configMap": {"name": "c"}}), "configmaps"),
        (json!({"configMap": {"name": ""}}), "configmaps (via configmap volumes)"),
        (json!({"secret": {"secretName": "s"}}), "secrets"),
        (json!({"csi": {"driver": "d"}}), "csidrivers (via CSI volumes)"),
        (json!({"ephemeral": {}}), "persistentvolumeclaims (via ephemeral volumes)"),
        (
            projected(json!({"serviceAccountToken": {"path": "p"}})),
            "serviceaccounts (via projected volumes)",
        ),
        (projected(json!({"clusterTrustBundle": {"path": "p"}})), "clustertrustbundles"),
        (projected(json!({"podCertificate": {}})), "podcertificates"),
    ];
    for (volume, what) in table {
        let mut pod = mirror();
        pod["spec"]["volumes"] = json!([volume]);
        let why = case.create("ns", &mut pod).await.expect_err(what).to_string();
        let expected = format!("node \"n\" can not create pods that reference {what}");
        assert!(why.ends_with(&expected), "{why}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_listers_words() {
    let cluster = cluster();
    let volumes = json!([{"name": "a", "csi": {"driver": "d"}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "c"}}]);
    cluster.put(
        "",
        "pods",
        json!({"metadata": {"name": "here", "namespace": "ns", "uid": "u"},
            "spec": {"nodeName": "n", "volumes": volumes}}),
    );
    let tokens =
        Case::new(make, &cluster, "", "serviceaccounts").by("system:node:n", NODES).part("token");
    let asked = |pod: &str| {
        json!({"spec": {"audiences": ["vault"],
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": pod, "uid": "u"}}})
    };
    let gone = tokens.create("ns", &mut asked("gone")).await.expect_err("a refusal");
    assert_eq!((gone.code, gone.to_string()), (404, "pod \"gone\" not found".into()));
    let why = tokens.create("ns", &mut asked("here")).await.expect_err("a refusal").to_string();
    assert!(
        why.ends_with(
            "error validating audience \"vault\": [csidriver.storage.k8s.io \"d\" not found, \
             persistentvolumeclaim \"c\" not found]"
        ),
        "{why}"
    );
    let events = Case::new(make, &cluster, "", "events").by("system:node:", NODES);
    let why = events.create("ns", &mut json!({})).await.expect_err("a refusal").to_string();
    assert!(why.ends_with("could not determine node from user \"system:node:\""), "{why}");
}
