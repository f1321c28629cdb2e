//! What reads promise: order, pages, counts, and the past.

use super::{Check, create, delete, keys, list, read, under, update};
use crate::{Expect, Store, StoreError};

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("a missing key is none, at a revision", |s| Box::pin(missing(s))),
    ("an entry tells its history", |s| Box::pin(entry(s))),
    ("ranges are ordered and bounded", |s| Box::pin(ordered(s))),
    ("pages at one revision make up the list", |s| Box::pin(pages(s))),
    ("the past is as it was", |s| Box::pin(past(s))),
    ("the future has not happened", |s| Box::pin(future(s))),
];

async fn missing(store: &dyn Store) {
    let (entry, revision) = store.get("/registry/missing/none").await.expect("a get");
    assert_eq!(entry, None);
    assert!(revision >= 1, "an empty store is at revision 1");
    assert_eq!(store.revision().await.expect("a revision"), revision);
    let page = list(store, "/registry/missing/", None).await;
    assert_eq!((page.entries.len(), page.count, page.more), (0, 0, false));
    assert_eq!(page.revision, revision);
}

async fn entry(store: &dyn Store) {
    let key = "/registry/entry/a";
    let before = store.revision().await.expect("a revision");
    let created = create(store, key, "one").await;
    assert_eq!(created, before + 1, "a write makes the next revision");
    let updated = update(store, key, created, "two").await;
    let entry = read(store, key).await;
    assert_eq!((entry.create_revision, entry.mod_revision), (created, updated));
    assert_eq!((entry.key.as_str(), &entry.value[..]), (key, &b"two"[..]));
    assert_eq!(entry.unreadable, None);
    let deleted = delete(store, key, updated).await;
    let again = create(store, key, "three").await;
    assert_eq!(read(store, key).await.create_revision, again, "a key put again is a new one");
    assert!(created < updated && updated < deleted && deleted < again);
}

async fn ordered(store: &dyn Store) {
    for name in ["b/2", "a/1", "ab/1", "b/1", "a/2", "a", "c/1"] {
        create(store, &format!("/registry/ordered/{name}"), name).await;
    }
    let prefix = "/registry/ordered/";
    let found = list(store, &format!("{prefix}a/"), None).await;
    assert_eq!(keys(&found), ["/registry/ordered/a/1", "/registry/ordered/a/2"]);
    let all = list(store, prefix, None).await;
    let mut sorted = keys(&all);
    sorted.sort_unstable();
    assert_eq!(keys(&all), sorted);
    assert_eq!((all.entries.len(), all.count), (7, 7));

    let mut range = under(prefix, 0, None);
    range.start = format!("{prefix}b/1\0");
    let rest = store.range(range).await.expect("a range");
    assert_eq!(keys(&rest), ["/registry/ordered/b/2", "/registry/ordered/c/1"]);
    let mut nothing = under(prefix, 0, None);
    nothing.end = nothing.start.clone();
    assert_eq!(store.range(nothing).await.expect("an empty range").entries, []);
    let mut open = under(prefix, 0, None);
    open.end = String::new();
    assert!(store.range(open).await.expect("an open range").count >= 7);
}

async fn pages(store: &dyn Store) {
    let prefix = "/registry/pages/";
    for n in 0..10 {
        create(store, &format!("{prefix}{n}"), "x").await;
    }
    let first = store.range(under(prefix, 4, None)).await.expect("a page");
    assert_eq!((first.entries.len(), first.more, first.count), (4, true, 10));
    // Between the pages the world goes on, and the pages don't see it.
    create(store, &format!("{prefix}4a"), "later").await;
    let mut seen: Vec<String> = keys(&first).into_iter().map(String::from).collect();
    let mut more = first.more;
    while more {
        let mut range = under(prefix, 4, Some(first.revision));
        range.start = format!("{}\0", seen.last().expect("a page before"));
        let page = store.range(range).await.expect("a page");
        assert_eq!(page.revision, first.revision);
        seen.extend(keys(&page).into_iter().map(String::from));
        more = page.more;
    }
    let expected: Vec<String> = (0..10).map(|n| format!("{prefix}{n}")).collect();
    assert_eq!(seen, expected);
    let exact = store.range(under(prefix, 11, None)).await.expect("a page");
    assert!(!exact.more, "a page that takes in all has no more");
}

async fn past(store: &dyn Store) {
    let prefix = "/registry/past/";
    let key = "/registry/past/a";
    let before = store.revision().await.expect("a revision");
    let one = create(store, key, "one").await;
    let two = update(store, key, one, "two").await;
    let gone = delete(store, key, two).await;
    assert_eq!(list(store, prefix, Some(before)).await.count, 0);
    for (revision, value) in [(one, "one"), (two, "two")] {
        let page = list(store, prefix, Some(revision)).await;
        assert_eq!((page.revision, page.count), (revision, 1));
        assert_eq!(&page.entries[0].value[..], value.as_bytes());
        assert_eq!(page.entries[0].mod_revision, revision);
    }
    assert_eq!(list(store, prefix, Some(gone)).await.count, 0);
}

async fn future(store: &dyn Store) {
    let newest = store.revision().await.expect("a revision");
    let asked = newest + 1000;
    match store.range(under("/registry/", 0, Some(asked))).await {
        Err(StoreError::Future { asked: told, .. }) => assert_eq!(told, asked),
        other => panic!("the future was answered: {other:?}"),
    }
    let never = Expect::Revision(asked);
    assert!(matches!(
        super::put(store, "/registry/future/a", never, "x").await,
        crate::Outcome::Conflict { current: None }
    ));
}
