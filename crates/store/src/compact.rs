//! The compaction that API servers sharing a store take turns at.
//!
//! Under one key lies the revision of the last compaction. Whoever swaps it for a new one has the
//! turn, and compacts to the revision that was the newest one interval ago; the others see the
//! swap and wait for the next interval. Upstream's API servers read and swap the same key, so
//! both sorts get along. Mirrors `k8s.io/apiserver/pkg/storage/etcd3/compact`.

use crate::{Change, Expect, Outcome, Revision, Store, StoreError, key};

/// One API server's part in it.
#[derive(Debug, Default)]
pub struct Compactor {
    /// The mod revision of the key, as last seen.
    seen: Option<Revision>,
    /// The newest revision at the last turn: what the next may compact to.
    newest: Option<Revision>,
    /// To what the store was compacted last, as far as this one knows.
    compacted: Revision,
}

impl Compactor {
    /// One that hasn't had a turn; its first only takes note of the revision.
    pub fn new() -> Self {
        Self::default()
    }

    /// To what the store was compacted last, by this one or, as far as it has seen, by another; 0:
    /// not yet.
    pub fn compacted(&self) -> Revision {
        self.compacted
    }

    /// To be called once each [`crate::limits::COMPACTION_INTERVAL`]. Returns the revision that
    /// this call compacted to, if it was this one's turn and there was something to compact.
    ///
    /// # Errors
    /// Whatever the store answers; nothing is lost by it, the next call tries again.
    pub async fn turn(&mut self, store: &dyn Store) -> Result<Option<Revision>, StoreError> {
        let target = self.newest.unwrap_or(0);
        let expect = self.seen.map_or(Expect::Absent, Expect::Revision);
        let change = Change::Put { value: target.to_string().into(), ttl: None };
        match store.commit(key::COMPACTION, expect, change).await? {
            Outcome::Done(revision) => {
                self.seen = Some(revision);
                self.newest = Some(revision);
            }
            Outcome::Conflict { current } => {
                let theirs = current.as_ref().and_then(|entry| said(&entry.value));
                self.compacted = self.compacted.max(theirs.unwrap_or(0));
                self.seen = current.map(|entry| entry.mod_revision);
                self.newest = Some(store.revision().await?);
                return Ok(None);
            }
        }
        if target == 0 {
            return Ok(None);
        }
        let done = match store.compact(target).await {
            Ok(()) => Some(target),
            // Somebody, perhaps an administrator, was there before.
            Err(StoreError::Compacted { .. }) => None,
            Err(error) => return Err(error),
        };
        self.compacted = self.compacted.max(target);
        Ok(done)
    }
}

/// The revision that the key holds.
fn said(value: &[u8]) -> Option<Revision> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, suite};

    #[tokio::test]
    async fn compacts_to_where_the_last_turn_was() {
        let store = Memory::new();
        let mut one = Compactor::new();
        assert_eq!(one.turn(&store).await, Ok(None), "the first turn has nothing behind it");
        let noted = store.revision().await.expect("a revision");
        suite::create(&store, "/registry/a", "x").await;
        assert_eq!(one.compacted(), 0);
        assert_eq!(one.turn(&store).await, Ok(Some(noted)));
        assert_eq!(one.compacted(), noted);
        let entry = suite::read(&store, key::COMPACTION).await;
        assert_eq!(&entry.value[..], noted.to_string().as_bytes());
        assert!(store.watch(noted - 2).await.is_err());
    }

    #[tokio::test]
    async fn only_one_of_several_has_the_turn() {
        let store = Memory::new();
        let (mut one, mut two) = (Compactor::new(), Compactor::new());
        assert_eq!(one.turn(&store).await, Ok(None));
        assert_eq!(two.turn(&store).await, Ok(None));
        suite::create(&store, "/registry/a", "x").await;
        let first = one.turn(&store).await;
        assert!(matches!(first, Ok(Some(_)) | Ok(None)), "{first:?}");
        let second = two.turn(&store).await;
        assert_eq!(
            [first, second].iter().filter(|turn| matches!(turn, Ok(Some(_)))).count(),
            1,
            "one compacts, the other waits"
        );
        let (first, second) = (one.turn(&store).await, two.turn(&store).await);
        assert!(first.is_ok() && second.is_ok());
        assert!(one.compacted() > 0 && one.compacted() <= two.compacted(), "both hear of it");
    }
}
