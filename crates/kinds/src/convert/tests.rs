//! What a kind keeps on its way between two of its versions.

use super::*;
use object::json;

#[test]
fn an_event_keeps_its_facts_under_other_names() {
    let newer = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"},
        "regarding": {"kind": "Pod"}, "note": "text", "deprecatedCount": 2,
        "reportingController": "kubelet", "reportingInstance": "n", "reason": "r",
    });
    let core = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod"}, "message": "text", "count": 2,
        "reportingComponent": "kubelet", "reportingInstance": "n", "reason": "r",
    });
    there_and_back(&newer, &core);
}

#[test]
fn an_autoscaler_carries_in_annotations_what_v1_cannot_say() {
    let v2 = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {
            "maxReplicas": 5,
            "metrics": [
                {"type": "Pods", "pods": {
                    "metric": {"name": "<hits>"},
                    "target": {"type": "AverageValue", "averageValue": "10"}}},
                {"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}},
            ],
            "behavior": {"scaleDown": {
                "stabilizationWindowSeconds": 300, "selectPolicy": "Max",
                "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}},
        },
        "status": {
            "desiredReplicas": 1,
            "currentMetrics": [{"type": "Resource", "resource": {
                "name": "cpu", "current": {"averageUtilization": 7, "averageValue": "70m"}}}],
        },
    });
    let v1 = json!({
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h", "annotations": {
            METRICS: concat!(
                r#"[{"type":"Pods","pods":{"metricName":"\u003chits\u003e","targetAverage"#,
                r#"Value":"10"}}]"#,
            ),
            CURRENT: concat!(
                r#"[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilizatio"#,
                r#"n":7,"currentAverageValue":"70m"}}]"#,
            ),
            BEHAVIOR: concat!(
                r#"{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":300,"SelectP"#,
                r#"olicy":"Max","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds""#,
                r#":15}],"Tolerance":null}}"#,
            ),
        }},
        "spec": {"maxReplicas": 5, "targetCPUUtilizationPercentage": 60},
        "status": {"desiredReplicas": 1, "currentCPUUtilizationPercentage": 7},
    });
    there_and_back(&v2, &v1);
}

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

#[test]
fn an_autoscaler_of_v1_that_says_nothing_aims_at_80_percent() {
    let mut object = json!({
        "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"}, "spec": {"maxReplicas": 5}, "status": {},
    });
    convert(&mut object, "autoscaling/v2").expect("known");
    let target = &object["spec"]["metrics"][0]["resource"]["target"];
    assert_eq!(*target, json!({"type": "Utilization", "averageUtilization": 80}));
}

#[test]
fn a_definition_is_stored_with_what_its_versions_share_said_once() {
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let columns = json!([{"name": "A", "type": "string", "jsonPath": ".a"}]);
    let columns_before = json!([{"name": "A", "type": "string", "JSONPath": ".a"}]);
    let v1 = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "a.b"},
        "spec": {
            "group": "b",
            "conversion": {"strategy": "Webhook", "webhook": {
                "conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://x"}}},
            "versions": [
                {"name": "v2", "served": true, "storage": true, "schema": schema,
                 "additionalPrinterColumns": columns},
                {"name": "v1", "served": true, "storage": false, "schema": schema},
            ],
        },
    });
    let v1beta1 = json!({
        "apiVersion": "apiextensions.k8s.io/v1beta1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "a.b"},
        "spec": {
            "group": "b", "version": "v2", "validation": schema, "preserveUnknownFields": false,
            "conversion": {"strategy": "Webhook", "conversionReviewVersions": ["v1"],
                "webhookClientConfig": {"url": "https://x"}},
            "versions": [
                {"name": "v2", "served": true, "storage": true,
                 "additionalPrinterColumns": columns_before},
                {"name": "v1", "served": true, "storage": false},
            ],
        },
    });
    there_and_back(&v1, &v1beta1);
}

#[test]
fn an_unknown_version_is_an_error() {
    let mut object = json!({"apiVersion": "v1", "kind": "Pod"});
    assert!(convert(&mut object, "v2").is_err());
}

/// Versions without steps must be of one shape, however they are written in protobuf.
#[test]
fn versions_without_steps_are_of_one_shape() {
    for kind in crate::all() {
        let Some(storage) = kind.storage.filter(|at| group_of(at.group_version) == kind.group)
        else {
            continue;
        };
        let stored = version_of(storage.group_version);
        for version in kind.versions {
            let way = way(
                kind.kind,
                &kind.gvk(version).group_version().to_string(),
                storage.group_version,
            );
            let same = way.is_some_and(|steps| steps.iter().all(Option::is_none));
            if same && *version != stored {
                assert_eq!(shape(&kind.gvk(version)), shape(&kind.gvk(stored)), "{}", kind.kind);
            }
        }
    }
}

/// Every field below a type, by its path, with what it holds.
fn shape(gvk: &object::Gvk) -> std::collections::BTreeMap<String, String> {
    let schema = schema::builtin();
    let mut found = std::collections::BTreeMap::new();
    let mut open = vec![(String::new(), schema.root(gvk).expect("a root"))];
    while let Some((path, id)) = open.pop() {
        for field in &schema.get(id).fields {
            let own = if field.inline { path.clone() } else { format!("{path}.{}", field.name) };
            let mut inner = &field.shape;
            let mut text = if field.pointer { "*".to_owned() } else { String::new() };
            while let schema::Shape::List(item) | schema::Shape::Map(item) = inner {
                text.push_str(if matches!(inner, schema::Shape::List(_)) { "[]" } else { "{}" });
                inner = item;
            }
            match inner {
                schema::Shape::Struct(below) => open.push((own.clone(), *below)),
                other => text.push_str(&format!("{other:?}")),
            }
            if !field.inline {
                found.insert(own, text);
            }
        }
    }
    found
}

#[test]
fn a_claim_of_v1beta1_says_at_once_what_it_wants() {
    let claim = |version: &str, requests: Value| {
        json!({
            "apiVersion": format!("resource.k8s.io/{version}"), "kind": "ResourceClaim",
            "metadata": {"name": "c"}, "spec": {"devices": {"requests": requests}},
        })
    };
    let first = json!([{"deviceClassName": "y", "name": "b"}]);
    let v1 = json!([
        {"name": "a", "exactly": {"deviceClassName": "x", "count": 1, "selectors": []}},
        {"name": "b", "firstAvailable": first},
    ]);
    let v1beta1 = json!([
        {"name": "a", "deviceClassName": "x", "count": 1, "selectors": []},
        {"name": "b", "firstAvailable": first},
    ]);
    there_and_back(&claim("v1", v1.clone()), &claim("v1beta1", v1beta1.clone()));
    there_and_back(&claim("v1beta2", v1.clone()), &claim("v1beta1", v1beta1));
    there_and_back(&claim("v1beta2", v1.clone()), &claim("v1", v1));
}

#[test]
fn a_device_of_v1beta1_is_basic() {
    let slice = |version: &str, spec: Value| {
        json!({
            "apiVersion": format!("resource.k8s.io/{version}"), "kind": "ResourceSlice",
            "metadata": {"name": "s"}, "spec": spec,
        })
    };
    let attributes = json!({"model": {"string": "x"}});
    let v1 = json!({"nodeName": "n", "devices": [{"name": "d", "attributes": attributes}]});
    let v1beta1 =
        json!({"nodeName": "n", "devices": [{"name": "d", "basic": {"attributes": attributes}}]});
    there_and_back(&slice("v1", v1), &slice("v1beta1", v1beta1));
    let mut all = slice("v1beta1", json!({"nodeName": "", "allNodes": true}));
    convert(&mut all, RESOURCE_V1).expect("known");
    assert_eq!(all["spec"], json!({"allNodes": true}));
}

#[test]
fn every_step_has_its_way_back() {
    for step in STEPS {
        let back = |other: &&Step| {
            other.kind == step.kind && other.from == step.to && other.to == step.from
        };
        assert!(STEPS.iter().any(|other| back(&other)), "{} {}", step.kind, step.to);
    }
}

fn there_and_back(one: &Value, other: &Value) {
    let version = |object: &Value| object["apiVersion"].as_str().expect("has one").to_owned();
    let mut object = one.clone();
    convert(&mut object, &version(other)).expect("known");
    assert_eq!(object, *other);
    convert(&mut object, &version(one)).expect("known");
    assert_eq!(object, *one);
}

/// Every object that upstream's kube-apiserver 1.36.3 served, or kept, in two versions.
#[test]
fn conversions_are_upstreams() {
    let mut wrong = Vec::new();
    let mut expect = |from: &Value, to: &Value| {
        let mut object = bare(from);
        convert(&mut object, to["apiVersion"].as_str().expect("has one")).expect("known");
        let (found, wanted) = (bare(&object), bare(to));
        if found != wanted {
            wrong.push(format!("{}:\n  {found}\n  {wanted}", object["metadata"]["name"]));
        }
    };
    for versions in recorded("horizontalpodautoscalers.json") {
        expect(&versions[HPA_V2], &versions[HPA_V1]);
        expect(&versions[HPA_V1], &versions["back"]);
    }
    for versions in recorded("events.json") {
        expect(&versions["v1"], &versions["events.k8s.io/v1"]);
        expect(&versions["events.k8s.io/v1"], &versions["v1"]);
    }
    for versions in recorded("customresourcedefinitions.json") {
        expect(&versions[CRD_V1], &versions[CRD_V1BETA1]);
        expect(&versions[CRD_V1BETA1], &versions[CRD_V1]);
    }
    assert!(wrong.is_empty(), "found and wanted:\n{}", wrong.join("\n"));
}

fn recorded(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/golden/convert/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}

/// Without what the wire shows and the tree does not tell: nulls, empty texts, empty structs.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), bare(value)))
            .filter(|(name, value)| {
                let always = ["currentReplicas", "desiredReplicas"].contains(&name.as_str());
                !(value.is_null() || value == "" || *value == json!({}) || always && *value == 0)
            })
            .collect(),
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}
