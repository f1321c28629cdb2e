//! What a watch promises: everything, once, in order, from where it was asked.

use super::{Check, create, delete, next, update};
use crate::{Store, Watch};
use std::collections::BTreeSet;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("a watch sees what comes", |s| Box::pin(to_come(s))),
    ("a watch begins in the past", |s| Box::pin(replay(s))),
    ("a watch sees every revision of all writers once", |s| Box::pin(no_gap(s))),
    ("a watch carries large values", |s| Box::pin(large(s))),
    ("watches don't disturb each other", |s| Box::pin(several(s))),
];

async fn start(store: &dyn Store) -> Watch {
    let newest = store.revision().await.expect("a revision");
    store.watch(newest).await.expect("a watch")
}

async fn to_come(store: &dyn Store) {
    create(store, "/registry/tocome/before", "x").await;
    let mut watch = start(store).await;
    let key = "/registry/tocome/a";
    let one = create(store, key, "one").await;
    let two = update(store, key, one, "two").await;
    let three = delete(store, key, two).await;
    for (revision, value, deleted) in [(one, "one", false), (two, "two", false), (three, "", true)]
    {
        let batch = next(&mut watch).await;
        assert_eq!((batch.revision, batch.events.len()), (revision, 1));
        let event = &batch.events[0];
        assert_eq!(event.deleted, deleted);
        assert_eq!((event.entry.key.as_str(), &event.entry.value[..]), (key, value.as_bytes()));
        assert_eq!(event.entry.mod_revision, revision);
        if !deleted {
            assert_eq!(event.entry.create_revision, one);
        }
    }
    // Keys outside the prefix count too: the reader has to know each revision.
    let outside = create(store, "outside", "x").await;
    assert_eq!(next(&mut watch).await.revision, outside);
    delete(store, "outside", outside).await;
}

async fn replay(store: &dyn Store) {
    let key = "/registry/replay/a";
    let mut at = create(store, key, "0").await;
    let first = at;
    for n in 1..=600 {
        at = update(store, key, at, &n.to_string()).await;
    }
    let mut watch = store.watch(first).await.expect("a watch");
    for n in 1..=600 {
        let batch = next(&mut watch).await;
        assert_eq!(batch.revision, first + n);
        assert_eq!(&batch.events[0].entry.value[..], n.to_string().as_bytes());
    }
    let last = delete(store, key, at).await;
    assert_eq!(next(&mut watch).await.revision, last, "the past joins the present");
}

async fn no_gap(store: &dyn Store) {
    let mut watch = start(store).await;
    let before = store.revision().await.expect("a revision");
    let keys: Vec<String> = (0..200).map(|n| format!("/registry/nogap/{n:03}")).collect();
    let write = async {
        futures::future::join_all(keys.iter().map(|key| create(store, key, "x"))).await;
    };
    let see = async {
        let mut seen = BTreeSet::new();
        for revision in before + 1..=before + 200 {
            let batch = next(&mut watch).await;
            assert_eq!(batch.revision, revision);
            seen.extend(batch.events.into_iter().map(|event| event.entry.key));
        }
        seen
    };
    let ((), seen) = futures::join!(write, see);
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), keys);
}

/// More than any server puts into one message, so that it has to come in pieces.
async fn large(store: &dyn Store) {
    let mut watch = start(store).await;
    let value = "x".repeat(1 << 20);
    let mut revisions = Vec::new();
    for n in 0..6 {
        let revision = create(store, &format!("/registry/large/{n}"), &value).await;
        revisions.push(revision);
    }
    let mut replayed = store.watch(revisions[0] - 1).await.expect("a watch");
    for watch in [&mut watch, &mut replayed] {
        for revision in &revisions {
            let batch = next(watch).await;
            assert_eq!(batch.revision, *revision);
            assert_eq!(batch.events[0].entry.value, value.as_bytes());
        }
    }
}

async fn several(store: &dyn Store) {
    let mut first = start(store).await;
    let gone = start(store).await;
    let mut second = start(store).await;
    drop(gone);
    let a = create(store, "/registry/several/a", "x").await;
    let b = create(store, "/registry/several/b", "x").await;
    for watch in [&mut second, &mut first] {
        assert_eq!(next(watch).await.revision, a);
        assert_eq!(next(watch).await.revision, b);
    }
}
