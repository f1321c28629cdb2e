//! Lists: the rules of `resourceVersion`, pages, and what was acknowledged before they began.

use crate::dice::{Dice, seeds};
use crate::faults::Plan;
use crate::house::{House, config_map, config_maps, query};
use crate::truth::{Truth, shown};
use crate::watches::write;
use cache::{At, Query};
use registry::DeleteOptions;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[tokio::test(start_paused = true)]
async fn pages_of_one_revision_are_the_whole_list_while_writers_go_on() {
    for seed in seeds(4) {
        let house = House::new(seed).await;
        let shelf = house.shelf(config_maps());
        for number in 0..40 {
            let app = if number % 3 == 0 { "red" } else { "blue" };
            house
                .create(config_maps(), config_map(&format!("map-{number}"), app, 0))
                .await
                .unwrap();
        }
        let writer = tokio::spawn(write(house.clone(), seed, 600));
        let mut listed = Vec::new();
        for labels in ["", "app=red", "app!=red"] {
            let query = query(Some("space"), labels, "");
            let mut page = house.cache.list(&shelf, &query, At::Newest, 3, None).await.unwrap();
            let revision = page.revision;
            let mut items = std::mem::take(&mut page.items);
            while let Some(after) = page.next.take() {
                runtime::clock::sleep(std::time::Duration::from_millis(2)).await;
                let at = At::Exact(revision);
                page = house.cache.list(&shelf, &query, at, 3, Some(&after)).await.unwrap();
                assert_eq!(page.revision, revision);
                items.append(&mut page.items);
            }
            listed.push((query, revision, shown(&items), items.len()));
        }
        writer.await.unwrap();
        let truth = Truth::of(&*house.store, config_maps()).await;
        for (query, revision, shown, count) in listed {
            assert_eq!(shown, truth.list(&query, revision), "seed {seed}");
            assert_eq!(shown.len(), count, "nothing is listed twice");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_ring_has_forgotten_comes_out_of_the_store() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    for number in 0..10 {
        house.create(config_maps(), config_map(&format!("map-{number}"), "red", 0)).await.unwrap();
    }
    let then = house.settle().await;
    for value in 0..cache::limits::RING_CHANGES as u64 + 10 {
        let edit = |map: &mut object::Value| map["data"]["value"] = (value + 1).to_string().into();
        house.change(config_maps(), &format!("map-{}", value % 9), edit).await.unwrap();
    }
    house.delete(config_maps(), "map-9", &DeleteOptions::default()).await.unwrap();
    house.settle().await;
    let query = Query::everything();
    let truth = Truth::of(&*house.store, config_maps()).await.list(&query, then);
    let whole = house.cache.list(&shelf, &query, At::Exact(then), 0, None).await.unwrap();
    assert_eq!((shown(&whole.items), whole.revision), (truth.clone(), then));

    let mut paged = BTreeMap::new();
    let mut after: Option<String> = None;
    let mut left = Vec::new();
    loop {
        let page = house.cache.list(&shelf, &query, At::Exact(then), 4, after.as_deref());
        let page = page.await.unwrap();
        paged.extend(shown(&page.items));
        left.push(page.remaining);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, truth);
    assert_eq!(left, [Some(6), Some(2), None]);

    let newest = house.store.revision().await.unwrap();
    house.store.compact(newest).await.unwrap();
    let gone = house.cache.list(&shelf, &query, At::Exact(then), 4, Some("space/map-3")).await;
    assert_eq!(gone.unwrap_err().code, 410);
}

#[tokio::test(start_paused = true)]
async fn a_revision_is_as_fresh_as_asked() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    let item = house.create(config_maps(), config_map("map", "red", 1)).await.unwrap();
    let query = Query::everything();
    for at in [At::Newest, At::NotOlderThan(item.revision), At::Exact(item.revision)] {
        let list = house.cache.list(&shelf, &query, at, 0, None).await.unwrap();
        assert_eq!(shown(&list.items), BTreeMap::from([("space/map".to_owned(), item.revision)]));
        let got = house.cache.get(&shelf, "space", "map", at).await.unwrap();
        assert_eq!(got.unwrap().revision, item.revision);
    }
    for at in [At::NotOlderThan(item.revision + 100), At::Exact(item.revision + 100)] {
        let refused = house.cache.list(&shelf, &query, at, 0, None).await.unwrap_err();
        assert_eq!(refused.code, 504);
        assert!(refused.to_string().contains("Too large resource version"), "{refused}");
        assert_eq!(house.cache.get(&shelf, "space", "map", at).await.unwrap_err().code, 504);
    }
    assert!(house.cache.list(&shelf, &query, At::Any, 0, None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_consistent_read_does_not_wait_for_a_feed_that_is_stuck() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    // Each event comes so late that the cache never knows what is newest in time.
    house.faulty.plan(Plan { end: 1000, ..Plan::default() });
    house.create(config_maps(), config_map("one", "red", 1)).await.unwrap();
    runtime::clock::sleep(std::time::Duration::from_millis(10)).await;
    house.create(config_maps(), config_map("two", "red", 1)).await.unwrap();
    let list = house.cache.list(&shelf, &Query::everything(), At::Newest, 0, None).await.unwrap();
    let names: Vec<String> = list.items.iter().map(|item| item.header.name.clone()).collect();
    assert_eq!(names, ["one", "two"]);
    let two = house.cache.get(&shelf, "space", "two", At::Newest).await.unwrap();
    assert!(two.is_some());
}

/// Each writer raises a number that is its own, and publishes it when that is acknowledged; who
/// reads afterwards must see it, and two reads after one another never go back.
#[tokio::test(start_paused = true)]
async fn consistent_reads_see_what_was_acknowledged() {
    const WRITERS: usize = 4;
    for seed in seeds(4) {
        let house = House::new(seed).await;
        let shelf = house.shelf(config_maps());
        for writer in 0..WRITERS {
            let map = config_map(&format!("map-{writer}"), "red", 0);
            house.create(config_maps(), map).await.unwrap();
        }
        house.faulty.plan(Plan { late_ms: 10, end: 10, lose: 30, refuse: 30, ..Plan::default() });
        let acknowledged: Arc<Vec<AtomicU64>> =
            Arc::new((0..WRITERS).map(|_| AtomicU64::new(0)).collect());
        let mut tasks = Vec::new();
        for writer in 0..WRITERS {
            let (house, acknowledged) = (house.clone(), acknowledged.clone());
            tasks.push(tokio::spawn(async move {
                for value in 1..60u64 {
                    let edit =
                        |map: &mut object::Value| map["data"]["value"] = value.to_string().into();
                    let name = format!("map-{writer}");
                    if house.change(config_maps(), &name, edit).await.is_ok() {
                        acknowledged[writer].store(value, Ordering::SeqCst);
                    }
                }
            }));
        }
        for reader in 0..4u64 {
            let (house, shelf, acknowledged) = (house.clone(), shelf.clone(), acknowledged.clone());
            let dice = Dice::new(seed * 7 + reader);
            tasks.push(tokio::spawn(async move {
                let mut last = [0u64; WRITERS];
                for _ in 0..80 {
                    let known: Vec<u64> =
                        acknowledged.iter().map(|value| value.load(Ordering::SeqCst)).collect();
                    let writer = dice.below(WRITERS as u64) as usize;
                    let items = if dice.chance(500) {
                        let query = Query::everything();
                        house.cache.list(&shelf, &query, At::Newest, 0, None).await.unwrap().items
                    } else {
                        let name = format!("map-{writer}");
                        let got = house.cache.get(&shelf, "space", &name, At::Newest).await;
                        vec![got.unwrap().unwrap()]
                    };
                    for item in items {
                        let writer: usize = item.header.name[4..].parse().unwrap();
                        let map = item.stored_value().unwrap();
                        let value: u64 = map["data"]["value"].as_str().unwrap().parse().unwrap();
                        assert!(value >= known[writer], "seed {seed}: an acknowledged write");
                        assert!(value >= last[writer], "seed {seed}: a read went back");
                        last[writer] = value;
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    }
}
