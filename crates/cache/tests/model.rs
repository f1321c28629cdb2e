//! The cache against a model: whatever a list or a watch selects by, through whichever index or
//! group it goes, is what a look at every object gives.

#![allow(clippy::unwrap_used, reason = "a test")]

use object::{FieldSelector, Selector, Value, json};
use orlop_cache::{At, Cache, Query, Shelf, Start, WatchEvent, Watcher, encode_stored};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Change, Expect, Memory, Outcome, Store};

/// More than from which on lists are indexed.
const PODS: usize = 2 * orlop_cache::limits::INDEX_FROM_OBJECTS;

fn pod(namespace: &str, name: &str, node: usize, app: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": { "app": format!("app-{app}"), "all": "" },
        },
        "spec": { "nodeName": if node == 0 { String::new() } else { format!("node-{node}") } },
    })
}

struct House {
    store: Arc<Memory>,
    cache: Arc<Cache>,
    shelf: Arc<Shelf>,
    /// What is stored, by key.
    pods: BTreeMap<String, Value>,
    /// A small generator of numbers, the same in each run.
    seed: u64,
}

impl House {
    async fn new() -> Self {
        let store = Arc::new(Memory::new());
        let cache = Cache::start(store.clone(), "/registry", kinds::all()).await.unwrap();
        let kind = kinds::find("", "v1", "pods").unwrap();
        let shelf = cache.shelf(kind).unwrap().clone();
        Self { store, cache, shelf, pods: BTreeMap::new(), seed: 7 }
    }

    fn below(&mut self, end: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.seed >> 33) as usize % end
    }

    /// Creates, changes or removes a pod.
    async fn turn(&mut self, remove: bool) {
        let number = self.below(PODS);
        let (namespace, name) = (format!("ns-{}", number % 3), format!("pod-{number}"));
        let (node, app) = (self.below(20), self.below(30));
        let key = format!("{namespace}/{name}");
        let change = if remove {
            self.pods.remove(&key);
            Change::Delete
        } else {
            let pod = pod(&namespace, &name, node, app);
            let value = encode_stored(self.shelf.kind, &pod).unwrap();
            self.pods.insert(key.clone(), pod);
            Change::Put { value, ttl: None }
        };
        let key = format!("/registry/pods/{key}");
        let (found, _) = self.store.get(&key).await.unwrap();
        let expect = match &found {
            Some(entry) => Expect::Revision(entry.mod_revision),
            None if remove => return,
            None => Expect::Absent,
        };
        let outcome = self.store.commit(&key, expect, change).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)));
    }

    /// The keys that are selected, found by a look at each.
    fn model(&self, query: &Query) -> Vec<String> {
        let selected = |(key, pod): &(&String, &Value)| {
            let namespace = pod["metadata"]["namespace"].as_str();
            query.namespace.as_deref().is_none_or(|wanted| namespace == Some(wanted))
                && query.labels.matches_map(&pod["metadata"]["labels"])
                && query.fields.matches(|path| match path {
                    "spec.nodeName" => pod["spec"]["nodeName"].as_str(),
                    "metadata.name" => key.split('/').nth(1),
                    _ => namespace,
                })
        };
        self.pods.iter().filter(selected).map(|(key, _)| key.clone()).collect()
    }
}

fn queries() -> Vec<Query> {
    let mut queries = Vec::new();
    for fields in [
        "",
        "spec.nodeName=node-3",
        "spec.nodeName=",
        "spec.nodeName!=node-3",
        "metadata.name=pod-31,metadata.namespace=ns-1",
        "metadata.name=pod-31",
        "spec.nodeName=nowhere",
    ] {
        for labels in ["", "app=app-5", "app in (app-5),all=", "app!=app-5", "none=1"] {
            for namespace in [None, Some("ns-1".to_owned()), Some("ns".to_owned())] {
                queries.push(Query {
                    namespace,
                    labels: Selector::parse(labels).unwrap(),
                    fields: FieldSelector::parse(fields).unwrap(),
                });
            }
        }
    }
    queries
}

#[tokio::test]
async fn lists_are_what_a_look_at_every_object_gives() {
    let mut house = House::new().await;
    for round in 0..4 {
        for turn in 0..2 * PODS {
            house.turn(turn % 5 == 0).await;
        }
        for query in queries() {
            let expected = house.model(&query);
            let list = house.cache.list(&house.shelf, &query, At::Newest, 0, None).await.unwrap();
            let keys: Vec<String> = list.items.iter().map(|item| item.key()).collect();
            assert_eq!(keys, expected, "round {round}: {query:?}");

            let mut paged = Vec::new();
            let mut after: Option<String> = None;
            loop {
                let after_key = after.as_deref();
                let page = house.cache.list(&house.shelf, &query, At::Any, 3, after_key).await;
                let page = page.unwrap();
                assert!(page.items.len() <= 3);
                paged.extend(page.items.iter().map(|item| item.key()));
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            assert_eq!(paged, expected, "round {round}, in pages: {query:?}");
        }
    }
}

/// Takes events until the cache's revision is reported, and keeps what they say.
async fn follow(watcher: &mut Watcher, seen: &mut BTreeMap<String, Value>) {
    let mut put = |event: WatchEvent| match event {
        WatchEvent::Added(item) => {
            let before = seen.insert(item.key(), item.stored_value().unwrap());
            assert!(before.is_none(), "{} was added twice", item.key());
        }
        WatchEvent::Modified(item) => {
            let before = seen.insert(item.key(), item.stored_value().unwrap());
            assert!(before.is_some(), "{} was modified and never added", item.key());
        }
        WatchEvent::Deleted(item) => {
            assert!(seen.remove(&item.key()).is_some(), "{} was never there", item.key());
            let version = item.stored_value().unwrap()["metadata"]["resourceVersion"].clone();
            assert_eq!(version, item.revision.to_string());
            let json: Value = serde_json::from_slice(&item.json().unwrap()).unwrap();
            assert_eq!(json["metadata"]["resourceVersion"], version);
        }
        WatchEvent::Bookmark { .. } => {}
    };
    loop {
        while let Some(event) = watcher.ready() {
            put(event);
        }
        if watcher.bookmark().unwrap().is_some() {
            return;
        }
    }
}

#[tokio::test]
async fn watches_tell_what_lists_show() {
    let mut house = House::new().await;
    for _ in 0..PODS {
        house.turn(false).await;
    }
    let mut watches = Vec::new();
    for query in queries() {
        let start = Start::Initial { at: At::Newest, bookmark: true };
        let watcher = house.cache.watch(&house.shelf, query.clone(), start).await.unwrap();
        watches.push((query, watcher, BTreeMap::new()));
    }
    for round in 0..3 {
        // Fewer than the ring holds, so that nobody is too late.
        for turn in 0..orlop_cache::limits::RING_CHANGES / 2 {
            house.turn(turn % 3 == 0).await;
        }
        let newest = house.store.revision().await.unwrap();
        house.cache.wait_for(newest).await.unwrap();
        for (query, watcher, seen) in &mut watches {
            follow(watcher, seen).await;
            let keys: Vec<String> = seen.keys().cloned().collect();
            assert_eq!(keys, house.model(query), "round {round}: {query:?}");
        }
    }
}

#[tokio::test]
async fn a_watcher_misses_nothing_while_others_fill_the_ring() {
    let mut house = House::new().await;
    house.turn(false).await;
    let newest = house.store.revision().await.unwrap();
    let quiet =
        Query { fields: FieldSelector::equal("spec.nodeName", "quiet"), ..Query::everything() };
    let start = Start::After(newest);
    let mut quiet = house.cache.watch(&house.shelf, quiet, start).await.unwrap();
    let mut all = house.cache.watch(&house.shelf, Query::everything(), start).await.unwrap();
    for _ in 0..2 * orlop_cache::limits::RING_CHANGES {
        house.turn(false).await;
    }
    let newest = house.store.revision().await.unwrap();
    house.cache.wait_for(newest).await.unwrap();
    assert_eq!(all.next().await.unwrap_err().code, 410);
    assert!(quiet.bookmark().unwrap().is_some());

    let mut pod = pod("ns-0", "one", 1, 1);
    pod["spec"]["nodeName"] = "quiet".into();
    let value = encode_stored(house.shelf.kind, &pod).unwrap();
    let put = Change::Put { value, ttl: None };
    house.store.commit("/registry/pods/ns-0/one", Expect::Absent, put).await.unwrap();
    let Ok(WatchEvent::Added(item)) = quiet.next().await else { panic!("expected the pod") };
    assert_eq!(item.key(), "ns-0/one");
}

#[tokio::test]
async fn readers_inside_see_all_but_managed_fields() {
    let house = House::new().await;
    let mut pod = pod("ns-0", "one", 1, 1);
    pod["metadata"]["managedFields"] = json!([{
        "manager": "test",
        "operation": "Update",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": { "f:spec": { "f:nodeName": {} } },
    }]);
    pod["metadata"]["finalizers"] = json!(["example.com/kept"]);
    let value = encode_stored(house.shelf.kind, &pod).unwrap();
    let put = Change::Put { value, ttl: None };
    house.store.commit("/registry/pods/ns-0/one", Expect::Absent, put).await.unwrap();
    let all = Query::everything();
    let list = house.cache.list(&house.shelf, &all, At::Newest, 0, None).await.unwrap();
    let mut whole = list.items[0].stored_value().unwrap();
    assert!(whole["metadata"]["managedFields"].is_array());
    whole["metadata"].as_object_mut().unwrap().remove("managedFields");
    assert_eq!(list.items[0].stored_value_unmanaged().unwrap(), whole);
    let line = list.items[0].json_line().unwrap();
    assert_eq!(line, [&list.items[0].json().unwrap()[..], b"\n"].concat());
}

#[tokio::test]
async fn no_list_is_as_of_before_the_last_compaction() {
    let mut house = House::new().await;
    for _ in 0..20 {
        house.turn(false).await;
    }
    let (old, query) = (house.store.revision().await.unwrap(), Query::everything());
    house.turn(false).await;
    let list = |after| house.cache.list(&house.shelf, &query, At::Exact(old), 2, after);
    let first = list(None).await.unwrap().next.expect("there is more");
    assert!(list(Some(&first)).await.is_ok(), "the cache still holds it");

    let newest = house.store.revision().await.unwrap();
    house.store.compact(newest).await.unwrap();
    house.cache.compacted_to(newest);
    for (after, words) in
        [(None, "The resourceVersion for"), (Some(first.as_str()), "The provided continue")]
    {
        let error = list(after).await.unwrap_err();
        assert_eq!(error.code, 410);
        assert!(error.message.starts_with(words), "{}", error.message);
    }
}
