//! Watches: each change of what is selected once, in order, whatever breaks below.

use crate::dice::{Dice, seeds};
use crate::faults::Plan;
use crate::house::{House, config_map, config_maps, kind, pod, query};
use crate::truth::{Told, Truth, follow, shown};
use cache::{At, Query, Start, WatchEvent, Watcher};
use registry::DeleteOptions;
use runtime::clock::sleep;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Change, Revision, Store};

const NAMES: u64 = 12;
const APPS: [&str; 3] = ["red", "green", "blue"];

fn queries() -> Vec<Query> {
    vec![
        Query::everything(),
        query(Some("space"), "", ""),
        query(Some("elsewhere"), "", ""),
        query(None, "app=red", ""),
        query(Some("space"), "app in (red,blue)", ""),
        query(None, "app!=green", "metadata.name!=map-3"),
        query(Some("space"), "", "metadata.name=map-1"),
        query(Some("space"), "app=red", "metadata.name=map-1"),
        query(None, "", "metadata.name=map-2"),
    ]
}

/// One writer: creates, relabels, removes, now and then the same again.
pub(crate) async fn write(house: Arc<House>, seed: u64, turns: u64) {
    let dice = Dice::new(seed);
    for turn in 0..turns {
        let name = format!("map-{}", dice.below(NAMES));
        let app = APPS[dice.below(3) as usize];
        // What comes of it is the store's to tell: faults are part of this.
        match dice.below(10) {
            0..=3 => {
                let _ = house.create(config_maps(), config_map(&name, app, turn)).await;
            }
            4..=6 => {
                let edit = |object: &mut object::Value| {
                    object["metadata"]["labels"]["app"] = app.into();
                    object["data"]["value"] = turn.to_string().into();
                };
                let _ = house.change(config_maps(), &name, edit).await;
            }
            7 => {
                let _ = house.change(config_maps(), &name, |_| {}).await;
            }
            _ => {
                let _ = house.delete(config_maps(), &name, &DeleteOptions::default()).await;
            }
        }
        if dice.chance(200) {
            sleep(Duration::from_millis(dice.below(30))).await;
        }
    }
}

/// Follows a watch up to a revision, in its own time.
async fn listen(
    mut watcher: Watcher,
    dice: Dice,
    until: Arc<tokio::sync::watch::Receiver<Revision>>,
) -> (Vec<Told>, Watcher) {
    let mut told = Vec::new();
    let mut marked = 0;
    loop {
        let event = tokio::time::timeout(Duration::from_millis(100), watcher.next()).await;
        let event = match event {
            Ok(event) => Some(event.unwrap()),
            Err(_) => watcher.bookmark().unwrap(),
        };
        let Some(event) = event else { continue };
        match event {
            WatchEvent::Added(item) => told.push(('A', item.key(), item.revision)),
            WatchEvent::Modified(item) => told.push(('M', item.key(), item.revision)),
            WatchEvent::Deleted(item) => told.push(('D', item.key(), item.revision)),
            WatchEvent::Bookmark { revision, .. } => {
                assert!(revision >= marked, "a bookmark went back from {marked} to {revision}");
                assert!(told.last().is_none_or(|(.., last)| *last <= revision));
                marked = revision;
                let end = *until.borrow();
                if end > 0 && revision >= end {
                    return (told, watcher);
                }
            }
        }
        if dice.chance(50) {
            sleep(Duration::from_millis(dice.below(200))).await;
        }
    }
}

struct Listening {
    query: Query,
    /// What a list before it said, as of which revision; `None`: it begins with all there is.
    listed: Option<(BTreeMap<String, Revision>, Revision)>,
    task: tokio::task::JoinHandle<(Vec<Told>, Watcher)>,
}

/// Writers, faults, and watchers that come at any time; then everything is held against the truth.
async fn run(store: Arc<dyn Store>, seed: u64, plan: Plan, exact: bool) {
    eprintln!("seed {seed}, {plan:?}");
    let house = House::over(store, seed).await;
    let shelf = house.shelf(config_maps());
    house.faulty.plan(plan);
    let writers: Vec<_> =
        (0..3).map(|writer| tokio::spawn(write(house.clone(), seed * 10 + writer, 60))).collect();

    let (end, until) = tokio::sync::watch::channel(0);
    let until = Arc::new(until);
    let mut listening = Vec::new();
    for round in 0..4 {
        for (number, query) in queries().into_iter().enumerate() {
            let dice = Dice::new(seed + round * 100 + number as u64);
            let (start, listed) = if dice.chance(500) {
                let list = house.cache.list(&shelf, &query, At::Any, 0, None).await.unwrap();
                (Start::After(list.revision), Some((shown(&list.items), list.revision)))
            } else {
                (Start::Initial { at: At::Any, bookmark: true }, None)
            };
            let watcher = house.cache.watch(&shelf, query.clone(), start).await.unwrap();
            let task = tokio::spawn(listen(watcher, dice, until.clone()));
            listening.push(Listening { query, listed, task });
        }
        sleep(Duration::from_millis(50)).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let newest = house.settle().await;
    end.send_replace(newest);

    let truth = Truth::of(&*house.store, config_maps()).await;
    for Listening { query, listed, task } in listening {
        let (told, _watcher) = task.await.unwrap();
        let mut state = BTreeMap::new();
        let mut told = told.as_slice();
        if let Some((then, revision)) = &listed {
            assert_eq!(*then, truth.list(&query, *revision), "seed {seed}: {query:?}");
            state.clone_from(then);
        } else {
            // The initial events come in order of keys, and are what was there at some revision.
            let initial = told.windows(2).take_while(|two| two[0].1 < two[1].1).count() + 1;
            let initial = told[..initial.min(told.len())]
                .iter()
                .take_while(|(sort, ..)| *sort == 'A')
                .count();
            follow(&mut state, &told[..initial]);
            told = &told[initial..];
        }
        follow(&mut state, told);
        assert_eq!(state, truth.list(&query, newest), "seed {seed}: {query:?}");
        assert!(told.windows(2).all(|two| two[0].2 <= two[1].2), "out of order, seed {seed}");
        if let Some((_, revision)) = listed
            && exact
        {
            assert_eq!(told, truth.events(&query, revision), "seed {seed}: {query:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_is_told_once_and_in_order() {
    for seed in seeds(4) {
        let memory = || Arc::new(store::Memory::new());
        run(memory(), seed, Plan::default(), true).await;
        let slow = Plan { late_ms: 20, ..Plan::default() };
        run(memory(), seed, slow, true).await;
        let broken =
            Plan { refuse: 50, lose: 50, mute: 0, end: 30, cut: 30, late_ms: 5, compact: 0 };
        run(memory(), seed, broken, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_history_loses_and_doubles_nothing() {
    for seed in seeds(8) {
        let plan = Plan { compact: 60, end: 20, late_ms: 15, ..Plan::default() };
        run(Arc::new(store::Memory::new()), seed, plan, false).await;
    }
}

#[tokio::test]
async fn the_same_over_the_embedded_store() {
    let seed = seeds(1)[0];
    let folder = tempfile::tempdir().unwrap();
    let store = store::Embedded::open(folder.path(), "/registry").unwrap();
    let plan = Plan { lose: 30, end: 20, cut: 20, ..Plan::default() };
    run(Arc::new(store), seed, plan, true).await;
}

#[tokio::test]
async fn the_same_over_a_real_etcd() {
    let seed = seeds(1)[0];
    let etcd = crate::etcd::Process::start().await;
    let plan = Plan { lose: 30, end: 20, cut: 20, ..Plan::default() };
    run(Arc::new(etcd.store()), seed, plan, true).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_resumes_within_a_gap() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    for number in 0..6 {
        house.create(config_maps(), config_map(&format!("map-{number}"), "red", 1)).await.unwrap();
    }
    let before = house.settle().await;
    let mut running =
        house.cache.watch(&shelf, Query::everything(), Start::After(before)).await.unwrap();
    // The next thing that the feed sees is that its history is gone.
    house.faulty.plan(Plan { compact: 1000, ..Plan::default() });
    house.change(config_maps(), "map-5", |map| map["data"]["value"] = "2".into()).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    for number in [0, 1, 3] {
        let name = format!("map-{number}");
        house.delete(config_maps(), &name, &DeleteOptions::default()).await.unwrap();
    }
    house.change(config_maps(), "map-2", |map| map["data"]["value"] = "2".into()).await.unwrap();
    let newest = house.settle().await;

    let mut told = Vec::new();
    for _ in 0..4 {
        match running.next().await.unwrap() {
            WatchEvent::Deleted(item) => told.push(('D', item.key(), item.revision)),
            WatchEvent::Modified(item) => told.push(('M', item.key(), item.revision)),
            other => panic!("{other:?}"),
        }
        let (_, key, revision) = told.last().unwrap().clone();
        // Whoever was told only a part and comes back must list again.
        let resumed = house.cache.watch(&shelf, Query::everything(), Start::After(revision)).await;
        match resumed {
            Ok(_) if revision == newest => {}
            Err(error) => assert_eq!(error.code, 410, "{key} {revision}"),
            Ok(_) => panic!("resumed at {revision} after {key}"),
        }
    }
    let sorts: String = told.iter().map(|(sort, ..)| *sort).collect();
    assert_eq!(sorts.matches('D').count(), 3, "{told:?}");
    assert!(told.windows(2).all(|two| two[0].2 <= two[1].2), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_watcher_is_told_to_begin_anew_and_never_of_a_gap() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    let start = house.settle().await;
    let query = Query::everything();
    let mut slow = house.cache.watch(&shelf, query, Start::After(start)).await.unwrap();
    let ring = cache::limits::RING_CHANGES as u64;
    house.create(config_maps(), config_map("map", "red", 0)).await.unwrap();
    for value in 1..ring + 10 {
        let edit = |map: &mut object::Value| map["data"]["value"] = value.to_string().into();
        house.change(config_maps(), "map", edit).await.unwrap();
    }
    house.settle().await;
    assert_eq!(slow.next().await.unwrap_err().code, 410);
    assert_eq!(slow.bookmark().unwrap_err().code, 410);
    assert_eq!(slow.next().await.unwrap_err().code, 410);
    let late = house.cache.watch(&shelf, Query::everything(), Start::After(start)).await;
    assert_eq!(late.unwrap_err().code, 410);
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_the_future_waits_for_it() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    house.create(config_maps(), config_map("map", "red", 0)).await.unwrap();
    let start = house.settle().await;
    let ahead = Start::After(start + 5);
    let mut ahead = house.cache.watch(&shelf, Query::everything(), ahead).await.unwrap();
    for value in 1..=6 {
        let edit = |map: &mut object::Value| map["data"]["value"] = value.to_string().into();
        house.change(config_maps(), "map", edit).await.unwrap();
        let WatchEvent::Bookmark { revision, .. } = (match ahead.bookmark().unwrap() {
            Some(bookmark) => bookmark,
            None => break,
        }) else {
            panic!("no bookmark")
        };
        assert!(revision >= start + 5, "a bookmark before the start");
    }
    let Ok(WatchEvent::Modified(item)) = ahead.next().await else { panic!("no change") };
    assert_eq!(item.revision, start + 6);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_went_back_ends_all_watches() {
    let house = House::new(1).await;
    let shelf = house.shelf(config_maps());
    for value in 0..5 {
        let name = format!("old-{value}");
        house.create(config_maps(), config_map(&name, "red", value)).await.unwrap();
    }
    let start = house.settle().await;
    let mut watchers = Vec::new();
    for query in queries() {
        watchers.push(house.cache.watch(&shelf, query, Start::After(start)).await.unwrap());
    }
    let other = House::new(2).await;
    other.create(config_maps(), config_map("new", "red", 1)).await.unwrap();
    let restored = other.settle().await;
    assert!(restored < start);
    house.faulty.replace(other.store.clone());
    for watcher in &mut watchers {
        assert_eq!(watcher.next().await.unwrap_err().code, 410);
    }
    let list = house.cache.list(&shelf, &Query::everything(), At::Newest, 0, None).await.unwrap();
    assert_eq!(list.revision, restored);
    let names: Vec<String> = list.items.iter().map(|item| item.header.name.clone()).collect();
    assert_eq!(names, ["new"]);
    let again = Start::After(list.revision);
    let mut again = house.cache.watch(&shelf, Query::everything(), again).await.unwrap();
    house.create(config_maps(), config_map("newer", "red", 1)).await.unwrap();
    assert!(matches!(again.next().await, Ok(WatchEvent::Added(_))));
}

#[tokio::test(start_paused = true)]
async fn watches_by_field_see_pods_come_and_go() {
    let house = House::new(1).await;
    let pods = kind("", "pods");
    let shelf = house.shelf(pods);
    let here = query(None, "", "spec.nodeName=here");
    let start = house.settle().await;
    let mut watcher = house.cache.watch(&shelf, here.clone(), Start::After(start)).await.unwrap();
    for (name, node) in [("one", "here"), ("two", "there"), ("three", "here")] {
        house.create(pods, pod(name, node)).await.unwrap();
    }
    // What kubelets and schedulers do: another node only ever through the store itself.
    let mut moved = house.stored(pods, "two").await.unwrap();
    moved["spec"]["nodeName"] = "here".into();
    let key = "/registry/pods/space/two";
    let (entry, _) = house.store.get(key).await.unwrap();
    let expect = store::Expect::Revision(entry.unwrap().mod_revision);
    let value = cache::encode_stored(pods, &moved).unwrap();
    house.store.commit(key, expect, Change::Put { value, ttl: None }).await.unwrap();
    let mut told = Vec::new();
    for _ in 0..3 {
        match watcher.next().await.unwrap() {
            WatchEvent::Added(item) => told.push(item.header.name.clone()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, ["one", "three", "two"]);
}
