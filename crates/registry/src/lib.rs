//! The verbs, once, for all kinds: the order of a create, an update, a delete is read here from
//! top to bottom.
//!
//! Objects come in and are worked on in the kind's stored version, with defaults applied. What
//! differs between kinds is a hook of its strategy. Nothing here knows HTTP or wire formats, and
//! every write is a compare-and-swap. Mirrors `k8s.io/apiserver/pkg/registry/{rest,generic}`.

mod allocate;
mod call;
mod create;
mod delete;
mod fields;
pub mod limits;
mod pass;
mod prepare;
mod update;
mod write;

pub use allocate::{Allocation, Allocator};
pub use call::{Call, Target};
pub use delete::{DeleteOptions, Deleted, Propagation};
pub use pass::Rules;
pub use update::Change;
pub use write::store_error;

use admission::Chain;
use cache::Cache;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// The objects of all kinds, and what can be done with them.
pub struct Registry {
    /// Where reads come from.
    pub cache: Arc<Cache>,
    pub(crate) store: Arc<dyn Store>,
    /// Such as `/registry`, without a slash at its end.
    pub(crate) prefix: String,
    pub(crate) admission: Chain,
    pub(crate) allocators: Vec<Box<dyn Allocator>>,
    /// How long objects of kinds that don't stay for ever are kept: `--event-ttl`.
    pub(crate) event_ttl: Duration,
}

impl Registry {
    /// Over a store and the cache that follows it.
    pub fn new(
        cache: Arc<Cache>,
        store: Arc<dyn Store>,
        prefix: &str,
        admission: Chain,
        allocators: Vec<Box<dyn Allocator>>,
        event_ttl: Duration,
    ) -> Self {
        let prefix = prefix.trim_end_matches('/').to_owned();
        Self { cache, store, prefix, admission, allocators, event_ttl }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
