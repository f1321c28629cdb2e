//! The last step of every write: encode, compare and swap.

use crate::{Allocation, Call, Registry, Target};
use cache::{Item, encode_stored};
use kinds::{Kind, Storage};
use object::{ApiError, Result, Value, meta};
use std::sync::Arc;
use store::{Change, Entry, Expect, Outcome, Revision, StoreError};

/// What became of a compare-and-swap.
pub(crate) enum Swap {
    /// It is stored.
    Done(Arc<Item>),
    /// Something else stands there, or nothing.
    Lost(Option<Arc<Item>>),
}

/// What a store's error means to a client.
pub fn store_error(error: StoreError) -> ApiError {
    match error {
        StoreError::Compacted { .. } => {
            ApiError::expired("The resourceVersion for the provided watch is too old.")
        }
        StoreError::Future { asked, newest } => {
            ApiError::too_large_resource_version(asked, newest, 0)
        }
        StoreError::Unavailable(why) => ApiError::timeout(why),
        error @ StoreError::TooLarge { .. } => {
            ApiError::new(413, object::Reason::RequestEntityTooLarge, error.to_string())
        }
        error @ StoreError::Failed(_) => ApiError::internal(error),
    }
}

impl Registry {
    /// The object's place in the store.
    pub(crate) fn key(&self, target: &Target<'_>, name: &str) -> Result<String> {
        let place = storage(target.kind)?.key;
        let prefix = &self.prefix;
        Ok(match target.namespace {
            "" => format!("{prefix}/{place}/{name}"),
            namespace => format!("{prefix}/{place}/{namespace}/{name}"),
        })
    }

    /// The object as the store has it now, past the cache.
    pub(crate) async fn stored(&self, target: &Target<'_>) -> Result<Option<Arc<Item>>> {
        let key = self.key(target, target.name)?;
        let (entry, _) = self.store.get(&key).await.map_err(store_error)?;
        entry.map(|entry| Item::read(target.kind, &entry).map(Arc::new)).transpose()
    }

    /// Whether the object's value would be sealed otherwise now.
    pub(crate) async fn is_stale(&self, target: &Target<'_>) -> Result<bool> {
        let key = self.key(target, target.name)?;
        self.store.stale(&key).await.map_err(store_error)
    }

    /// The object as the cache has it, which may be old.
    pub(crate) fn cached(&self, target: &Target<'_>) -> Result<Option<Arc<Item>>> {
        match self.cache.shelf(target.kind) {
            Some(shelf) => shelf.get(target.namespace, target.name),
            None => Err(ApiError::no_such_resource()),
        }
    }

    /// Writes an object if the store still has what the caller saw (`seen` 0: nothing).
    pub(crate) async fn put(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        object: &mut Value,
        seen: Revision,
    ) -> Result<Swap> {
        let key = self.key(target, meta::name(object))?;
        let value = encode_for_store(target, object)?;
        if call.dry_run {
            if seen == 0 {
                let (entry, _) = self.store.get(&key).await.map_err(store_error)?;
                if entry.is_some() {
                    return lost(target.kind, entry);
                }
            }
            return Ok(Swap::Done(item(target.kind, key, value, seen)?));
        }
        let expect = if seen == 0 { Expect::Absent } else { Expect::Revision(seen) };
        let ttl = (storage(target.kind)?.ttl_seconds > 0).then_some(self.event_ttl);
        let change = Change::Put { value: value.clone(), ttl };
        match self.store.commit(&key, expect, change).await.map_err(store_error)? {
            Outcome::Done(revision) => Ok(Swap::Done(item(target.kind, key, value, revision)?)),
            Outcome::Conflict { current } => lost(target.kind, current),
        }
    }

    /// An object that was not written, with the revision of what it would have replaced.
    pub(crate) fn unwritten(
        &self,
        target: &Target<'_>,
        object: &mut Value,
        seen: Revision,
    ) -> Result<Arc<Item>> {
        let key = self.key(target, meta::name(object))?;
        let value = encode_for_store(target, object)?;
        item(target.kind, key, value, seen)
    }

    /// Removes an object if the store still has what the caller saw.
    pub(crate) async fn remove(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        seen: &Arc<Item>,
    ) -> Result<Swap> {
        if call.dry_run {
            return Ok(Swap::Done(seen.clone()));
        }
        let key = self.key(target, target.name)?;
        let expect = Expect::Revision(seen.revision);
        match self.store.commit(&key, expect, Change::Delete).await.map_err(store_error)? {
            Outcome::Done(revision) => {
                let object = seen.stored_value()?;
                for allocator in self.allocators.iter().filter(|a| a.serves(target.kind)) {
                    allocator.release(&object).await;
                }
                Ok(Swap::Done(Arc::new(seen.at(revision)?)))
            }
            Outcome::Conflict { current } => lost(target.kind, current),
        }
    }

    /// Takes from each allocator what the object needs.
    pub(crate) async fn allocate(
        &self,
        target: &Target<'_>,
        object: &mut Value,
        old: Option<&Value>,
        dry_run: bool,
    ) -> Result<Vec<Box<dyn Allocation>>> {
        let mut taken: Vec<Box<dyn Allocation>> = Vec::new();
        if !target.subresource.is_empty() {
            return Ok(taken);
        }
        for allocator in self.allocators.iter().filter(|a| a.serves(target.kind)) {
            match allocator.allocate(object, old, dry_run).await {
                Ok(allocation) => taken.push(allocation),
                Err(error) => {
                    settle(taken, false).await;
                    return Err(error);
                }
            }
        }
        Ok(taken)
    }
}

/// Keeps or gives back what was taken.
pub(crate) async fn settle(taken: Vec<Box<dyn Allocation>>, written: bool) {
    for allocation in taken {
        if written { allocation.keep().await } else { allocation.undo().await }
    }
}

/// What the store keeps: the revision is the store's to say, so it is not in there.
fn encode_for_store(target: &Target<'_>, object: &mut Value) -> Result<bytes::Bytes> {
    let metadata = meta::of(object);
    metadata.remove("resourceVersion");
    metadata.remove("selfLink");
    encode_stored(target.kind, object)
}

fn storage(kind: &'static Kind) -> Result<&'static Storage> {
    kind.storage.as_ref().ok_or_else(ApiError::no_such_resource)
}

fn lost(kind: &'static Kind, current: Option<Entry>) -> Result<Swap> {
    let current = current.map(|entry| Item::read(kind, &entry).map(Arc::new)).transpose()?;
    Ok(Swap::Lost(current))
}

fn item(
    kind: &'static Kind,
    key: String,
    value: bytes::Bytes,
    revision: Revision,
) -> Result<Arc<Item>> {
    let entry =
        Entry { key, value, create_revision: revision, mod_revision: revision, unreadable: None };
    Item::read(kind, &entry).map(Arc::new)
}
