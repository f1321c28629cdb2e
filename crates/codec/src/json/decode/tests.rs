//! What decoding refuses and what it makes canonical, in upstream's words.

use super::*;
use object::Gvk;
use schema::builtin;
use serde_json::json;

fn root(group: &'static str, version: &'static str, kind: &'static str) -> TypeId {
    builtin().root(&Gvk::new(group, version, kind)).expect("a built-in type")
}

fn pod(text: &str) -> Result<Decoded, DecodeError> {
    decode_json(builtin(), root("", "v1", "Pod"), text.as_bytes())
}

#[test]
fn unknown_and_duplicate_fields_are_named_in_order() {
    let text = r#"{"kind":"Pod","foo":1,"metadata":{"labels":{"a":"1","a":"2"},"nam":""},
        "spec":{"containers":[{"name":"x","imag":"y"},{"name":"a","name":"b"}],"foo":{"bar":1}}}"#;
    let decoded = pod(text).unwrap();
    assert_eq!(
        decoded.strict,
        [
            r#"unknown field "foo""#,
            r#"duplicate field "metadata.labels.a""#,
            r#"unknown field "metadata.nam""#,
            r#"unknown field "spec.containers[0].imag""#,
            r#"duplicate field "spec.containers[1].name""#,
            r#"unknown field "spec.foo""#,
        ]
    );
    assert_eq!(
        decoded.value,
        json!({
            "kind": "Pod",
            "metadata": {"labels": {"a": "2"}},
            "spec": {"containers": [{"name": "x"}, {"name": "b"}]},
        })
    );
}

#[test]
fn a_hundred_strict_errors_are_enough() {
    let fields: Vec<String> = (0..200).map(|n| format!("\"x{n}\":1")).collect();
    assert_eq!(pod(&format!("{{{}}}", fields.join(","))).unwrap().strict.len(), 100);
}

#[test]
fn type_errors_speak_go() {
    for (text, why) in [
        (
            r#"{"spec":{"containers":"x"}}"#,
            "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type \
             []v1.Container",
        ),
        (
            r#"{"spec":{"containers":[{"name":5}]}}"#,
            "json: cannot unmarshal number into Go struct field Container.spec.containers.name \
             of type string",
        ),
        (
            r#"{"spec":{"priority":3000000000}}"#,
            "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority \
             of type int32",
        ),
        (
            r#"{"metadata":{"labels":{"a":1}}}"#,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of \
             type string",
        ),
        (
            r#"{"spec":{"volumes":[{"emptyDir":[]}]}}"#,
            "json: cannot unmarshal array into Go struct field \
             Volume.spec.volumes.VolumeSource.emptyDir of type v1.EmptyDirVolumeSource",
        ),
        (r#""x""#, "json: cannot unmarshal string into Go value of type v1.Pod"),
        (
            r#"{"metadata":{"creationTimestamp":1}}"#,
            "json: cannot unmarshal number into Go struct field \
             ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            r#"{"spec":{"containers":[{"resources":{"limits":{"cpu":"much"}}}]}}"#,
            "quantities must match the regular expression \
             '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (r#"{"spec":{"hostNetwork":"#, "unexpected end of JSON input"),
        (
            r#"{"spec":{"hostNetwork":1,}"#,
            "invalid character '}' looking for beginning of object key string",
        ),
    ] {
        assert_eq!(pod(text).unwrap_err().to_string(), why);
    }
}

#[test]
fn values_become_canonical() {
    let text = r#"{"metadata":{"creationTimestamp":"2024-05-06T07:08:09.5+02:00","name":null},
        "spec":{"nodeName":null,"containers":[null,{"resources":{"limits":
        {"cpu":0.5,"memory":"1024Mi","x":1e3,"y":null}}}]}}"#;
    assert_eq!(
        pod(text).unwrap().value,
        json!({
            "metadata": {"creationTimestamp": "2024-05-06T05:08:09Z"},
            "spec": {"containers": [{}, {"resources": {"limits":
                {"cpu": "500m", "memory": "1Gi", "x": "1e3", "y": "0"}}}]},
        })
    );
}

#[test]
fn a_tree_is_read_as_its_text_is() {
    let tree = json!({"metadata": {"name": "a", "labels": null}, "spec": {"x": 1, "containers":
        [{"resources": {"limits": {"cpu": 2, "memory": "1024Ki"}}}]}});
    let decoded = decode_tree(builtin(), root("", "v1", "Pod"), tree.clone()).unwrap();
    assert_eq!(decoded, pod(&tree.to_string()).unwrap());
    assert_eq!(decoded.strict, [r#"unknown field "spec.x""#]);
}

#[test]
fn custom_resources_keep_everything() {
    let decoded =
        decode_json_free(br#"{"a":{"b":1,"b":[1.5,null,18446744073709551615]}}"#).unwrap();
    assert_eq!(decoded.value, json!({"a": {"b": [1.5, null, 18446744073709551615.0]}}));
    assert_eq!(decoded.strict, [r#"duplicate field "a.b""#]);
}
