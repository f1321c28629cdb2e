//! Answers put together from stored bytes, against the same answers made as a whole.

#![allow(clippy::unwrap_used, reason = "a test")]

use orlop_codec as codec;

use codec::json_list::{self, ListMeta};
use codec::{TypeId, TypeMeta, envelope, json_watch, peek, proto_list, proto_watch};
use object::Gvk;
use schema::builtin;
use serde_json::{Value, json};

fn root(kind: &'static str) -> TypeId {
    builtin().root(&Gvk::new("", "v1", kind)).unwrap()
}

fn pod(name: &str) -> Value {
    json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": name, "namespace": "ns", "uid": "u-1",
            "labels": {"b": "2", "a": "1"},
            "finalizers": ["x/y"],
            "deletionTimestamp": "1970-01-01T00:01:00Z",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r",
                "uid": "u-2", "controller": true}],
        },
        "spec": {"nodeName": "node-1", "hostNetwork": true, "priority": 7,
            "containers": [{"name": "c", "image": "<i>"}]},
        "status": {"phase": "Running"},
    })
}

const POD: TypeMeta<'static> = TypeMeta { api_version: "v1", kind: "Pod" };

#[test]
fn a_list_of_stored_pods_is_the_list_of_the_pods() {
    let stored: Vec<Vec<u8>> = ["a", "b", "c"]
        .iter()
        .map(|name| codec::encode_proto(builtin(), root("Pod"), &pod(name)).unwrap())
        .collect();
    let spliced: Vec<_> =
        stored.iter().map(|raw| envelope::splice_resource_version(raw, "77").unwrap()).collect();
    let meta =
        ListMeta { resource_version: "99", continue_token: "next", remaining_item_count: Some(3) };

    let mut items = Vec::new();
    for name in ["a", "b", "c"] {
        let mut item = pod(name);
        item.as_object_mut().unwrap().remove("kind");
        item.as_object_mut().unwrap().remove("apiVersion");
        item["metadata"]["resourceVersion"] = "77".into();
        items.push(item);
    }
    let whole = json!({
        "kind": "PodList", "apiVersion": "v1",
        "metadata": {"resourceVersion": "99", "continue": "next", "remainingItemCount": 3},
        "items": items,
    });

    let proto = proto_list::whole("v1", "PodList", &meta, spliced.iter().map(|raw| &raw[..]));
    let expected = codec::encode_proto(builtin(), root("PodList"), &whole).unwrap();
    assert_eq!(proto, envelope::write("v1", "PodList", &expected));

    let mut text = Vec::new();
    json_list::begin(&mut text, "v1", "PodList", &meta);
    for (place, raw) in stored.iter().enumerate() {
        let mut object = Vec::new();
        codec::push_json(builtin(), root("Pod"), raw, &POD, Some("77"), &mut object).unwrap();
        json_list::item(&mut text, place == 0, &object);
    }
    text.extend_from_slice(json_list::END);
    let mut expected = codec::encode_json(builtin(), root("PodList"), &whole).unwrap();
    expected.push(b'\n');
    assert_eq!(String::from_utf8(text).unwrap(), String::from_utf8(expected).unwrap());
}

#[test]
fn a_watch_event_is_the_event_made_as_a_whole() {
    let raw = codec::encode_proto(builtin(), root("Pod"), &pod("a")).unwrap();
    let object = envelope::write("v1", "Pod", &raw);
    let mut frame = Vec::new();
    proto_watch::push_event(&mut frame, "MODIFIED", &object);
    let length = u32::from_be_bytes(frame[..4].try_into().unwrap());
    assert_eq!(length as usize, frame.len() - 4);

    let json = codec::proto_to_json(builtin(), root("Pod"), &raw, &POD).unwrap();
    let mut line = Vec::new();
    json_watch::push_event(&mut line, "MODIFIED", &json);
    let event: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(event["type"], "MODIFIED");
    assert_eq!(event["object"]["metadata"]["name"], "a");
}

#[test]
fn peeking_sees_what_decoding_sees() {
    let raw = codec::encode_proto(builtin(), root("Pod"), &pod("a")).unwrap();
    let seen = peek::metadata(&raw).unwrap();
    assert_eq!((seen.name, seen.namespace, seen.uid), ("a", "ns", "u-1"));
    assert_eq!(seen.labels, [("a", "1"), ("b", "2")]);
    assert_eq!(seen.finalizers, ["x/y"]);
    assert_eq!(seen.deletion_seconds, Some(60));
    let owner = seen.owner_references[0];
    assert_eq!((owner.kind, owner.name, owner.api_version), ("ReplicaSet", "r", "apps/v1"));
    assert!(owner.controller && !owner.block_owner_deletion);

    let json = codec::encode_json(builtin(), root("Pod"), &pod("a")).unwrap();
    for (path, expected) in [
        ("metadata.name", "a"),
        ("spec.nodeName", "node-1"),
        ("status.phase", "Running"),
        ("spec.hostNetwork", "true"),
        ("spec.priority", "7"),
        ("spec.serviceAccountName", ""),
        ("status.nominatedNodeName", ""),
    ] {
        let found = peek::field(builtin(), root("Pod"), &raw, path).unwrap();
        assert_eq!(found.unwrap_or_default(), expected, "{path}");
        let steps: Vec<&str> = path.split('.').collect();
        assert_eq!(codec::json_peek::field(&json, &steps).unwrap(), expected, "{path}");
    }
    assert!(peek::field(builtin(), root("Pod"), &raw, "spec.nope").is_err());
    assert!(peek::field(builtin(), root("Pod"), &raw, "spec.containers").is_err());
}

#[test]
fn a_splice_of_the_version_is_a_decode_and_encode() {
    let mut object = pod("a");
    let raw = codec::encode_proto(builtin(), root("Pod"), &object).unwrap();
    object["metadata"]["resourceVersion"] = "123456789".into();
    let expected = codec::encode_proto(builtin(), root("Pod"), &object).unwrap();
    assert_eq!(&envelope::splice_resource_version(&raw, "123456789").unwrap()[..], &expected[..]);
    let mut spliced = Vec::new();
    codec::push_json(builtin(), root("Pod"), &raw, &POD, Some("123456789"), &mut spliced).unwrap();
    assert_eq!(spliced, codec::encode_json(builtin(), root("Pod"), &object).unwrap());
}

#[test]
fn metadata_alone_is_a_partial_object() {
    let raw = codec::encode_proto(builtin(), root("Pod"), &pod("a")).unwrap();
    let gvk = Gvk::new("meta.k8s.io", "v1", "PartialObjectMetadata");
    let partial = builtin().root(&gvk).unwrap();
    let names = TypeMeta { api_version: "meta.k8s.io/v1", kind: "PartialObjectMetadata" };
    let mut expected = pod("a");
    expected["kind"] = names.kind.into();
    expected["apiVersion"] = names.api_version.into();
    let cut = envelope::metadata_only(&raw).unwrap();
    assert_eq!(cut, codec::encode_proto(builtin(), partial, &expected).unwrap());
    assert_eq!(
        codec::proto_to_json(builtin(), partial, cut, &names).unwrap(),
        codec::encode_json(builtin(), partial, &expected).unwrap()
    );
}
