//! What writes promise: compare-and-swap, one winner, revisions that only grow.

use super::{Check, create, delete, done, put, read, update};
use crate::{Change, Expect, Outcome, Store, StoreError, limits};
use bytes::Bytes;
use std::collections::BTreeSet;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("a write that expects otherwise changes nothing", |s| Box::pin(conflicts(s))),
    ("of many writers of one version one wins", |s| Box::pin(one_winner(s))),
    ("writers of many keys all win", |s| Box::pin(all_win(s))),
    ("an empty value is a value", |s| Box::pin(empty(s))),
    ("bytes are bytes", |s| Box::pin(binary(s))),
    ("a value that is too large is refused", |s| Box::pin(too_large(s))),
];

async fn conflicts(store: &dyn Store) {
    let key = "/registry/conflicts/a";
    let nobody = store.commit(key, Expect::Revision(1), Change::Delete).await;
    assert_eq!(nobody, Ok(Outcome::Conflict { current: None }));

    let one = create(store, key, "one").await;
    let standing = read(store, key).await;
    let two = update(store, key, one, "two").await;
    assert_eq!(&standing.value[..], b"one");
    let standing = read(store, key).await;
    let before = store.revision().await.expect("a revision");
    assert_eq!(before, two);
    for expect in [Expect::Absent, Expect::Revision(one), Expect::Revision(two + 1)] {
        let conflict = Outcome::Conflict { current: Some(standing.clone()) };
        assert_eq!(put(store, key, expect, "three").await, conflict, "{expect:?}");
        assert_eq!(store.commit(key, expect, Change::Delete).await, Ok(conflict), "{expect:?}");
    }
    assert_eq!(store.revision().await, Ok(before), "a refused write makes no revision");
    assert_eq!(read(store, key).await, standing);

    let gone = delete(store, key, two).await;
    assert_eq!(gone, two + 1);
    let late = put(store, key, Expect::Revision(two), "late").await;
    assert_eq!(late, Outcome::Conflict { current: None });
    let never = store.commit("/registry/conflicts/never", Expect::Absent, Change::Delete).await;
    assert_eq!(never, Ok(Outcome::Done(gone)), "to remove nothing makes no revision");
}

async fn one_winner(store: &dyn Store) {
    let key = "/registry/winner/a";
    let mut at = create(store, key, "0").await;
    for round in 0..5 {
        let values: Vec<String> = (0..16).map(|n| format!("{round}-{n}")).collect();
        let writes = values.iter().map(|value| put(store, key, Expect::Revision(at), value));
        let outcomes = futures::future::join_all(writes).await;
        let won: Vec<_> = outcomes
            .iter()
            .zip(&values)
            .filter_map(|(outcome, value)| match outcome {
                Outcome::Done(revision) => Some((*revision, value)),
                Outcome::Conflict { .. } => None,
            })
            .collect();
        let [(revision, value)] = won[..] else { panic!("{} writers won", won.len()) };
        let standing = read(store, key).await;
        assert_eq!(&standing.value[..], value.as_bytes());
        assert_eq!(standing.mod_revision, revision);
        for outcome in &outcomes {
            if let Outcome::Conflict { current } = outcome {
                let current = current.as_ref().expect("the key stands all the time");
                assert_eq!(current, &standing, "a loser is shown the winner");
            }
        }
        at = revision;
    }
}

async fn all_win(store: &dyn Store) {
    let keys: Vec<String> = (0..64).map(|n| format!("/registry/all/{n:02}")).collect();
    let before = store.revision().await.expect("a revision");
    let writes = keys.iter().map(|key| create(store, key, "x"));
    let revisions: BTreeSet<_> = futures::future::join_all(writes).await.into_iter().collect();
    assert_eq!(revisions.len(), keys.len(), "each write has a revision of its own");
    assert!(revisions.first().is_some_and(|first| *first > before));
    assert_eq!(store.revision().await.ok().as_ref(), revisions.last());
}

async fn empty(store: &dyn Store) {
    let key = "/registry/empty/a";
    let at = create(store, key, "").await;
    assert!(read(store, key).await.value.is_empty());
    let outcome = put(store, key, Expect::Absent, "x").await;
    assert!(matches!(outcome, Outcome::Conflict { current: Some(_) }));
    delete(store, key, at).await;
}

async fn binary(store: &dyn Store) {
    let key = "/registry/binary/a";
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let change = Change::Put { value: Bytes::from(all.clone()), ttl: None };
    done(store.commit(key, Expect::Absent, change).await.expect("a put"));
    assert_eq!(read(store, key).await.value, all);
}

async fn too_large(store: &dyn Store) {
    let value = Bytes::from(vec![7; limits::VALUE_BYTES + 1024]);
    let change = Change::Put { value, ttl: None };
    match store.commit("/registry/large/a", Expect::Absent, change).await {
        Err(StoreError::TooLarge { .. }) => {}
        other => panic!("a value over the limit was taken: {other:?}"),
    }
    let (entry, _) = store.get("/registry/large/a").await.expect("a get");
    assert_eq!(entry, None);
}
