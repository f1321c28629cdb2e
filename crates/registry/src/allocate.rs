//! Addresses and ports that the server gives out while it writes an object.
//!
//! An allocator works on writes of the object itself, after mutating admission and before the
//! rules, so that rules and validating admission see what it gave; what it took is given back
//! when the write does not happen. Mirrors the begin-and-finish hooks of upstream's service registry.

use async_trait::async_trait;
use kinds::Kind;
use object::{Result, Value};

/// What was taken for an object that is about to be written.
#[async_trait]
pub trait Allocation: Send {
    /// The object was written: keep it, and give back what the object no longer uses.
    async fn keep(self: Box<Self>);
    /// The object was not written: give everything back.
    async fn undo(self: Box<Self>);
}

/// Gives out what an object needs.
#[async_trait]
pub trait Allocator: Send + Sync {
    /// Whether objects of this kind need anything.
    fn serves(&self, kind: &'static Kind) -> bool;

    /// Takes what `object` needs and writes it into it. `old`: as it was before an update. A dry
    /// run takes nothing, but shows what would be taken.
    async fn allocate(
        &self,
        object: &mut Value,
        old: Option<&Value>,
        dry_run: bool,
    ) -> Result<Box<dyn Allocation>>;

    /// Gives back what a removed object used.
    async fn release(&self, object: &Value);
}
