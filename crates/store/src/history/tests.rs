//! The history against a model that keeps a copy of everything at every revision.

use super::*;
use crate::engine::{self, Request};
use crate::{Change, Outcome};
use proptest::prelude::*;

type World = BTreeMap<String, (Revision, Revision, String)>;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, bool),
    Delete(u8),
    Compact(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6u8, any::<bool>()).prop_map(|(key, right)| Step::Put(key, right)),
        3 => (0..6u8).prop_map(Step::Delete),
        1 => (0..10u8).prop_map(Step::Compact),
    ]
}

fn key(n: u8) -> String {
    let resource = if n.is_multiple_of(2) { "pods" } else { "events" };
    format!("/registry/{resource}/{n}")
}

fn lanes() -> Vec<String> {
    vec!["/registry/events/".to_owned()]
}

fn all(revision: Revision) -> Range {
    Range { start: "/".into(), end: "0".into(), limit: 0, revision: Some(revision) }
}

fn world(page: Page) -> World {
    let entries = page.entries.into_iter();
    entries
        .map(|entry| {
            let value = String::from_utf8(entry.value.to_vec()).expect("text");
            (entry.key, (entry.create_revision, entry.mod_revision, value))
        })
        .collect()
}

/// What a disk keeps: the newest of a lane, the rest but for what compaction dropped.
fn kept(rows: &BTreeMap<Revision, Written>, history: &History) -> BTreeMap<Revision, Written> {
    let lane = |row: &Written| history.in_lane(&row.key);
    let newest = |row: &Written| history.standing(&row.key).map(|(_, at)| at) == Some(row.revision);
    rows.iter()
        .filter(|(_, row)| !lane(row) || newest(row))
        .map(|(revision, row)| (*revision, row.clone()))
        .collect()
}

proptest! {
    #[test]
    fn agrees_with_a_model(steps in prop::collection::vec(step(), 1..80)) {
        let mut history = History::new(lanes());
        let mut worlds: BTreeMap<Revision, World> = BTreeMap::from([(1, World::new())]);
        let mut rows: BTreeMap<Revision, Written> = BTreeMap::new();
        let mut compacted = 0;
        for step in steps {
            let newest = history.newest();
            let mut now = worlds[&newest].clone();
            let (key, change) = match step {
                Step::Compact(back) => {
                    let to = newest - Revision::from(back);
                    match history.compact(to) {
                        Ok(dropped) => {
                            prop_assert!(to > compacted);
                            compacted = to;
                            dropped.iter().for_each(|revision| { rows.remove(revision); });
                        }
                        Err(_) => prop_assert!(to <= compacted),
                    }
                    continue;
                }
                Step::Put(n, right) => {
                    let value = if right { format!("v{newest}").into() } else { Bytes::new() };
                    (key(n), Change::Put { value, ttl: None })
                }
                Step::Delete(n) => (key(n), Change::Delete),
            };
            let standing = now.get(&key).map(|(_, at, _)| *at);
            let expect = standing.map_or(Expect::Absent, Expect::Revision);
            let request = Request { key: Arc::from(key.as_str()), expect, change: change.clone() };
            let plan = engine::plan(&history, &[request], 0);
            let outcome = plan.outcomes[0].clone();
            for written in plan.written {
                rows.insert(written.revision, written.clone());
                history.apply(written);
            }
            match (change, standing) {
                (Change::Delete, None) => {
                    prop_assert_eq!(outcome, Outcome::Done(newest));
                    continue;
                }
                (Change::Delete, Some(_)) => { now.remove(&key); }
                (Change::Put { value, .. }, _) => {
                    let created = now.get(&key).map_or(newest + 1, |(created, ..)| *created);
                    let value = String::from_utf8(value.to_vec()).expect("text");
                    now.insert(key, (created, newest + 1, value));
                }
            }
            prop_assert_eq!(outcome, Outcome::Done(newest + 1));
            worlds.insert(newest + 1, now);
        }

        let newest = history.newest();
        for (revision, expected) in &worlds {
            match history.range(&all(*revision)) {
                Ok(page) => prop_assert_eq!(&world(page), expected),
                Err(_) => prop_assert!(*revision < compacted),
            }
            match history.changes(*revision, usize::MAX) {
                Ok(changes) => {
                    let seen: Vec<_> = changes.map(|written| written.revision).collect();
                    prop_assert_eq!(seen, (revision + 1..=newest).collect::<Vec<_>>());
                }
                Err(_) => prop_assert!(*revision + 1 < compacted),
            }
        }

        // Read back from what a disk keeps, nothing is wrong: it is right, or it is refused.
        let mut loaded = History::new(lanes());
        kept(&rows, &history).into_values().for_each(|row| loaded.apply(row));
        loaded.loaded(newest, compacted);
        prop_assert_eq!(loaded.newest(), newest);
        prop_assert_eq!(&world(loaded.range(&all(newest)).expect("the newest")), &worlds[&newest]);
        for (revision, expected) in &worlds {
            if let Ok(page) = loaded.range(&all(*revision)) {
                prop_assert_eq!(&world(page), expected);
            }
            let mut pods = all(*revision);
            (pods.start, pods.end) = ("/registry/pods/".into(), "/registry/pods0".into());
            match loaded.range(&pods) {
                Ok(page) => {
                    let mut expected = expected.clone();
                    expected.retain(|key, _| key.starts_with("/registry/pods/"));
                    prop_assert_eq!(world(page), expected);
                }
                Err(_) => prop_assert!(*revision < compacted),
            }
            if let Ok(changes) = loaded.changes(*revision, usize::MAX) {
                let seen: Vec<_> = changes.map(|written| written.revision).collect();
                prop_assert_eq!(seen, (revision + 1..=newest).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn an_overgrown_log_is_cut_in_the_middle() {
    let mut history = History::new(Vec::new());
    let value = Bytes::from(vec![0; 16 << 20]);
    let mut revision = FIRST_REVISION;
    while history.overgrown().is_none() {
        revision += 1;
        assert!(revision < 100, "it never outgrows its limit");
        history.apply(Written {
            revision,
            key: Arc::from("/registry/a"),
            create_revision: 2,
            value: Some(value.clone()),
            expires: None,
        });
    }
    let to = history.overgrown().expect("it is overgrown");
    history.compact(to).expect("a compaction");
    assert_eq!(history.overgrown(), None);
    assert!(history.changes(to, usize::MAX).expect("the younger half").count() > 0);
}
