//! Values that cannot be read: errors that name their key, and never missing items.

use crate::house::{House, config_map, config_maps, key, query};
use cache::{At, Query, Start, WatchEvent};
use object::ApiError;
use registry::DeleteOptions;
use store::{Change, Expect, Store};

const KEY: &str = "/registry/configmaps/space/bad";

/// Overwrites a value with what nobody can read; gives the revision.
async fn spoil(house: &House) -> i64 {
    let (entry, _) = house.store.get(KEY).await.unwrap();
    let expect = entry.map_or(Expect::Absent, |entry| Expect::Revision(entry.mod_revision));
    let put = Change::Put { value: "no object".into(), ttl: None };
    house.store.commit(KEY, expect, put).await.unwrap();
    house.settle().await
}

fn names_key(error: &ApiError) {
    assert_eq!(error.code, 500);
    assert!(error.to_string().contains(KEY), "{error}");
}

#[tokio::test(start_paused = true)]
async fn are_told_to_everyone_whom_they_concern() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    for name in ["bad", "good"] {
        house.create(config_maps(), config_map(name, "red", 1)).await.unwrap();
    }
    let before = house.settle().await;
    let concerned = [
        Query::everything(),
        query(Some("space"), "", ""),
        query(None, "app=red", ""),
        query(None, "app=blue", ""),
        query(Some("space"), "", "metadata.name=bad"),
    ];
    let others = [query(Some("elsewhere"), "", ""), query(Some("space"), "", "metadata.name=good")];
    let start = Start::After(before);
    let mut watchers = Vec::new();
    for query in &concerned {
        watchers.push(house.cache.watch(&shelf, query.clone(), start).await.unwrap());
    }
    let mut untouched = Vec::new();
    for query in &others {
        untouched.push(house.cache.watch(&shelf, query.clone(), start).await.unwrap());
    }
    let edit = |map: &mut object::Value| map["data"]["value"] = "2".into();
    house.change(config_maps(), "good", edit).await.unwrap();
    let then = spoil(&house).await;

    for watcher in &mut watchers {
        // What came before is told first; a removal never is.
        loop {
            match watcher.next().await {
                Ok(WatchEvent::Modified(item)) => assert_eq!(item.header.name, "good"),
                Ok(other) => panic!("{other:?}"),
                Err(error) => break names_key(&error),
            }
        }
        names_key(&watcher.next().await.unwrap_err());
    }
    for watcher in &mut untouched {
        while let Some(event) = watcher.ready() {
            assert!(matches!(event, WatchEvent::Modified(_)));
        }
        while watcher.bookmark().unwrap().is_none() {
            watcher.next().await.unwrap();
        }
    }
    for query in &concerned {
        for at in [At::Newest, At::Any, At::Exact(then)] {
            names_key(&house.cache.list(&shelf, query, at, 0, None).await.unwrap_err());
        }
        for start in [start, Start::After(then), Start::Initial { at: At::Any, bookmark: true }] {
            names_key(&house.cache.watch(&shelf, query.clone(), start).await.unwrap_err());
        }
        assert!(house.cache.list(&shelf, query, At::Exact(before), 0, None).await.is_ok());
    }
    for query in &others {
        assert!(house.cache.list(&shelf, query, At::Newest, 0, None).await.is_ok());
    }
    let got = house.cache.get(&shelf, "space", "bad", At::Newest).await;
    names_key(&got.unwrap_err());
    names_key(&house.change(config_maps(), "bad", |_| {}).await.unwrap_err());
    let taken = house.create(config_maps(), config_map("bad", "red", 1)).await.unwrap_err();
    assert!(taken.code == 409 || taken.code == 500, "{taken}");
}

#[tokio::test(start_paused = true)]
async fn are_forgotten_when_they_are_healed_and_only_from_then_on() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    house.create(config_maps(), config_map("bad", "red", 1)).await.unwrap();
    let bad = spoil(&house).await;
    let value = cache::encode_stored(config_maps(), &config_map("bad", "red", 2)).unwrap();
    let put = Change::Put { value, ttl: None };
    house.store.commit(KEY, Expect::Revision(bad), put).await.unwrap();
    let healed = house.settle().await;
    let query = Query::everything();
    let list = house.cache.list(&shelf, &query, At::Newest, 0, None).await.unwrap();
    assert_eq!(list.items.len(), 1);
    names_key(&house.cache.list(&shelf, &query, At::Exact(bad), 0, None).await.unwrap_err());

    spoil(&house).await;
    let (entry, _) = house.store.get(KEY).await.unwrap();
    let expect = Expect::Revision(entry.unwrap().mod_revision);
    house.store.commit(KEY, expect, Change::Delete).await.unwrap();
    house.settle().await;
    let list = house.cache.list(&shelf, &query, At::Newest, 0, None).await.unwrap();
    assert!(list.items.is_empty());
    assert_eq!(
        house.cache.list(&shelf, &query, At::Exact(healed), 0, None).await.unwrap().items.len(),
        1
    );
    house.create(config_maps(), config_map("bad", "red", 1)).await.unwrap();
    house.delete(config_maps(), "bad", &DeleteOptions::default()).await.unwrap();
    assert_eq!(key(config_maps(), "bad"), KEY);
}

#[tokio::test(start_paused = true)]
async fn that_are_removed_in_a_gap_do_not_stay_errors() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    let bad = spoil(&house).await;
    house.faulty.plan(crate::faults::Plan { compact: 1000, ..Default::default() });
    house.create(config_maps(), config_map("good", "red", 1)).await.unwrap();
    runtime::clock::sleep(std::time::Duration::from_millis(10)).await;
    house.store.commit(KEY, Expect::Revision(bad), Change::Delete).await.unwrap();
    house.settle().await;
    let list = house.cache.list(&shelf, &Query::everything(), At::Newest, 0, None).await.unwrap();
    assert_eq!(list.items.len(), 1);
}
