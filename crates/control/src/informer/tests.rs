//! What handlers are told of a watch that begins again, and what the index keeps.

use super::*;
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher;
use serde_json::json;
use std::sync::Mutex;

fn map(name: &str, uid: &str, version: &str, owner: Option<&str>) -> RawObject {
    let owners: Vec<_> = owner
        .map(|uid| json!({"apiVersion": "v1", "kind": "X", "name": "x", "uid": uid, "controller": true}))
        .into_iter()
        .collect();
    raw(&json!({"metadata": {
        "name": name, "namespace": "ns", "uid": uid, "resourceVersion": version,
        "ownerReferences": owners,
        "managedFields": [{"manager": "m"}],
    }}))
}

fn raw(object: &serde_json::Value) -> RawObject {
    serde_json::from_str(&object.to_string()).expect("an object")
}

async fn consume(informer: &Informer<ConfigMap>, events: Vec<watcher::Event<RawObject>>) {
    informer.feed.consume(futures::stream::iter(events.into_iter().map(Ok)).boxed()).await;
}

fn recorded(informer: &Informer<ConfigMap>) -> Arc<Mutex<Vec<String>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let sink = log.clone();
    informer.on_change(move |change| {
        let word = match change {
            Change::Added(_) => "added",
            Change::Updated(..) => "updated",
            Change::Deleted(_) => "deleted",
        };
        sink.lock().expect("log").push(format!("{word} {}", Key::of(&**change.object()).name));
    });
    log
}

#[tokio::test]
async fn a_relist_is_told_as_changes() {
    let informer = Informer::empty();
    let log = recorded(&informer);
    let events = vec![
        watcher::Event::Init,
        watcher::Event::InitApply(map("a", "1", "5", None)),
        watcher::Event::InitApply(map("b", "2", "6", None)),
        watcher::Event::InitDone,
        watcher::Event::Apply(map("a", "1", "7", None)),
        watcher::Event::Init,
        watcher::Event::InitApply(map("a", "9", "8", None)),
        watcher::Event::InitDone,
    ];
    consume(&informer, events).await;
    let log = log.lock().expect("log").join(", ");
    assert_eq!(log, "added a, added b, updated a, deleted a, added a, deleted b");
    assert_eq!(informer.progress(), (8, 2));
    assert!(informer.has_synced());
}

#[tokio::test]
async fn the_index_follows_the_owner_and_managed_fields_are_dropped() {
    let informer = Informer::empty();
    consume(&informer, vec![watcher::Event::Apply(map("a", "1", "5", Some("o1")))]).await;
    assert_eq!(informer.controlled_by("o1").len(), 1);
    assert!(informer.list()[0].metadata.managed_fields.is_none());
    consume(&informer, vec![watcher::Event::Apply(map("a", "1", "6", Some("o2")))]).await;
    assert!(informer.controlled_by("o1").is_empty());
    assert_eq!(informer.controlled_by("o2").len(), 1);
    consume(&informer, vec![watcher::Event::Delete(map("a", "1", "7", Some("o2")))]).await;
    assert!(informer.controlled_by("o2").is_empty() && informer.is_empty());
    assert!(informer.feed.read(|store| store.controlled.is_empty()));
}

#[tokio::test]
async fn a_late_handler_is_told_what_is_there() {
    let informer = Informer::empty();
    consume(&informer, vec![watcher::Event::Apply(map("a", "1", "5", None))]).await;
    assert_eq!(*recorded(&informer).lock().expect("log"), ["added a"]);
    assert_eq!(informer.list_in("ns").len(), 1);
    assert!(informer.list_in("n").is_empty());
}

#[tokio::test]
async fn what_cannot_be_decoded_stays_as_it_was_until_it_is_deleted() {
    let informer = Informer::empty();
    let log = recorded(&informer);
    let mut broken = json!({"metadata": {"name": "a", "namespace": "ns", "uid": "1",
        "resourceVersion": "8"}, "data": [1]});
    let last = raw(&broken);
    broken["metadata"]["resourceVersion"] = json!("7");
    let events = vec![
        watcher::Event::Init,
        watcher::Event::InitApply(map("a", "1", "5", None)),
        watcher::Event::InitDone,
        watcher::Event::Init,
        watcher::Event::InitApply(raw(&broken)),
        watcher::Event::InitApply(raw(&json!({"metadata": "broken to the bone"}))),
        watcher::Event::InitApply(map("b", "2", "6", None)),
        watcher::Event::InitDone,
    ];
    consume(&informer, events).await;
    assert_eq!(informer.progress(), (7, 2));
    assert_eq!(informer.list()[0].metadata.resource_version.as_deref(), Some("5"));
    consume(&informer, vec![watcher::Event::Delete(last)]).await;
    assert_eq!(informer.list()[0].metadata.name.as_deref(), Some("b"));
    assert_eq!(log.lock().expect("log").join(", "), "added a, added b, deleted a");
}
