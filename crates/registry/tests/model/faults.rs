//! A store that fails as stores do: it does not answer, loses an answer, or breaks a watch off.

use crate::dice::Dice;
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::unfold;
use runtime::clock::sleep;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Change, Entry, Expect, Outcome, Page, Range, Revision, Store, StoreError, Watch};

/// How often each fault happens, in a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    /// A commit is not carried out, and says so.
    pub(crate) refuse: u64,
    /// A commit is carried out, but its answer is lost.
    pub(crate) lose: u64,
    /// A read does not answer.
    pub(crate) mute: u64,
    /// A watch ends without a word.
    pub(crate) end: u64,
    /// A watch ends with an error.
    pub(crate) cut: u64,
    /// A watch ends because its history is gone.
    pub(crate) compact: u64,
    /// An answer or an event comes up to this many milliseconds late.
    pub(crate) late_ms: u64,
}

#[derive(Debug)]
struct Shared {
    dice: Dice,
    plan: Mutex<Plan>,
}

pub(crate) struct Faulty {
    inner: Mutex<Arc<dyn Store>>,
    shared: Arc<Shared>,
    /// Ends the watches of a store that was replaced.
    replaced: tokio::sync::watch::Sender<u64>,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Store>, seed: u64) -> Self {
        let shared = Shared { dice: Dice::new(seed), plan: Mutex::default() };
        let replaced = tokio::sync::watch::Sender::new(0);
        Self { inner: Mutex::new(inner), shared: Arc::new(shared), replaced }
    }

    /// Puts another store in the place of this one, as whoever restores a backup does.
    pub(crate) fn replace(&self, inner: Arc<dyn Store>) {
        *self.inner.lock().unwrap() = inner;
        self.replaced.send_modify(|times| *times += 1);
    }

    fn inner(&self) -> Arc<dyn Store> {
        self.inner.lock().unwrap().clone()
    }

    pub(crate) fn plan(&self, plan: Plan) {
        *self.shared.plan.lock().unwrap() = plan;
    }
}

impl Shared {
    fn has(&self, which: impl Fn(&Plan) -> u64) -> bool {
        let per_mille = which(&self.plan.lock().unwrap());
        per_mille > 0 && self.dice.chance(per_mille)
    }

    async fn delay(&self) {
        let late = self.plan.lock().unwrap().late_ms;
        if late > 0 {
            sleep(Duration::from_millis(self.dice.below(late + 1))).await;
        }
    }

    async fn read(&self) -> Result<(), StoreError> {
        self.delay().await;
        if self.has(|plan| plan.mute) { Err(silence()) } else { Ok(()) }
    }

    /// Why a watch ends now; nothing: without a word.
    fn end(&self, after: Revision) -> Option<Option<StoreError>> {
        if self.has(|plan| plan.end) {
            Some(None)
        } else if self.has(|plan| plan.cut) {
            Some(Some(silence()))
        } else if self.has(|plan| plan.compact) {
            Some(Some(StoreError::Compacted { asked: after + 1, oldest: 0 }))
        } else {
            None
        }
    }
}

fn silence() -> StoreError {
    StoreError::Unavailable("a fault on purpose".to_owned())
}

#[async_trait]
impl Store for Faulty {
    async fn get(&self, key: &str) -> Result<(Option<Entry>, Revision), StoreError> {
        self.shared.read().await?;
        self.inner().get(key).await
    }

    async fn range(&self, range: Range) -> Result<Page, StoreError> {
        self.shared.read().await?;
        self.inner().range(range).await
    }

    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError> {
        self.shared.delay().await;
        if self.shared.has(|plan| plan.refuse) {
            return Err(silence());
        }
        let outcome = self.inner().commit(key, expect, change).await?;
        self.shared.delay().await;
        if self.shared.has(|plan| plan.lose) { Err(silence()) } else { Ok(outcome) }
    }

    async fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        self.shared.read().await?;
        let inner = self.inner().watch(after).await?;
        let replaced = self.replaced.subscribe();
        let state = Some((inner, self.shared.clone(), replaced, after));
        Ok(Box::pin(unfold(state, |state| async move {
            let (mut inner, shared, mut replaced, after) = state?;
            match shared.end(after) {
                Some(Some(error)) => return Some((Err(error), None)),
                Some(None) => return None,
                None => {}
            }
            let batch = tokio::select! {
                biased;
                _ = replaced.changed() => {
                    let error = StoreError::Future { asked: after + 1, newest: 0 };
                    return Some((Err(error), None));
                }
                batch = inner.next() => batch?,
            };
            shared.delay().await;
            let after = batch.as_ref().map_or(after, |batch| batch.revision);
            Some((batch, Some((inner, shared, replaced, after))))
        })))
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        self.shared.read().await?;
        self.inner().revision().await
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        self.inner().compact(revision).await
    }
}
