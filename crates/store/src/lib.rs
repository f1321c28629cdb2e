//! The store: bytes under keys, one history of revisions, compare-and-swap, watch.
//!
//! This is the small part of etcd that Kubernetes needs, and all that the rest of Orlop knows
//! of a database. It does not know what the bytes mean. Implementations: memory, embedded
//! (durable, one file tree), etcd over gRPC, and [`encrypt`], which wraps any of them.
//! One contract suite runs against them all.

pub mod compact;
mod embedded;
pub mod encrypt;
mod engine;
mod etcd;
mod expiry;
mod history;
pub mod key;
pub mod limits;
mod memory;
mod shared;
#[doc(hidden)]
pub mod suite;

pub use embedded::Embedded;
pub use encrypt::Encrypted;
pub use etcd::{Etcd, MemberStatus, TlsFiles};
pub use memory::Memory;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use std::time::Duration;

/// A position in the history: etcd's revision. 0 is before everything.
pub type Revision = i64;

/// A value with its key and its place in the history: etcd's `KeyValue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The whole key, such as `/registry/pods/default/web`.
    pub key: String,
    /// The value, decrypted where the store encrypts.
    pub value: Bytes,
    /// When the key came into being.
    pub create_revision: Revision,
    /// When the value was written.
    pub mod_revision: Revision,
    /// Why the value cannot be opened (no key fits, damage), without any secret; it is empty
    /// then. An entry that cannot be read is still there, so that nobody takes it for missing,
    /// and one bad value spoils neither a range nor a watch. Only decryption sets this.
    pub unreadable: Option<String>,
}

/// What a write insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The key does not exist.
    Absent,
    /// The key's `mod_revision` is this.
    Revision(Revision),
}

/// What a write does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Puts a value; with a time to live it goes away by itself (events).
    Put {
        /// The new value.
        value: Bytes,
        /// How long it stays; `None` for ever.
        ttl: Option<Duration>,
    },
    /// Removes the key.
    Delete,
}

/// The outcome of a write that reached the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, at this revision, and durable.
    Done(Revision),
    /// The expectation did not hold; nothing was written. `current` is what stands there.
    Conflict {
        /// The entry as it is, if the key exists.
        current: Option<Entry>,
    },
}

/// A page of a range read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In order of their keys.
    pub entries: Vec<Entry>,
    /// The store's revision at which this was read (the asked one, if one was asked for).
    pub revision: Revision,
    /// Whether keys beyond the last entry remain in the range.
    pub more: bool,
    /// How many keys the whole range holds, these included.
    pub count: i64,
}

/// What a range read asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first key, included.
    pub start: String,
    /// The end of the range, not included; empty for up to the last key.
    pub end: String,
    /// At most so many entries; 0 for all of them.
    pub limit: usize,
    /// At this revision; `None` for the newest.
    pub revision: Option<Revision>,
}

/// One change that a watch reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The entry as put; for a deletion, the key with an empty value and the revision of the deletion.
    pub entry: Entry,
    /// Whether the key was removed.
    pub deleted: bool,
}

/// All changes of one revision, or none of them: then it only says how far the watch has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Everything up to and including this revision has been reported.
    pub revision: Revision,
    /// The changes, in order.
    pub events: Vec<Event>,
}

/// Batches in order of their revisions, without a gap; ends after its first error.
pub type Watch = BoxStream<'static, Result<Batch, StoreError>>;

/// Why a store could not answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum StoreError {
    /// That piece of history is gone; the oldest that is left is `oldest` (0 if unknown).
    #[error("revision {asked} has been compacted, the oldest is {oldest}")]
    Compacted {
        /// The revision that was asked for.
        asked: Revision,
        /// The oldest revision that can be read.
        oldest: Revision,
    },
    /// A revision that has not happened yet.
    #[error("revision {asked} is in the future, the newest is {newest}")]
    Future {
        /// The revision that was asked for.
        asked: Revision,
        /// The newest revision.
        newest: Revision,
    },
    /// The store cannot be reached, or did not answer in time. Whether a write happened is unknown.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
    /// The value is over the store's limit.
    #[error("a value of {bytes} bytes is over the store's limit of {limit_bytes} bytes")]
    TooLarge {
        /// The value's size.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The disk failed, or the files are damaged.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Bytes under keys, with a history.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The newest entry of a key, and the revision of the store at that moment.
    async fn get(&self, key: &str) -> Result<(Option<Entry>, Revision), StoreError>;

    /// A range of keys at one revision.
    async fn range(&self, range: Range) -> Result<Page, StoreError>;

    /// One compare-and-swap. When it returns [`Outcome::Done`], the change is durable.
    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError>;

    /// Every change after the revision `after`, of all keys of the store (inside and outside
    /// the prefix: each revision is reported, so that a reader knows how far it has come).
    /// `after` = newest revision: only what is yet to come.
    async fn watch(&self, after: Revision) -> Result<Watch, StoreError>;

    /// The newest revision.
    async fn revision(&self) -> Result<Revision, StoreError>;

    /// Forgets the history before `revision`; reads and watches of it fail from then on.
    async fn compact(&self, revision: Revision) -> Result<(), StoreError>;

    /// Whether the key's value is stored in another form than a write would store it in today:
    /// sealed by an old key, or not at all. An update that changes nothing is then written all
    /// the same, which is how values are moved to a new key.
    async fn stale(&self, _key: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// The end of the range of all keys that begin with `prefix`.
pub fn prefix_end(prefix: &str) -> String {
    let mut bytes = prefix.as_bytes().to_vec();
    while let Some(last) = bytes.pop() {
        if last < 0x7f {
            bytes.push(last + 1);
            break;
        }
    }
    String::from_utf8(bytes).expect("one ASCII byte was raised, and it stays ASCII")
}
