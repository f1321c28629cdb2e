//! Lists and watches in the words that servers use.

use super::*;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ObjectList;
use kube::core::WatchEvent;

const ITEM: &str = r#"{"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"5",
    "labels":{"x":"y"},"managedFields":[{"manager":"m","fieldsV1":{"f:x":{}}}]},
    "data":{"k":"dg=="},"type":"Opaque"}"#;

fn event(kind: &str, object: &str) -> WatchEvent<RawObject> {
    serde_json::from_str(&format!(r#"{{"type":"{kind}","object":{object}}}"#)).expect("an event")
}

#[test]
fn items_without_a_kind_are_decoded() {
    let list = format!(
        r#"{{"kind":"SecretList","apiVersion":"v1","metadata":{{"resourceVersion":"9",
        "continue":"c","remainingItemCount":3}},"items":[{ITEM}]}}"#
    );
    let list: ObjectList<RawObject> = serde_json::from_str(&list).expect("a list");
    assert_eq!(list.metadata.continue_.as_deref(), Some("c"));
    let raw = &list.items[0];
    assert_eq!((raw.key(), raw.uid()), (Key::new("ns", "a"), "u"));
    let secret: Secret = raw.decode().expect("a secret");
    assert_eq!(secret.data.expect("data")["k"].0, b"v");
    assert_eq!(raw.metadata().expect("metadata").labels.expect("labels")["x"], "y");
    let empty = r#"{"kind":"SecretList","apiVersion":"v1","metadata":{},"items":null}"#;
    let empty: ObjectList<RawObject> = serde_json::from_str(empty).expect("a list");
    assert!(empty.items.is_empty());
}

#[test]
fn each_event_of_a_watch_is_understood() {
    for kind in ["ADDED", "MODIFIED", "DELETED"] {
        match event(kind, ITEM) {
            WatchEvent::Added(raw) | WatchEvent::Modified(raw) | WatchEvent::Deleted(raw) => {
                assert_eq!(raw.meta().resource_version.as_deref(), Some("5"));
            }
            other => panic!("{other:?}"),
        }
    }
    let mark = r#"{"kind":"Secret","apiVersion":"v1","metadata":{"resourceVersion":"12",
        "creationTimestamp":null}}"#;
    let WatchEvent::Bookmark(mark) = event("BOOKMARK", mark) else { panic!("no bookmark") };
    assert_eq!(mark.metadata.resource_version, "12");
    let gone = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
        "message":"too old resource version: 1 (5)","reason":"Expired","code":410}"#;
    let WatchEvent::Error(gone) = event("ERROR", gone) else { panic!("no error") };
    assert_eq!((gone.code, gone.reason.as_str()), (410, "Expired"));
}

#[test]
fn a_log_never_holds_what_could_not_be_decoded() {
    let broken = r#"{"metadata":{"name":"a"},"data":{"k":"not base64, but secret"}}"#;
    let raw: RawObject = serde_json::from_str(broken).expect("any object");
    assert!(raw.decode::<Secret>().is_err());
    assert_eq!(format!("{raw:?}"), "RawObject(Key { namespace: \"\", name: \"a\" })");
}
