//! A shared store is a store, so that [`crate::Encrypted`] and others can stand on any of them.

use crate::{Change, Entry, Expect, Outcome, Page, Range, Revision, Store, StoreError, Watch};
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    async fn get(&self, key: &str) -> Result<(Option<Entry>, Revision), StoreError> {
        (**self).get(key).await
    }

    async fn range(&self, range: Range) -> Result<Page, StoreError> {
        (**self).range(range).await
    }

    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError> {
        (**self).commit(key, expect, change).await
    }

    async fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        (**self).watch(after).await
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        (**self).revision().await
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        (**self).compact(revision).await
    }

    async fn stale(&self, key: &str) -> Result<bool, StoreError> {
        (**self).stale(key).await
    }
}
