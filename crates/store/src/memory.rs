//! The store in memory alone: for tests, and for whoever wants a control plane that forgets.
//!
//! Nothing of it is durable; all else is the contract of [`Store`] to the letter.

use crate::engine::{self, Engine, Request};
use crate::history::History;
use crate::{Change, Entry, Expect, Outcome, Page, Range, Revision, Store, StoreError, Watch};
use crate::{expiry, limits};
use async_trait::async_trait;
use runtime::Task;
use std::sync::Arc;

/// A store that is gone when it is dropped.
#[derive(Debug)]
pub struct Memory {
    engine: Arc<Engine>,
    _sweep: Task<()>,
}

impl Memory {
    /// An empty store at revision 1. Has to be called on a tokio runtime, which then takes away
    /// the values that expire.
    #[expect(clippy::new_without_default, reason = "it starts a task")]
    pub fn new() -> Self {
        let engine = Arc::new(Engine::new(History::new(Vec::new())));
        let swept = engine.clone();
        let sweep = expiry::sweep(engine.clone(), move |requests| {
            write(&swept, &requests);
            std::future::ready(())
        });
        Self { engine, _sweep: runtime::spawn("store-expiry", sweep) }
    }
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, key: &str) -> Result<(Option<Entry>, Revision), StoreError> {
        Ok(self.engine.get(key))
    }

    async fn range(&self, range: Range) -> Result<Page, StoreError> {
        self.engine.range(&range)
    }

    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError> {
        engine::check_size(&change)?;
        let request = Request { key: Arc::from(key), expect, change };
        let outcome = write(&self.engine, std::slice::from_ref(&request)).pop();
        Ok(outcome.expect("each request has its outcome"))
    }

    async fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        self.engine.watch(after)
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.engine.revision())
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        self.engine.write().compact(revision).map(drop)
    }
}

/// Decides and publishes under one lock, so that writers are one after the other.
fn write(engine: &Engine, requests: &[Request]) -> Vec<Outcome> {
    let mut history = engine.write();
    let plan = engine::plan(&history, requests, expiry::now());
    for written in plan.written {
        history.apply(written);
    }
    if let Some(revision) = history.overgrown() {
        tracing::warn!(
            revision,
            limit_bytes = limits::HISTORY_BYTES,
            "the history has outgrown its limit, the older half is forgotten"
        );
        history.compact(revision).expect("a revision of the log beyond the last compaction");
    }
    let newest = history.newest();
    drop(history);
    engine.announce(newest);
    plan.outcomes
}
