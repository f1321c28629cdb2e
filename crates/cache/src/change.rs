//! One change of one object, shared by all watchers that it concerns.

use crate::item::{Item, Key};
use object::{ApiError, Result};
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
    /// Why what was written cannot be read: `item` is `None` then, and yet the object is there.
    pub(crate) fault: Option<Fault>,
    /// The same of what was there before.
    pub(crate) previous_fault: Option<Fault>,
    /// What fills a gap in the history happened at some revision after `revision - 1` and not
    /// after this one; all else happened at `revision`, which this is too.
    pub(crate) until: Revision,
    /// The object as it was, at the revision of the change: made at most once, however many
    /// watchers report that it is gone.
    left: OnceLock<Arc<Item>>,
    /// The bytes that this keeps in memory, beyond those of what is current, as it came.
    pub(crate) bytes: usize,
}

/// A stored value that cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The revision that wrote it.
    pub(crate) revision: Revision,
    /// Why; it names the key.
    pub(crate) why: ApiError,
}

/// What stands under a key, before a change or after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) item: Option<Arc<Item>>,
    pub(crate) fault: Option<Fault>,
}

impl Standing {
    pub(crate) fn is_nothing(&self) -> bool {
        self.item.is_none() && self.fault.is_none()
    }
}

impl Change {
    pub(crate) fn new(key: Key, revision: Revision, is: Standing, was: Standing) -> Self {
        let kept = was.item.as_ref().map_or(0, |item| item.bytes());
        let bytes = kept + size_of::<Self>() + key.len();
        Self {
            key,
            revision,
            item: is.item,
            previous: was.item,
            fault: is.fault,
            previous_fault: was.fault,
            until: revision,
            left: OnceLock::new(),
            bytes,
        }
    }

    /// The namespace, empty for cluster-wide objects.
    pub(crate) fn namespace(&self) -> &str {
        self.key.split_once('/').map_or("", |(namespace, _)| namespace)
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
