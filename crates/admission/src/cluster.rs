//! What plugins can ask the cluster.

use async_trait::async_trait;
use auth::{Attributes, Decision, Objects};
use object::{GroupResource, Result, Value};
use std::sync::Arc;

/// The cluster as plugins see it: objects as the cache has them, and where that is not enough,
/// one object as the store has it now.
#[async_trait]
pub trait Cluster: Objects {
    /// One object, as of now: everything acknowledged before the call is in it.
    async fn newest(
        &self,
        resource: &GroupResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Value>>>;

    /// Writes an object whose status was changed, if nobody has changed it meanwhile; whether it
    /// was written.
    async fn swap_status(&self, resource: &GroupResource, object: &Value) -> Result<bool>;

    /// What the authorizers say.
    async fn decide(&self, attributes: &Attributes) -> Decision;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a lock in a test")]
pub(crate) mod memory;
