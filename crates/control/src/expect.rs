//! What a controller has written for a key and not yet seen in its informer.
//!
//! Until it is seen, the snapshot is older than the controller's own deeds, and a plan made on it
//! would do them again: a second pod for the same gap. Does the work of upstream's
//! `ControllerExpectations` (`k8s.io/kubernetes/pkg/controller`), by resource version and UID
//! instead of counts, so that what others do to the same objects can't be mistaken for it.

use crate::limits::EXPECTATION_TIMEOUT;
use crate::{Informed, Informer, Key};
use runtime::clock::{self, Instant};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The unseen writes of every key of one controller.
#[derive(Debug, Default)]
pub struct Expectations {
    pending: Mutex<HashMap<Key, Pending>>,
}

#[derive(Debug)]
struct Pending {
    /// The informer's revision must reach this, unless it lists anew twice.
    revision: u64,
    relists: u64,
    deleted: Vec<(Key, String)>,
    since: Instant,
}

impl Expectations {
    /// Records the answers of creates or updates that were done for `key`.
    pub fn wrote<K: Informed>(&self, key: &Key, informer: &Informer<K>, answers: &[Option<Value>]) {
        let highest = answers.iter().flatten().filter_map(revision_of).max();
        if let Some(highest) = highest {
            let (_, relists) = informer.progress();
            let mut pending = self.lock();
            let entry = pending.entry(key.clone()).or_insert_with(|| Pending::new(relists));
            entry.revision = entry.revision.max(highest);
            entry.relists = relists;
        }
    }

    /// Records that the objects with these names and UIDs were deleted for `key`.
    pub fn deleted(&self, key: &Key, objects: impl IntoIterator<Item = (Key, String)>) {
        let mut pending = self.lock();
        let entry = pending.entry(key.clone()).or_insert_with(|| Pending::new(0));
        entry.deleted.extend(objects);
    }

    /// Whether everything written for `key` shows in `informer`, or too long a time has gone by.
    pub fn are_met<K: Informed>(&self, key: &Key, informer: &Informer<K>) -> bool {
        let mut all = self.lock();
        let Some(pending) = all.get_mut(key) else { return true };
        let (revision, relists) = informer.progress();
        if revision >= pending.revision || relists > pending.relists + 1 {
            pending.revision = 0;
        }
        pending.deleted.retain(|(name, uid)| {
            informer.get(name).is_some_and(|object| {
                let meta = object.meta();
                meta.uid.as_deref() == Some(uid) && meta.deletion_timestamp.is_none()
            })
        });
        let met = pending.revision == 0 && pending.deleted.is_empty();
        let expired = pending.since.elapsed() > EXPECTATION_TIMEOUT;
        if met || expired {
            all.remove(key);
        }
        met || expired
    }

    /// Drops what is held for `key`: the object is gone.
    pub fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn new(relists: u64) -> Self {
        Self { revision: 0, relists, deleted: Vec::new(), since: clock::monotonic() }
    }
}

fn revision_of(answer: &Value) -> Option<u64> {
    answer["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    fn pod(uid: &str, version: &str, deleting: bool) -> Pod {
        let mut value = json!({"metadata": {"name": "p", "namespace": "ns", "uid": uid,
            "resourceVersion": version}});
        if deleting {
            value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        serde_json::from_value(value).expect("a pod")
    }

    #[test]
    fn a_create_is_met_by_its_revision_and_a_delete_by_its_mark() {
        let (expectations, informer) = (Expectations::default(), Informer::<Pod>::empty());
        let owner = Key::new("ns", "rs");
        assert!(expectations.are_met(&owner, &informer));
        let answer = json!({"metadata": {"resourceVersion": "7"}});
        expectations.wrote(&owner, &informer, &[Some(answer), None]);
        assert!(!expectations.are_met(&owner, &informer));
        informer.apply(pod("u", "7", false));
        assert!(expectations.are_met(&owner, &informer));

        expectations.deleted(&owner, [(Key::new("ns", "p"), "u".to_owned())]);
        assert!(!expectations.are_met(&owner, &informer));
        informer.apply(pod("u", "8", true));
        assert!(expectations.are_met(&owner, &informer));

        expectations.deleted(&owner, [(Key::new("ns", "p"), "gone".to_owned())]);
        assert!(expectations.are_met(&owner, &informer));
    }
}
