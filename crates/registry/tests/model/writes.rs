//! Writes: nothing is lost, nothing is doubled, and nothing is written without need.

use crate::dice::seeds;
use crate::faults::Plan;
use crate::house::{House, NOW, config_map, config_maps, kind, target};
use cache::At;
use object::{Value, json};
use registry::DeleteOptions;
use std::sync::Arc;
use std::time::Duration;

fn lease(name: &str, holder: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": name, "namespace": "space" },
        "spec": { "holderIdentity": holder, "leaseDurationSeconds": 15 },
    })
}

fn value(object: &Value) -> u64 {
    object["data"]["value"].as_str().unwrap().parse().unwrap()
}

/// Many raise one number; what was acknowledged is in it, and nothing that was refused.
#[tokio::test(start_paused = true)]
async fn no_update_is_lost() {
    const TASKS: u64 = 100;
    const RAISES: u64 = 5;
    for seed in seeds(2) {
        let house = House::new(seed).await;
        house.create(config_maps(), config_map("count", "red", 0)).await.unwrap();
        house.faulty.plan(Plan { late_ms: 3, end: 20, ..Plan::default() });
        let raise = |house: Arc<House>| async move {
            for _ in 0..RAISES {
                let edit = |map: &mut Value| {
                    map["data"]["value"] = (value(map) + 1).to_string().into();
                };
                house.change(config_maps(), "count", edit).await.unwrap();
            }
        };
        let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(raise(house.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let count = house.stored(config_maps(), "count").await.unwrap();
        assert_eq!(value(&count), TASKS * RAISES, "seed {seed}");
    }
}

/// With a version, exactly one of all who saw the same state wins.
#[tokio::test(start_paused = true)]
async fn of_conflicting_updates_one_wins() {
    let house = House::new(1).await;
    let item = house.create(config_maps(), config_map("map", "red", 0)).await.unwrap();
    let mut tasks = Vec::new();
    for number in 1..20 {
        let (house, mut object) = (house.clone(), item.stored_value().unwrap());
        object["data"]["value"] = number.to_string().into();
        tasks.push(tokio::spawn(async move {
            house.replace(&house.call(), config_maps(), object).await
        }));
    }
    let mut won = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok((item, _)) => won.push(item.revision),
            Err(error) => assert_eq!(error.code, 409),
        }
    }
    assert_eq!(won.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_an_error_and_the_write_may_be_there() {
    let house = House::new(1).await;
    house.faulty.plan(Plan { lose: 1000, ..Plan::default() });
    let error = house.create(config_maps(), config_map("map", "red", 1)).await.unwrap_err();
    assert_eq!(error.code, 504);
    house.faulty.plan(Plan::default());
    let again = house.create(config_maps(), config_map("map", "red", 1)).await.unwrap_err();
    assert_eq!(again.code, 409);
}

/// The cache may still show what the caller sends, while somebody has changed it since.
#[tokio::test(start_paused = true)]
async fn an_update_that_seems_to_change_nothing_is_held_against_the_store() {
    let house = House::new(1).await;
    let old = house.create(config_maps(), config_map("map", "red", 1)).await.unwrap();
    house.settle().await;
    house.faulty.plan(Plan { end: 1000, ..Plan::default() });
    let edit = |map: &mut Value| map["data"]["value"] = "2".into();
    house.change(config_maps(), "map", edit).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let edit = |map: &mut Value| map["data"]["value"] = "3".into();
    let newest = house.change(config_maps(), "map", edit).await.unwrap();
    let shelf = house.shelf(config_maps());
    let shown = shelf.get("space", "map").unwrap().unwrap();
    assert!(shown.revision < newest.revision, "the cache is behind, or this tests nothing");

    let mut sent = shown.stored_value().unwrap();
    object::meta::of(&mut sent).remove("resourceVersion");
    let call = house.call();
    let (item, _) = house.replace(&call, config_maps(), sent).await.unwrap();
    assert!(item.revision > newest.revision);
    let mut dry = old.stored_value().unwrap();
    dry["metadata"]["resourceVersion"] = shown.revision.to_string().into();
    dry["data"]["value"] = "4".into();
    let refused = house.replace(&house.dry_call(), config_maps(), dry).await.unwrap_err();
    assert_eq!(refused.code, 409, "a dry run sees what is stored");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_changes_nothing_writes_nothing() {
    let house = House::new(1).await;
    let item = house.create(config_maps(), config_map("map", "red", 1)).await.unwrap();
    let before = house.settle().await;
    for _ in 0..3 {
        let same = house.change(config_maps(), "map", |_| {}).await.unwrap();
        assert_eq!(same.revision, item.revision);
    }
    assert_eq!(house.store.revision().await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_stores_nothing() {
    let house = House::new(1).await;
    house.create(config_maps(), config_map("map", "red", 1)).await.unwrap();
    let before = house.settle().await;
    let call = house.dry_call();
    let new = target(config_maps(), "");
    let item = house.registry.create(&call, &new, config_map("new", "red", 1)).await.unwrap();
    assert_eq!(item.stored_value().unwrap()["metadata"].get("resourceVersion"), None);
    let taken = house.registry.create(&call, &new, config_map("map", "red", 1)).await;
    assert_eq!(taken.unwrap_err().code, 409);
    let (shown, _) =
        house.replace(&call, config_maps(), config_map("map", "blue", 2)).await.unwrap();
    assert_eq!(shown.label("app"), Some("blue"));
    let options = DeleteOptions::default();
    house.registry.delete(&call, &target(config_maps(), "map"), &options).await.unwrap();
    let all = house.cache.list_now(&house.shelf(config_maps()), &cache::Query::everything());
    let collection = target(config_maps(), "");
    house.registry.delete_collection(&call, &collection, all, &options).await.unwrap();
    assert_eq!(house.store.revision().await.unwrap(), before);
    let missing = house.registry.delete(&call, &target(config_maps(), "none"), &options).await;
    assert_eq!(missing.unwrap_err().code, 404);
}

#[tokio::test(start_paused = true)]
async fn generated_names_are_tried_again() {
    let house = House::new(1).await;
    let mut map = config_map("", "red", 1);
    map["metadata"]["generateName"] = "map-".into();
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let item = house.create(config_maps(), map.clone()).await.unwrap();
        assert!(item.header.name.starts_with("map-") && item.header.name.len() == 9);
        names.insert(item.header.name.clone());
    }
    assert_eq!(names.len(), 100);
    // With a name of its own it is not tried again, and says that the server gave up.
    map["metadata"]["name"] = names.first().unwrap().as_str().into();
    let taken = house.create(config_maps(), map).await.unwrap_err();
    assert_eq!(taken.code, 409);
    assert!(taken.to_string().contains("was not able to generate a unique name"), "{taken}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_on_its_way_out_is_taken() {
    let house = House::new(1).await;
    let mut map = config_map("map", "red", 1);
    map["metadata"]["finalizers"] = json!(["example.com/hold"]);
    house.create(config_maps(), map).await.unwrap();
    house.delete(config_maps(), "map", &DeleteOptions::default()).await.unwrap();
    let taken = house.create(config_maps(), config_map("map", "red", 1)).await.unwrap_err();
    assert_eq!(taken.code, 409);
    assert!(taken.to_string().contains("object is being deleted: "), "{taken}");
}

#[tokio::test(start_paused = true)]
async fn an_update_may_create_where_the_kind_says_so() {
    let house = House::new(1).await;
    let leases = kind("coordination.k8s.io", "leases");
    // A version is no reason not to: the object it was seen on is gone.
    let mut object = lease("one", "me");
    object["metadata"]["resourceVersion"] = "7".into();
    let (item, new) = house.replace(&house.call(), leases, object).await.unwrap();
    assert!(new);
    assert_eq!(item.stored_value().unwrap()["metadata"]["creationTimestamp"], NOW);
    // A UID is: it insists on an object that is not there.
    let mut object = lease("two", "me");
    object["metadata"]["uid"] = "somebody-else".into();
    let refused = house.replace(&house.call(), leases, object).await.unwrap_err();
    assert_eq!(refused.code, 409, "{refused}");
    assert!(house.stored(leases, "two").await.is_none());
    // Leases want a version for an update.
    let refused = house.replace(&house.call(), leases, lease("one", "you")).await.unwrap_err();
    assert_eq!(refused.code, 422);
    let missing = house.replace(&house.call(), config_maps(), config_map("none", "red", 1)).await;
    assert_eq!(missing.unwrap_err().code, 404);

    let many: Vec<_> = (0..10)
        .map(|number| {
            let house = house.clone();
            tokio::spawn(async move {
                let object = lease("race", &format!("holder-{number}"));
                house.replace(&house.call(), kind("coordination.k8s.io", "leases"), object).await
            })
        })
        .collect();
    let mut created = 0;
    for task in many {
        match task.await.unwrap() {
            Ok((_, new)) => created += u32::from(new),
            Err(error) => assert_eq!(error.code, 422),
        }
    }
    assert_eq!(created, 1);
}

#[tokio::test(start_paused = true)]
async fn the_servers_metadata_stays_the_servers() {
    let house = House::new(1).await;
    let deployments = kind("apps", "deployments");
    let object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "space",
            "uid": "mine",
            "creationTimestamp": "2001-01-01T00:00:00Z",
            "generation": 77,
        },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "c", "image": "i" }] },
            },
        },
        "status": { "replicas": 9 },
    });
    let root = schema::builtin().root(&object::Gvk::new("apps", "v1", "Deployment")).unwrap();
    let mut full = object;
    schema::defaults::apply(schema::builtin(), root, &mut full);
    let item = house.create(deployments, full).await.unwrap();
    let made = item.stored_value().unwrap();
    assert_ne!(made["metadata"]["uid"], "mine");
    assert_eq!(made["metadata"]["creationTimestamp"], NOW);
    assert_eq!(made["metadata"]["generation"], 1);
    assert!(made["status"].get("replicas").is_none());
    // The generation follows the spec and nothing else.
    let label = |o: &mut Value| o["metadata"]["labels"] = json!({ "a": "b" });
    let item = house.change(deployments, "web", label).await.unwrap();
    assert_eq!(item.stored_value().unwrap()["metadata"]["generation"], 1);
    let scale = |o: &mut Value| {
        o["spec"]["replicas"] = 2.into();
        o["status"] = json!({ "replicas": 5 });
        o["metadata"]["generation"] = 50.into();
    };
    let item = house.change(deployments, "web", scale).await.unwrap();
    let scaled = item.stored_value().unwrap();
    assert_eq!(scaled["metadata"]["generation"], 2);
    assert!(scaled["status"].get("replicas").is_none());
    let shelf = house.shelf(deployments);
    let got = house.cache.get(&shelf, "space", "web", At::Newest).await.unwrap().unwrap();
    assert_eq!(got.stored_value().unwrap(), scaled);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_what_an_object_is_is_refused() {
    let house = House::new(1).await;
    house.create(config_maps(), config_map("a", "red", 1)).await.unwrap();
    let stored = house.stored(config_maps(), "a").await.unwrap();
    let with = |field: &str, value: Value| {
        let mut object = stored.clone();
        object["metadata"][field] = value;
        object
    };
    // In a PUT it says which object is meant; a patch would make it another one.
    let patch = registry::Call { uid_is_precondition: false, ..house.call() };
    let other = with("uid", "x".into());
    let said = house.replace(&house.call(), config_maps(), other.clone()).await.unwrap_err();
    assert_eq!(said.code, 409, "{said:?}");
    let said = house.replace(&patch, config_maps(), other).await.unwrap_err();
    assert_eq!(said.code, 422, "{said:?}");
    assert!(said.message.contains("metadata.uid: Invalid value: \"x\": field is immutable"));
    for (field, value) in
        [("deletionTimestamp", json!(NOW)), ("deletionGracePeriodSeconds", json!(3))]
    {
        let said = house.replace(&house.call(), config_maps(), with(field, value)).await;
        assert_eq!(said.unwrap_err().code, 422, "{field}");
    }
    let created = with("creationTimestamp", "2020-01-01T00:00:00Z".into());
    let (same, _) = house.replace(&house.call(), config_maps(), created).await.unwrap();
    assert_eq!(
        same.stored_value().unwrap()["metadata"]["creationTimestamp"],
        stored["metadata"]["creationTimestamp"]
    );
}
