//! One change of one object, shared by all watchers that it concerns.

use crate::item::Item;
use crate::shelf::Key;
use object::Result;
use std::sync::{Arc, OnceLock};
use store::Revision;

/// One change of one object.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) key: Key,
    pub(crate) revision: Revision,
    /// The object as written; `None`: it was removed.
    pub(crate) item: Option<Arc<Item>>,
    /// The object as it was; `None`: it is new.
    pub(crate) previous: Option<Arc<Item>>,
    /// The object as it was, at the revision of the change: made at most once, however many
    /// watchers report that it is gone.
    left: OnceLock<Arc<Item>>,
    /// The bytes that this keeps in memory, beyond those of what is current, as it came.
    pub(crate) bytes: usize,
}

impl Change {
    pub(crate) fn new(
        key: Key,
        revision: Revision,
        item: Option<Arc<Item>>,
        previous: Option<Arc<Item>>,
    ) -> Self {
        let kept = previous.as_ref().map_or(0, |item| item.bytes());
        let bytes = kept + size_of::<Self>() + key.len();
        Self { key, revision, item, previous, left: OnceLock::new(), bytes }
    }

    /// What a watcher reports that no longer selects `previous`.
    pub(crate) fn left(&self, previous: &Item) -> Result<Arc<Item>> {
        if let Some(left) = self.left.get() {
            return Ok(left.clone());
        }
        let left = Arc::new(previous.at(self.revision)?);
        Ok(self.left.get_or_init(|| left).clone())
    }

    /// The object before and after, as far as there is one.
    pub(crate) fn items(&self) -> impl Iterator<Item = &Item> {
        [&self.previous, &self.item].into_iter().flatten().map(|item| &**item)
    }
}
