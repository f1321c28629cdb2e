//! The contract, on the embedded store; and what only a store with a disk can promise.

use orlop_store::{Change, Embedded, Expect, Outcome, Store, StoreError, suite};
use std::path::Path;
use std::time::Duration;

const PREFIX: &str = "/registry";

fn open(path: &Path) -> Embedded {
    Embedded::open(path, PREFIX).expect("the store opens")
}

#[tokio::test]
async fn keeps_the_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    suite::run(&open(directory.path())).await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let one = suite::create(&store, "/registry/a/1", "one").await;
    let two = suite::update(&store, "/registry/a/1", one, "two").await;
    let gone = suite::create(&store, "/registry/a/2", "x").await;
    let deleted = suite::delete(&store, "/registry/a/2", gone).await;
    let before = suite::list(&store, "/registry/", None).await;
    store.close().await;

    let store = open(directory.path());
    assert_eq!(suite::list(&store, "/registry/", None).await, before);
    assert_eq!(store.revision().await, Ok(deleted));
    let past = suite::list(&store, "/registry/", Some(one)).await;
    assert_eq!(&past.entries[0].value[..], b"one");
    let mut watch = store.watch(one).await.expect("the history is complete");
    for revision in [two, gone, deleted] {
        let batch = futures::StreamExt::next(&mut watch).await.expect("a batch").expect("a batch");
        assert_eq!(batch.revision, revision);
    }
    store.compact(two).await.expect("a compaction");
    store.close().await;

    let store = open(directory.path());
    assert!(matches!(store.watch(one - 1).await, Err(StoreError::Compacted { .. })));
    let again = store.compact(two).await;
    assert!(matches!(again, Err(StoreError::Compacted { .. })), "{again:?}");
    assert_eq!(suite::list(&store, "/registry/", None).await, before);
    assert_eq!(suite::create(&store, "/registry/a/3", "x").await, deleted + 1);
}

#[tokio::test]
async fn leases_leave_no_history_and_no_lie() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let pod = suite::create(&store, "/registry/pods/a/b", "x").await;
    let lease = "/registry/leases/kube-node-lease/node";
    let mut at = suite::create(&store, lease, "0").await;
    for n in 1..100 {
        at = suite::update(&store, lease, at, &n.to_string()).await;
    }
    let event = suite::create(&store, "/registry/events/a/e", "x").await;
    let last = suite::delete(&store, "/registry/events/a/e", event).await;
    store.close().await;

    let store = open(directory.path());
    assert_eq!(store.revision().await, Ok(last), "a removed event's revision is not given twice");
    assert_eq!(&suite::read(&store, lease).await.value[..], b"99");
    assert_eq!(suite::read(&store, lease).await.create_revision, pod + 1);
    assert_eq!(suite::list(&store, "/registry/events/", None).await.count, 0);
    // What was not kept is refused, not made up; what was kept is answered.
    let refused = store.watch(pod).await;
    assert!(matches!(refused, Err(StoreError::Compacted { .. })));
    assert_eq!(suite::list(&store, "/registry/pods/", Some(pod)).await.count, 1);
    let range = orlop_store::Range {
        start: "/registry/".into(),
        end: orlop_store::prefix_end("/registry/"),
        limit: 0,
        revision: Some(pod + 5),
    };
    let refused = store.range(range).await;
    assert!(matches!(refused, Err(StoreError::Compacted { .. })), "{refused:?}");
    assert!(store.watch(last).await.is_ok());
    store.close().await;
}

#[tokio::test]
async fn a_time_to_live_goes_on_while_the_store_is_down() {
    let key = "/registry/events/a/e";
    // Where the store takes longer to open again than the first time, the next ones are enough.
    for millis in [1500, 6000, 24_000, 96_000] {
        let directory = tempfile::tempdir().expect("a directory");
        let store = open(directory.path());
        let value = bytes::Bytes::from_static(b"x");
        let change = Change::Put { value, ttl: Some(Duration::from_millis(millis)) };
        let put = store.commit(key, Expect::Absent, change).await;
        let Ok(Outcome::Done(put)) = put else { panic!("{put:?}") };
        store.close().await;

        let store = open(directory.path());
        let (Some(entry), at) = store.get(key).await.expect("a get") else { continue };
        assert_eq!((entry.mod_revision, at), (put, put));
        let mut watch = store.watch(at).await.expect("a watch");
        let batch = futures::StreamExt::next(&mut watch).await.expect("a batch").expect("a batch");
        assert!(batch.events[0].deleted);
        return;
    }
    panic!("what has a time to live is lost when the store is down");
}

#[tokio::test]
async fn a_directory_has_one_owner() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(directory.path());
    let second = Embedded::open(directory.path(), PREFIX).expect_err("it is in use");
    let message = second.to_string();
    assert!(message.contains("in use by another process"), "{message}");
    assert!(message.contains(&directory.path().display().to_string()), "{message}");
    store.close().await;
    open(directory.path()).close().await;
}

#[tokio::test]
async fn foreign_files_are_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("letter.txt"), "dear").expect("a file");
    let error = Embedded::open(directory.path(), PREFIX).expect_err("it is no store");
    assert!(error.to_string().contains("letter.txt"), "{error}");

    let directory = tempfile::tempdir().expect("a directory");
    open(directory.path()).close().await;
    std::fs::write(directory.path().join("FORMAT"), "orlop store 2\n").expect("a file");
    let error = Embedded::open(directory.path(), PREFIX).expect_err("it is of the future");
    assert!(error.to_string().contains("orlop store 2"), "{error}");
}

#[tokio::test]
async fn an_unfinished_beginning_is_begun_again() {
    let directory = tempfile::tempdir().expect("a directory");
    open(directory.path()).close().await;
    let data = directory.path().join("data");
    std::fs::rename(&data, directory.path().join("data.new")).expect("a rename");
    let store = open(directory.path());
    assert_eq!(store.revision().await, Ok(1));
}
