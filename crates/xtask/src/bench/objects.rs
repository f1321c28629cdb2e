//! The objects of the measurement: pods of about 3 KB, ConfigMaps of 1 KB.

use serde_json::{Value, json};

pub(super) const NAMESPACE: &str = "bench";
/// Each pod is bound to one of so many nodes.
pub(super) const NODES: usize = 100;

/// A pod as a Deployment's might look.
pub(super) fn pod(name: &str, number: usize) -> Value {
    let environment: Vec<Value> = (0..4)
        .map(|n| json!({ "name": format!("SETTING_{n}"), "value": format!("value of {n} for {name}") }))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {
                "app": format!("app-{}", number % 50),
                "tier": if number.is_multiple_of(2) { "front" } else { "back" },
                "pod-template-hash": "75b6d8c9f4",
            },
            "annotations": {
                "bench/purpose": "measured, never run",
                "bench/filler": "x".repeat(100),
            },
        },
        "spec": {
            "nodeName": format!("node-{}", number % NODES),
            "containers": [{
                "name": "main",
                "image": "registry.example/bench/main:1.2.3",
                "command": ["/bin/main", "--serve", "--port=8080"],
                "env": environment,
                "ports": [{ "containerPort": 8080, "name": "http" }],
                "resources": {
                    "requests": { "cpu": "100m", "memory": "128Mi" },
                    "limits": { "cpu": "500m", "memory": "256Mi" },
                },
                "readinessProbe": { "httpGet": { "path": "/ready", "port": "http" } },
            }],
        },
    })
}

/// The kubelet's patch of a pod's status.
pub(super) fn pod_status(turn: usize) -> Value {
    json!({ "status": {
        "phase": "Running",
        "podIP": "10.200.1.7",
        "conditions": [{
            "type": "Ready",
            "status": if turn.is_multiple_of(2) { "True" } else { "False" },
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "message": format!("turn {turn}"),
        }],
    }})
}

pub(super) fn config_map(name: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "data": { "said": text, "filler": "y".repeat(900) },
    })
}

/// An object without what differs between any two servers.
pub(super) fn compared(object: &Value) -> Value {
    let mut object = object.clone();
    for field in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove(field);
        }
    }
    if let Some(fields) = object["metadata"]["managedFields"].as_array_mut() {
        for one in fields {
            one["time"] = Value::Null;
        }
    }
    if let Some(items) = object["items"].as_array_mut() {
        for item in items {
            *item = compared(item);
        }
    }
    object
}
