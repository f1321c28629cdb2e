//! Lists and watches in the words that servers use.

use super::*;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ObjectList;
use kube::core::WatchEvent;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

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

/// A client whose requests get `answers`, in order, and then none; and what it asked for.
fn scripted(answers: &[String]) -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, answers) = (asked.clone(), Mutex::new(VecDeque::from(answers.to_vec())));
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let uri = request.uri().to_string();
        log.lock().expect("log").push(uri);
        let answer = answers.lock().expect("answers").pop_front();
        async move {
            match answer {
                Some(answer) => {
                    let body = kube::client::Body::from(answer.into_bytes());
                    Ok::<_, std::io::Error>(http::Response::new(body))
                }
                None => std::future::pending().await,
            }
        }
    });
    (Client::new(service, "default"), asked)
}

#[tokio::test(start_paused = true)]
async fn pages_are_listed_and_what_is_too_old_is_listed_anew() {
    let page = |version: &str, more: &str, name: &str| {
        format!(
            r#"{{"kind":"ConfigMapList","apiVersion":"v1","metadata":{{"resourceVersion":"{version}",
            "continue":"{more}"}},"items":[{{"metadata":{{"name":"{name}","resourceVersion":"1"}}}}]}}"#
        )
    };
    let watched = [
        r#"{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7","creationTimestamp":null}}}"#,
        r#"{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c","resourceVersion":"8"}}}"#,
        r#"{"type":"DELETED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","resourceVersion":"9"}}}"#,
        r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410}}"#,
    ];
    let answers = [
        page("5", "more", "a"),
        page("5", "", "b"),
        watched.join("\n") + "\n",
        page("11", "", "d"),
    ];
    let (client, asked) = scripted(&answers);
    let kind = ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&());
    let events: Vec<_> = watch_raw(client, &kind, "metadata.name!=x").take(10).collect().await;
    let told: Vec<String> = events
        .iter()
        .map(|event| match event {
            Ok(watcher::Event::Init) => "begin".into(),
            Ok(watcher::Event::InitApply(object)) => format!("lists {}", object.key()),
            Ok(watcher::Event::InitDone) => "done".into(),
            Ok(watcher::Event::Apply(object)) => format!("sets {}", object.key()),
            Ok(watcher::Event::Delete(object)) => format!("deletes {}", object.key()),
            Err(watcher::Error::WatchError(status)) => format!("fails {}", status.code),
            Err(error) => error.to_string(),
        })
        .collect();
    let wanted =
        "begin, lists a, lists b, done, sets c, deletes a, fails 410, begin, lists d, done";
    assert_eq!(told.join(", "), wanted);
    let asked = asked.lock().expect("log");
    assert!(asked.iter().all(|uri| uri.starts_with("/api/v1/configmaps?")), "{asked:?}");
    assert!(
        asked.iter().all(|uri| uri.contains("fieldSelector=metadata.name%21%3Dx")),
        "{asked:?}"
    );
    assert!(asked[1].contains("continue=more") && asked[2].contains("resourceVersion=5"));
}

#[test]
fn a_log_never_holds_what_could_not_be_decoded() {
    let broken = r#"{"metadata":{"name":"a"},"data":{"k":"not base64, but secret"}}"#;
    let raw: RawObject = serde_json::from_str(broken).expect("any object");
    assert!(raw.decode::<Secret>().is_err());
    assert_eq!(format!("{raw:?}"), "RawObject(Key { namespace: \"\", name: \"a\" })");
}
