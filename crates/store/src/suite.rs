//! The contract of [`Store`] as checks that every implementation has to pass.
//!
//! Each check keeps to keys of its own and to revisions relative to where it starts, so that all
//! of them run one after the other on one store, even on an etcd that is in use. Mirrors the
//! idea of `k8s.io/apiserver/pkg/storage/testing`. Not a part of any product: it panics.

mod lifetime;
mod reads;
mod watches;
mod writes;

use crate::{Batch, Change, Entry, Expect, Outcome, Page, Range, Revision, Store, Watch};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use std::time::Duration;

/// How long a check waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(90);

type Check = for<'a> fn(&'a dyn Store) -> BoxFuture<'a, ()>;

/// Runs every check on `store`.
pub async fn run(store: &dyn Store) {
    let groups = [reads::CHECKS, writes::CHECKS, watches::CHECKS, lifetime::CHECKS];
    for (name, check) in groups.concat() {
        println!("contract: {name}");
        check(store).await;
    }
}

/// Puts a value for ever, in a test's words.
pub async fn put(store: &dyn Store, key: &str, expect: Expect, value: &str) -> Outcome {
    let change = Change::Put { value: Bytes::copy_from_slice(value.as_bytes()), ttl: None };
    store.commit(key, expect, change).await.expect("the store answers a put")
}

/// Creates a key that is not there yet.
pub async fn create(store: &dyn Store, key: &str, value: &str) -> Revision {
    done(put(store, key, Expect::Absent, value).await)
}

/// Writes over a known version.
pub async fn update(store: &dyn Store, key: &str, at: Revision, value: &str) -> Revision {
    done(put(store, key, Expect::Revision(at), value).await)
}

/// Removes a known version.
pub async fn delete(store: &dyn Store, key: &str, at: Revision) -> Revision {
    let outcome = store.commit(key, Expect::Revision(at), Change::Delete).await;
    done(outcome.expect("the store answers a delete"))
}

/// The entry of a key that has to be there.
pub async fn read(store: &dyn Store, key: &str) -> Entry {
    let (entry, _) = store.get(key).await.expect("the store answers a get");
    entry.unwrap_or_else(|| panic!("{key} is there"))
}

/// All keys that begin with `prefix`.
pub async fn list(store: &dyn Store, prefix: &str, revision: Option<Revision>) -> Page {
    let range = under(prefix, 0, revision);
    store.range(range).await.expect("the store answers a range")
}

fn under(prefix: &str, limit: usize, revision: Option<Revision>) -> Range {
    Range { start: prefix.to_owned(), end: crate::prefix_end(prefix), limit, revision }
}

fn done(outcome: Outcome) -> Revision {
    match outcome {
        Outcome::Done(revision) => revision,
        Outcome::Conflict { current } => panic!("a conflict with {current:?}"),
    }
}

fn keys(page: &Page) -> Vec<&str> {
    page.entries.iter().map(|entry| entry.key.as_str()).collect()
}

/// The next batch that has events.
async fn next(watch: &mut Watch) -> Batch {
    let wait = async {
        loop {
            let batch = watch.next().await.expect("the watch goes on").expect("a batch");
            if !batch.events.is_empty() {
                return batch;
            }
        }
    };
    runtime::clock::timeout(PATIENCE, wait).await.expect("a batch comes in time")
}
