//! Deletions: grace, finalizers, propagation, preconditions, collections.

use crate::house::{House, NOW, config_map, config_maps, kind, pod, query, target};
use crate::truth::Truth;
use cache::Query;
use object::{Value, json};
use registry::{DeleteOptions, Propagation};
use std::sync::Arc;

fn finalizers(object: &Value) -> Vec<&str> {
    object::meta::finalizers(object).collect()
}

fn with(propagation: Propagation) -> DeleteOptions {
    DeleteOptions { propagation: Some(propagation), ..DeleteOptions::default() }
}

async fn held(house: &House, name: &str, finalizers: &[&str]) {
    let mut map = config_map(name, "red", 1);
    map["metadata"]["finalizers"] = json!(finalizers);
    house.create(config_maps(), map).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn finalizers_hold_an_object_until_the_last_is_gone() {
    let house = House::new(1).await;
    held(&house, "map", &["example.com/a", "example.com/b"]).await;
    let deleted = house.delete(config_maps(), "map", &DeleteOptions::default()).await.unwrap();
    assert!(!deleted.gone);
    let object = deleted.item.stored_value().unwrap();
    assert_eq!(object["metadata"]["deletionTimestamp"], NOW);
    assert_eq!(object["metadata"]["deletionGracePeriodSeconds"], 0);
    // Again, and nothing is written.
    let before = house.settle().await;
    let again = house.delete(config_maps(), "map", &DeleteOptions::default()).await.unwrap();
    assert!(!again.gone);
    assert_eq!(house.store.revision().await.unwrap(), before);

    let one = |map: &mut Value| map["metadata"]["finalizers"] = json!(["example.com/b"]);
    house.change(config_maps(), "map", one).await.unwrap();
    assert!(house.stored(config_maps(), "map").await.is_some());
    let none = |map: &mut Value| drop(object::meta::of(map).remove("finalizers"));
    house.change(config_maps(), "map", none).await.unwrap();
    assert!(house.stored(config_maps(), "map").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn propagation_becomes_finalizers() {
    let house = House::new(1).await;
    for (propagation, expected) in [
        (Propagation::Foreground, Some(vec!["foregroundDeletion"])),
        (Propagation::Orphan, Some(vec!["orphan"])),
        (Propagation::Background, None),
    ] {
        house.create(config_maps(), config_map("map", "red", 1)).await.unwrap();
        let deleted = house.delete(config_maps(), "map", &with(propagation)).await.unwrap();
        assert_eq!(deleted.gone, expected.is_none());
        let stored = house.stored(config_maps(), "map").await;
        assert_eq!(stored.as_ref().map(finalizers), expected);
        // A later word wins over an earlier one.
        let end = house.delete(config_maps(), "map", &with(Propagation::Background)).await;
        assert_eq!(end.is_ok(), expected.is_some());
        assert!(house.stored(config_maps(), "map").await.is_none());
    }
    // The order of what is there is nobody's business, so nothing is written.
    held(&house, "map", &["orphan", "example.com/a"]).await;
    house.delete(config_maps(), "map", &DeleteOptions::default()).await.unwrap();
    let stored = house.stored(config_maps(), "map").await.unwrap();
    assert_eq!(finalizers(&stored), ["orphan", "example.com/a"]);
}

#[tokio::test(start_paused = true)]
async fn events_know_no_propagation() {
    let house = House::new(1).await;
    let events = kind("", "events");
    let event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": { "name": "one", "namespace": "space" },
        "involvedObject": { "kind": "Pod", "namespace": "space", "name": "web" },
        "reason": "Started",
        "type": "Normal",
        "source": { "component": "test" },
    });
    house.create(events, event).await.unwrap();
    let deleted = house.delete(events, "one", &with(Propagation::Foreground)).await.unwrap();
    assert!(deleted.gone, "the garbage collector would never look at it");
}

#[tokio::test(start_paused = true)]
async fn pods_are_given_time() {
    let house = House::new(1).await;
    let pods = kind("", "pods");
    let grace =
        |seconds| DeleteOptions { grace_seconds: Some(seconds), ..DeleteOptions::default() };
    house.create(pods, pod("web", "node")).await.unwrap();
    let deleted = house.delete(pods, "web", &grace(60)).await.unwrap();
    assert!(!deleted.gone);
    let metadata = deleted.item.stored_value().unwrap()["metadata"].clone();
    assert_eq!(metadata["deletionTimestamp"], "2026-01-02T03:05:05Z");
    assert_eq!(metadata["deletionGracePeriodSeconds"], 60);
    assert_eq!(metadata["generation"], 2);

    // Neither more time, nor the default of 30 seconds, nor a propagation changes anything now.
    let before = house.settle().await;
    for options in [grace(90), DeleteOptions::default(), with(Propagation::Foreground)] {
        let again = house.delete(pods, "web", &options).await.unwrap();
        assert!(!again.gone);
        assert_eq!(again.item.stored_value().unwrap()["metadata"], metadata);
    }
    assert_eq!(house.store.revision().await.unwrap(), before);

    // Less time counts from when it began.
    let mut call = house.call();
    call.now = "2026-01-02T03:04:10Z".to_owned();
    let less = house.registry.delete(&call, &target(pods, "web"), &grace(20)).await.unwrap();
    let metadata = less.item.stored_value().unwrap()["metadata"].clone();
    assert_eq!(metadata["deletionTimestamp"], "2026-01-02T03:04:25Z");
    assert_eq!(metadata["deletionGracePeriodSeconds"], 20);
    assert_eq!(metadata["generation"], 2);
    // Not into the past.
    call.now = "2026-01-02T03:04:20Z".to_owned();
    let less = house.registry.delete(&call, &target(pods, "web"), &grace(10)).await.unwrap();
    let metadata = less.item.stored_value().unwrap()["metadata"].clone();
    assert_eq!(metadata["deletionTimestamp"], "2026-01-02T03:04:20Z");
    assert_eq!(metadata["deletionGracePeriodSeconds"], 1);

    let deleted = house.delete(pods, "web", &grace(0)).await.unwrap();
    assert!(deleted.gone);
    assert!(house.stored(pods, "web").await.is_none());
}

/// Whoever watches learns from the last state that the pod was deleted with no time left.
#[tokio::test(start_paused = true)]
async fn a_deletion_without_grace_is_seen_before_it_is_done() {
    let house = House::new(1).await;
    let pods = kind("", "pods");
    let made = house.create(pods, pod("web", "node")).await.unwrap();
    let options = DeleteOptions {
        grace_seconds: Some(0),
        uid: Some(object::meta::uid(&made.stored_value().unwrap()).to_owned()),
        resource_version: Some(made.revision.to_string()),
        ..DeleteOptions::default()
    };
    assert!(house.delete(pods, "web", &options).await.unwrap().gone);
    let told = Truth::of(&*house.store, pods).await.events(&Query::everything(), 1);
    let sorts: String = told.iter().map(|(sort, ..)| *sort).collect();
    assert_eq!(sorts, "AMD");
}

#[tokio::test(start_paused = true)]
async fn preconditions_are_held_against_what_is_stored() {
    let house = House::new(1).await;
    let item = house.create(config_maps(), config_map("map", "red", 1)).await.unwrap();
    let wrong_uid = DeleteOptions { uid: Some("other".into()), ..DeleteOptions::default() };
    let error = house.delete(config_maps(), "map", &wrong_uid).await.unwrap_err();
    assert_eq!(error.code, 409);
    let version = Some(item.revision.to_string());
    let at = DeleteOptions { resource_version: version, ..DeleteOptions::default() };
    house.change(config_maps(), "map", |map| map["data"]["value"] = "2".into()).await.unwrap();
    let error = house.delete(config_maps(), "map", &at).await.unwrap_err();
    assert_eq!(error.code, 409);
    assert!(house.stored(config_maps(), "map").await.is_some());

    let mut other = house.stored(config_maps(), "map").await.unwrap();
    other["metadata"]["uid"] = "other".into();
    let error = house.replace(&house.call(), config_maps(), other).await.unwrap_err();
    assert_eq!(error.code, 409);
}

/// Of all who delete at once one does it; who comes later finds nothing.
#[tokio::test(start_paused = true)]
async fn one_deletes() {
    let house = House::new(1).await;
    house.create(config_maps(), config_map("map", "red", 1)).await.unwrap();
    let delete = |house: Arc<House>| async move {
        house.delete(config_maps(), "map", &DeleteOptions::default()).await
    };
    let tasks: Vec<_> = (0..10).map(|_| tokio::spawn(delete(house.clone()))).collect();
    let mut done = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            Err(error) => assert_eq!(error.code, 404),
        }
    }
    assert_eq!(done, 1);
}

#[tokio::test(start_paused = true)]
async fn a_collection_goes_as_far_as_it_is_selected() {
    let house = House::new(1).await;
    for number in 0..20 {
        let app = if number % 2 == 0 { "red" } else { "blue" };
        house.create(config_maps(), config_map(&format!("map-{number:02}"), app, 1)).await.unwrap();
    }
    held(&house, "held", &["example.com/a"]).await;
    let options = DeleteOptions::default();
    let collection = target(config_maps(), "");
    house.settle().await;
    let red = query(Some("space"), "app=red", "");
    let red = house.cache.list_now(&house.shelf(config_maps()), &red);
    house.registry.delete_collection(&house.call(), &collection, red, &options).await.unwrap();
    house.settle().await;
    let left = house.cache.list_now(&house.shelf(config_maps()), &Query::everything());
    assert_eq!(left.items.len(), 11);
    let held = house.stored(config_maps(), "held").await.unwrap();
    assert!(object::meta::deletion_timestamp(&held).is_some());
}
