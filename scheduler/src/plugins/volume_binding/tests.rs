//! Claims of every sort, and the nodes that can serve them.

use super::super::testing::{cluster, node, pod, verdicts};
use super::*;
use control::Key;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};
use std::sync::Arc;

fn claim(name: &str, class: &str, extra: Value) -> Arc<PersistentVolumeClaim> {
    let mut value = json!({"metadata": {"name": name, "namespace": "ns", "uid": name},
        "spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}});
    if !extra.is_null() {
        value["spec"]["volumeName"] = extra;
        value["metadata"]["annotations"] = json!({"pv.kubernetes.io/bind-completed": "yes"});
    }
    Arc::new(serde_json::from_value(value).expect("a claim"))
}

fn volume(name: &str, size: &str, on: &str) -> Arc<PersistentVolume> {
    let value = json!({"metadata": {"name": name}, "status": {"phase": "Available"},
        "spec": {"storageClassName": "local", "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": size}, "nodeAffinity": {"required": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "host", "operator": "In", "values": [on]}]}]}}}});
    Arc::new(serde_json::from_value(value).expect("a volume"))
}

fn nodes() -> Snapshot {
    let host = |name: &str| node(json!({"metadata": {"name": name, "labels": {"host": name}}}));
    let mut nodes = cluster(vec![(host("a"), vec![]), (host("b"), vec![])]);
    let around = Arc::make_mut(&mut nodes.around);
    let claims = [
        claim("late", "local", json!(null)),
        claim("now", "fast", json!(null)),
        claim("has", "local", json!("small")),
        claim("lost", "local", json!("gone")),
        claim("made", "cloud", json!(null)),
    ];
    for claim in claims {
        Arc::make_mut(&mut around.claims).insert(Key::of(&*claim), claim);
    }
    for volume in [volume("small", "512Mi", "b"), volume("large", "9Gi", "a")] {
        Arc::make_mut(&mut around.volumes).insert(Key::of(&*volume), volume);
    }
    for (name, provisioner, mode) in [
        ("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer"),
        ("cloud", "example.com/disk", "WaitForFirstConsumer"),
        ("fast", "example.com/disk", "Immediate"),
    ] {
        let class: StorageClass = serde_json::from_value(json!({"metadata": {"name": name},
            "provisioner": provisioner, "volumeBindingMode": mode}))
        .expect("a class");
        Arc::make_mut(&mut around.classes).insert(Key::of(&class), Arc::new(class));
    }
    nodes
}

#[test]
fn a_pod_goes_where_its_volumes_are() {
    let nodes = nodes();
    let fits = || Verdict::Fits;
    let never = |reason: &str| Verdict::never(reason);
    let all = |reason: &str| [Verdict::never(reason), Verdict::never(reason)];
    let table = [
        ("late", [fits(), never("node(s) didn't find available persistent volumes to bind")]),
        ("has", [never("node(s) didn't match PersistentVolume's node affinity"), fits()]),
        ("made", [fits(), fits()]),
        ("now", all("pod has unbound immediate PersistentVolumeClaims")),
        ("none", all("persistentvolumeclaim \"none\" not found")),
        ("lost", all("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")),
    ];
    for (name, expected) in table {
        let pod = pod(json!({"containers": [], "volumes": [
            {"name": "v", "persistentVolumeClaim": {"claimName": name}}]}));
        assert_eq!(verdicts(&VolumeBinding, &pod, &nodes), expected, "{name}");
    }
}
