//! What handlers are told of a watch that begins again, and what the index keeps.

use super::*;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

fn map(name: &str, uid: &str, version: &str, owner: Option<&str>) -> ConfigMap {
    let owners: Vec<_> = owner
        .map(|uid| json!({"apiVersion": "v1", "kind": "X", "name": "x", "uid": uid, "controller": true}))
        .into_iter()
        .collect();
    serde_json::from_value(json!({"metadata": {
        "name": name, "namespace": "ns", "uid": uid, "resourceVersion": version,
        "ownerReferences": owners,
        "managedFields": [{"manager": "m"}],
    }}))
    .expect("a config map")
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
    let informer = Informer::new();
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
    informer.consume(futures::stream::iter(events.into_iter().map(Ok))).await;
    let log = log.lock().expect("log").join(", ");
    assert_eq!(log, "added a, added b, updated a, deleted a, added a, deleted b");
    assert_eq!(informer.progress(), (8, 2));
    assert!(informer.has_synced());
}

#[test]
fn the_index_follows_the_owner_and_managed_fields_are_dropped() {
    let informer = Informer::new();
    informer.apply(map("a", "1", "5", Some("o1")));
    assert_eq!(informer.controlled_by("o1").len(), 1);
    assert!(informer.list()[0].metadata.managed_fields.is_none());
    informer.apply(map("a", "1", "6", Some("o2")));
    assert!(informer.controlled_by("o1").is_empty());
    assert_eq!(informer.controlled_by("o2").len(), 1);
    informer.delete(map("a", "1", "7", Some("o2")));
    assert!(informer.controlled_by("o2").is_empty() && informer.is_empty());
    assert!(informer.read(|store| store.controlled.is_empty()));
}

#[test]
fn a_late_handler_is_told_what_is_there() {
    let informer = Informer::new();
    informer.apply(map("a", "1", "5", None));
    assert_eq!(*recorded(&informer).lock().expect("log"), ["added a"]);
    assert_eq!(informer.list_in("ns").len(), 1);
    assert!(informer.list_in("n").is_empty());
}
