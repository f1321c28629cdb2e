//! What goes away: by compaction, and by itself.

use super::{Check, PATIENCE, create, delete, done, list, next, put, read, under, update};
use crate::{Change, Expect, Outcome, Store, StoreError};
use bytes::Bytes;
use futures::StreamExt;
use runtime::clock;
use std::time::Duration;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("compaction forgets the past and nothing else", |s| Box::pin(compaction(s))),
    ("a compaction too far is refused", |s| Box::pin(wrong_compaction(s))),
    ("a value with a time to live goes away", |s| Box::pin(expires(s))),
    ("a value that is put again lives on", |s| Box::pin(renewed(s))),
];

async fn compaction(store: &dyn Store) {
    let prefix = "/registry/compaction/";
    let key = "/registry/compaction/a";
    let one = create(store, key, "one").await;
    let two = update(store, key, one, "two").await;
    let other = create(store, "/registry/compaction/gone", "x").await;
    let gone = delete(store, "/registry/compaction/gone", other).await;
    let three = update(store, key, two, "three").await;
    store.compact(gone).await.expect("a compaction");

    for asked in [one, two, other] {
        match store.range(under(prefix, 0, Some(asked))).await {
            Err(StoreError::Compacted { asked: told, .. }) => assert_eq!(told, asked),
            answer => panic!("what was compacted is answered: {answer:?}"),
        }
    }
    let page = list(store, prefix, Some(gone)).await;
    assert_eq!((page.count, &page.entries[0].value[..]), (1, &b"two"[..]));
    assert_eq!(&read(store, key).await.value[..], b"three");
    assert_eq!(read(store, key).await.create_revision, one);

    // A watch may tell at once or with its first item.
    let refused = match store.watch(one).await {
        Err(error) => error,
        Ok(mut watch) => {
            let first = clock::timeout(PATIENCE, watch.next()).await.expect("an answer");
            let error = first.expect("an error before the end").expect_err("an error, no gap");
            assert!(watch.next().await.is_none(), "a watch ends after its error");
            error
        }
    };
    assert!(matches!(refused, StoreError::Compacted { .. }), "{refused:?}");
    let mut watch = store.watch(gone).await.expect("a watch");
    assert_eq!(next(&mut watch).await.revision, three);
}

async fn wrong_compaction(store: &dyn Store) {
    let newest = create(store, "/registry/wrong/a", "x").await;
    let ahead = store.compact(newest + 1000).await;
    assert!(matches!(ahead, Err(StoreError::Future { .. })), "{ahead:?}");
    store.compact(newest).await.expect("up to the newest");
    let twice = store.compact(newest).await;
    assert!(matches!(twice, Err(StoreError::Compacted { .. })), "{twice:?}");
    assert_eq!(&read(store, "/registry/wrong/a").await.value[..], b"x");
}

/// How many seconds a value is given, one after the other: a machine with much to do may be
/// through with the first before the check has looked at it.
const SHORT_SECONDS: [u64; 4] = [1, 4, 16, 64];

fn short_lived(seconds: u64) -> Change {
    Change::Put { value: Bytes::from_static(b"x"), ttl: Some(Duration::from_secs(seconds)) }
}

async fn expires(store: &dyn Store) {
    let key = "/registry/events/default/expires";
    for seconds in SHORT_SECONDS {
        let newest = store.revision().await.expect("a revision");
        let mut watch = store.watch(newest).await.expect("a watch");
        let put = store.commit(key, Expect::Absent, short_lived(seconds)).await.expect("a put");
        let put = done(put);
        let (Some(entry), _) = store.get(key).await.expect("a get") else { continue };
        assert_eq!(entry.mod_revision, put);
        assert_eq!(next(&mut watch).await.revision, put);
        let batch = next(&mut watch).await;
        assert!(batch.events[0].deleted && batch.events[0].entry.key == key, "{batch:?}");
        let (entry, _) = store.get(key).await.expect("a get");
        assert_eq!(entry, None);
        create(store, key, "again").await;
        return;
    }
    panic!("a value with a time to live is gone at once");
}

async fn renewed(store: &dyn Store) {
    let lives = "/registry/renewed/lives";
    let dies = "/registry/renewed/dies";
    for seconds in SHORT_SECONDS {
        let at = store.commit(lives, Expect::Absent, short_lived(seconds)).await.expect("a put");
        let expect = Expect::Revision(done(at));
        let at = match put(store, lives, expect, "for ever").await {
            Outcome::Done(at) => at,
            Outcome::Conflict { current: None } => continue,
            Outcome::Conflict { current } => panic!("nobody else has put {current:?}"),
        };
        let newest = store.revision().await.expect("a revision");
        let mut watch = store.watch(newest).await.expect("a watch");
        let put = store.commit(dies, Expect::Absent, short_lived(seconds)).await.expect("a put");
        assert!(matches!(put, Outcome::Done(_)));
        // When the second has gone, the first's time is over too.
        while !next(&mut watch).await.events[0].deleted {}
        assert_eq!(read(store, lives).await.mod_revision, at);
        return;
    }
    panic!("a value with a time to live is gone at once");
}
