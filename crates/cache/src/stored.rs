//! Reads past the cache, for what it no longer holds (a page of a list that was begun long ago)
//! or does not hold yet (the feed is behind, and the caller wants what is newest).
//!
//! Mirrors where `k8s.io/apiserver/pkg/storage/cacher` delegates to the storage below it.

use crate::feed::Cache;
use crate::item::{self, Item};
use crate::limits::LOAD_PAGE_ENTRIES;
use crate::query::Query;
use crate::read::{List, too_old};
use crate::shelf::Shelf;
use object::{ApiError, Result};
use std::sync::Arc;
use store::{Range, Revision, StoreError, prefix_end};

impl Cache {
    /// Lists out of the store, as of a revision or as of now.
    pub(crate) async fn list_stored(
        &self,
        shelf: &Shelf,
        query: &Query,
        mut revision: Option<Revision>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<List> {
        let place = self.place(shelf);
        let whole = match &query.namespace {
            Some(namespace) => format!("{place}{namespace}/"),
            None => place.clone(),
        };
        let end = prefix_end(&whole);
        let behind = |key: &str| format!("{key}\0");
        let mut start = match after.map(|after| behind(&format!("{place}{after}"))) {
            Some(start) if start > whole => start,
            _ => whole,
        };
        let mut list = List::default();
        loop {
            let range = Range { start, end: end.clone(), limit: LOAD_PAGE_ENTRIES, revision };
            let page =
                self.store.range(range).await.map_err(|error| refusal(error, after.is_some()))?;
            revision = Some(page.revision);
            list.revision = page.revision;
            for (seen, entry) in page.entries.iter().enumerate() {
                let item = Item::read(shelf.kind, entry)?;
                if !query.matches(&item) {
                    continue;
                }
                if limit > 0 && list.items.len() == limit {
                    list.next = list.items.last().map(|item| item.key());
                    let left = usize::try_from(page.count).unwrap_or_default() - seen;
                    list.remaining = query.selects_all().then_some(left);
                    return Ok(list);
                }
                list.items.push(Arc::new(item));
            }
            match page.entries.last() {
                Some(last) if page.more => start = behind(&last.key),
                _ => return Ok(list),
            }
        }
    }

    /// One object out of the store, as of now.
    pub(crate) async fn get_stored(
        &self,
        shelf: &Shelf,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Item>>> {
        let key = format!("{}{}", self.place(shelf), item::key(namespace, name));
        let (entry, _) = self.store.get(&key).await.map_err(|error| refusal(error, false))?;
        entry.map(|entry| Item::read(shelf.kind, &entry).map(Arc::new)).transpose()
    }
}

/// `continues`: it is not the first page that was asked for.
fn refusal(error: StoreError, continues: bool) -> ApiError {
    match error {
        StoreError::Compacted { .. } => too_old(continues),
        StoreError::Future { asked, newest } => {
            ApiError::too_large_resource_version(asked, newest, 0)
        }
        StoreError::Unavailable(_) => ApiError::timeout(error),
        _ => ApiError::internal(error),
    }
}
