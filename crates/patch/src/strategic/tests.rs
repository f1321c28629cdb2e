//! Patches of built-in kinds, with the results that upstream gives.

use super::apply;
use object::{ApiError, Gvk};
use serde_json::{Value, json};

fn patched(kind: &str, original: Value, patch: Value) -> Result<Value, ApiError> {
    let gvk = match kind {
        "Deployment" => Gvk::new("apps", "v1", "Deployment"),
        other => Gvk::new("", "v1", other.to_owned()),
    };
    let schema = schema::builtin();
    let root = schema.root(&gvk).expect("a built-in kind");
    apply(schema, root, &original, &patch).map_err(ApiError::from)
}

#[test]
fn lists_with_a_merge_key_are_merged_by_it() {
    let pod = json!({"spec": {"containers": [
        {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]},
        {"name": "b", "image": "b:1"},
    ]}});
    let patch = json!({"spec": {"containers": [
        {"name": "b", "image": "b:2"},
        {"name": "c", "image": "c:1"},
        {"name": "a", "env": [{"name": "Y", "value": "2"}]},
    ]}});
    let expected = json!({"spec": {"containers": [
        {"name": "b", "image": "b:2"},
        {"name": "c", "image": "c:1"},
        {"name": "a", "image": "a:1", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]},
    ]}});
    assert_eq!(patched("Pod", pod, patch), Ok(expected));
}

#[test]
fn directives_delete_replace_and_order() {
    let pod = || {
        json!({"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x", "y"]},
            "spec": {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
                "nodeSelector": {"k": "v"}}})
    };
    let containers =
        |names: &[&str]| -> Value { names.iter().map(|name| json!({"name": name})).collect() };
    for (patch, field, expected) in [
        (
            json!({"spec": {"containers": [{"name": "b", "$patch": "delete"}]}}),
            "/spec/containers",
            containers(&["a", "c"]),
        ),
        (
            json!({"spec": {"containers": [{"name": "z"}, {"$patch": "replace"}]}}),
            "/spec/containers",
            containers(&["z"]),
        ),
        (
            json!({"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]}}),
            "/spec/containers",
            containers(&["b", "c", "a"]),
        ),
        (
            json!({"spec": {"$setElementOrder/containers": [{"name": "d"}, {"name": "b"}], "containers": [{"name": "d"}]}}),
            "/spec/containers",
            containers(&["d", "a", "b", "c"]),
        ),
        (
            json!({"metadata": {"labels": {"$patch": "replace", "c": "3"}}}),
            "/metadata/labels",
            json!({"c": "3"}),
        ),
        (
            json!({"metadata": {"labels": {"a": null, "z": null}}}),
            "/metadata/labels",
            json!({"b": "2"}),
        ),
        (json!({"metadata": {"labels": {"$patch": "delete"}}}), "/metadata/labels", json!({})),
        (
            json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}}),
            "/metadata/finalizers",
            json!(["y"]),
        ),
        (
            json!({"metadata": {"finalizers": ["z", "x"]}}),
            "/metadata/finalizers",
            json!(["z", "x", "y"]),
        ),
    ] {
        let got = patched("Pod", pod(), patch.clone()).expect("applies");
        assert_eq!(got.pointer(field), Some(&expected), "{patch}");
    }
}

#[test]
fn lists_without_a_strategy_are_replaced() {
    let original = json!({"spec": {"containers": [{"name": "a", "command": ["x", "y"]}]}});
    let patch = json!({"spec": {"containers": [{"name": "a", "command": ["z"]}]}});
    let got = patched("Pod", original, patch).expect("applies");
    assert_eq!(got["spec"]["containers"][0]["command"], json!(["z"]));
}

#[test]
fn retained_keys_replace_one_strategy_by_another() {
    let original =
        json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    let got = patched("Deployment", original.clone(), patch).expect("applies");
    assert_eq!(got["spec"]["strategy"], json!({"type": "Recreate"}));
    let wrong =
        json!({"spec": {"strategy": {"$retainKeys": ["rollingUpdate"], "type": "Recreate"}}});
    let error = patched("Deployment", original, wrong).expect_err("refused");
    assert_eq!((error.code, &*error.message), (400, "invalid patch format of retainKeys"));
}

#[test]
fn refusals_are_upstreams() {
    let pod = json!({"metadata": {"labels": {}}, "spec": {"containers": [{"name": "a"}]}});
    for (patch, code, message) in [
        (
            json!({"spec": {"containers": [{"image": "x"}]}}),
            500,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            json!({"spec": {"$patch": "jump"}}),
            500,
            "unknown patch type: jump in map: map[$patch:jump]",
        ),
        (json!([]), 400, "invalid JSON document"),
    ] {
        let error = patched("Pod", pod.clone(), patch).expect_err("refused");
        assert_eq!((error.code, &*error.message), (code, message));
    }
    let unknown = patched("Pod", json!({"x": {}}), json!({"x": {"y": 1}})).expect_err("refused");
    assert_eq!(unknown.message, "unable to find api field in struct Pod for the json field \"x\"");
}
