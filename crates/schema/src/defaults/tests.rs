//! What defaulting fills in, and what it leaves alone.

use super::*;
use crate::builtin;
use object::{Gvk, json};

/// An object with what must be added to it.
fn check(group: &str, version: &str, kind: &str, input: Value, expected: Value) {
    let root = builtin().root(&Gvk::new(group.to_owned(), version.to_owned(), kind.to_owned()));
    let mut object = input.clone();
    apply(builtin(), root.expect("a kind"), &mut object);
    assert_eq!(object, expected, "{kind} {input}");
    apply(builtin(), root.expect("a kind"), &mut object);
    assert_eq!(object, expected, "a second time: {kind} {input}");
}

#[test]
fn pod() {
    check(
        "",
        "v1",
        "Pod",
        json!({"spec": {"containers": [{
            "name": "a", "image": "nginx", "ports": [{"containerPort": 80}],
            "livenessProbe": {"grpc": {"port": 1}, "timeoutSeconds": 0},
            "resources": {"limits": {"cpu": "100u", "memory": "1Gi"}, "requests": {"cpu": "1m"}},
        }], "volumes": [{"name": "v"}]}}),
        json!({"spec": {
            "containers": [{
                "name": "a", "image": "nginx", "imagePullPolicy": "Always",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "livenessProbe": {
                    "grpc": {"port": 1, "service": ""},
                    "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
                    "failureThreshold": 3,
                },
                "resources": {
                    "limits": {"cpu": "1m", "memory": "1Gi"},
                    "requests": {"cpu": "1m", "memory": "1Gi"},
                },
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }],
            "volumes": [{"name": "v", "emptyDir": {}}],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {},
            "terminationGracePeriodSeconds": 30, "schedulerName": "default-scheduler",
            "enableServiceLinks": true,
        }}),
    );
}

#[test]
fn a_strategy_that_does_not_roll_has_no_rolling_defaults() {
    let spec = |strategy: Value| {
        let mut object = json!({"spec": {"updateStrategy": strategy}});
        let root = builtin().root(&Gvk::new("apps", "v1", "StatefulSet")).expect("a kind");
        apply(builtin(), root, &mut object);
        object["spec"]["updateStrategy"].clone()
    };
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
    assert_eq!(spec(json!({})), rolling);
    assert_eq!(spec(json!({"type": "OnDelete"})), json!({"type": "OnDelete"}));
    assert_eq!(spec(json!({"type": "RollingUpdate"})), json!({"type": "RollingUpdate"}));
}

#[test]
fn what_is_there_stays() {
    check(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        json!({"spec": {"egress": [{}]}}),
        json!({"spec": {"egress": [{}], "policyTypes": ["Ingress", "Egress"]}}),
    );
    check(
        "apps",
        "v1",
        "ReplicaSet",
        json!({"spec": {"replicas": 0, "template": {"spec": {"schedulerName": "mine"}}}}),
        json!({"spec": {"replicas": 0, "template": {"spec": {
            "schedulerName": "mine", "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
            "securityContext": {}, "terminationGracePeriodSeconds": 30,
        }}}}),
    );
}

#[test]
fn a_gate_that_is_off_sets_nothing_until_it_is_on() {
    let root = builtin().root(&Gvk::new("", "v1", "PodLogOptions")).expect("a kind");
    let mut object = json!({});
    apply(builtin(), root, &mut object);
    assert_eq!(object, json!({}));
    apply_gated(builtin(), root, &mut object, &|gate| gate == "PodLogsQuerySplitStreams");
    assert_eq!(object, json!({"stream": "All"}));
}
