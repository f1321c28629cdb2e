//! Lists, and single objects, as fresh as asked: the rules of `resourceVersion`, `limit` and
//! `continue`.

use crate::feed::Cache;
use crate::item::{Item, Items, Key};
use crate::query::Query;
use crate::shelf::{Shelf, refuse_faults};
use object::{ApiError, Result};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use store::Revision;

/// How fresh, or how old, an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// As of now: everything acknowledged before the request is in it.
    Newest,
    /// Whatever the cache holds.
    Any,
    /// Not older than this revision.
    NotOlderThan(Revision),
    /// As of this revision.
    Exact(Revision),
}

/// A list, or a page of one.
#[derive(Debug, Default)]
pub struct List {
    /// In order of their keys.
    pub items: Vec<Arc<Item>>,
    /// The revision as of which this is true.
    pub revision: Revision,
    /// The key of the last item where more remain: the next page begins behind it.
    pub next: Option<String>,
    /// How many remain, where that is known without looking at each (no selectors).
    pub remaining: Option<usize>,
}

impl Cache {
    /// Lists a kind. `after` is the key of the last item of the page before; `limit` 0: all. Comes
    /// out of the store where the cache no longer holds that revision, or is too far behind.
    pub async fn list(
        &self,
        shelf: &Shelf,
        query: &Query,
        at: At,
        limit: usize,
        after: Option<&str>,
    ) -> Result<List> {
        if let At::Exact(revision) = at
            && revision > self.revision()
        {
            // Nobody waits for it: the store knows it already, or refuses it.
            return self.list_stored(shelf, query, Some(revision), limit, after).await;
        }
        if let Err(late) = self.reach(at).await {
            return match at {
                At::Newest if late.code == 504 => {
                    self.list_stored(shelf, query, None, limit, after).await
                }
                _ => Err(late),
            };
        }
        if let At::Exact(revision) = at {
            // What the store has forgotten the cache does not tell either: each of several servers
            // gives the same answer.
            let is_forgotten = revision < self.compacted();
            let then = if is_forgotten { None } else { shelf.read().at(revision) };
            let Some((items, faults)) = then else {
                return self.list_stored(shelf, query, Some(revision), limit, after).await;
            };
            refuse_faults(&faults, query, shelf.kind)?;
            return Ok(select(shelf, query, &items, revision, limit, after));
        }
        shelf.prepare_index(query);
        let (items, revision) = {
            let state = shelf.read();
            refuse_faults(&state.faults, query, shelf.kind)?;
            let revision = state.latest.max(self.revision());
            if let Some(found) = state.indexed(query, shelf.kind) {
                let (lower, upper) = query.bounds(after);
                let bounds = (as_str(&lower), as_str(&upper));
                let inside = |key: &str| RangeBounds::<str>::contains(&bounds, key);
                let found = found.into_iter().filter(|(key, _)| inside(key));
                return Ok(page(query, found, revision, limit));
            }
            (state.items.clone(), revision)
        };
        Ok(select(shelf, query, &items, revision, limit, after))
    }

    /// Lists what the cache holds, however fresh that is; values that can't be read are left out,
    /// and were reported when they came.
    pub fn list_now(&self, shelf: &Shelf, query: &Query) -> List {
        let (items, revision) = {
            let state = shelf.read();
            (state.items.clone(), state.latest.max(self.revision()))
        };
        select(shelf, query, &items, revision, 0, None)
    }

    /// One object, as fresh as asked.
    pub async fn get(
        &self,
        shelf: &Shelf,
        namespace: &str,
        name: &str,
        at: At,
    ) -> Result<Option<Arc<Item>>> {
        match self.reach(at).await {
            Ok(()) => shelf.get(namespace, name),
            Err(late) if at == At::Newest && late.code == 504 => {
                self.get_stored(shelf, namespace, name).await
            }
            Err(late) => Err(late),
        }
    }

    /// Waits until the cache is as fresh as asked.
    pub(crate) async fn reach(&self, at: At) -> Result<()> {
        match at {
            At::Any => Ok(()),
            At::Newest => {
                let newest = self.newest().await?;
                self.wait_for(newest).await
            }
            At::NotOlderThan(revision) | At::Exact(revision) => self.wait_for(revision).await,
        }
    }
}

/// The answer to a revision that is no longer kept, in upstream's words.
pub(crate) fn too_old(continues: bool) -> ApiError {
    ApiError::expired(if continues { INCONSISTENT } else { TOO_OLD })
}

const TOO_OLD: &str = "The resourceVersion for the provided list is too old.";
const INCONSISTENT: &str = "The provided continue parameter is too old to display a consistent \
    list result. You can start a new list without the continue parameter, or use the continue \
    token in this response to retrieve the remainder of the results. Continuing with the provided \
    token results in an inconsistent list - objects that were created, modified, or deleted \
    between the time the first chunk was returned and now may show up in the list.";

fn select(
    shelf: &Shelf,
    query: &Query,
    items: &Items,
    revision: Revision,
    limit: usize,
    after: Option<&str>,
) -> List {
    if let Some(key) = query.single(shelf.kind) {
        let fits =
            |item: &&Arc<Item>| query.matches(item) && after.is_none_or(|a| key.as_str() > a);
        let items = items.get(key.as_str()).filter(fits).cloned().into_iter().collect();
        return List { items, revision, ..List::default() };
    }
    let (lower, upper) = query.bounds(after);
    let bounds = (as_str(&lower), as_str(&upper));
    page(query, items.range::<_, str>(bounds), revision, limit)
}

fn as_str(bound: &Bound<String>) -> Bound<&str> {
    bound.as_ref().map(String::as_str)
}

/// What a query selects of these, in their order, at most `limit`; 0: all.
fn page<'a>(
    query: &Query,
    mut candidates: impl Iterator<Item = (&'a Key, &'a Arc<Item>)>,
    revision: Revision,
    limit: usize,
) -> List {
    let mut list = List { revision, ..List::default() };
    let mut last = None;
    while let Some((key, item)) = candidates.next() {
        if !query.matches(item) {
            continue;
        }
        if limit > 0 && list.items.len() == limit {
            list.next = last.take();
            if query.selects_all() {
                list.remaining = Some(1 + candidates.count());
            }
            return list;
        }
        list.items.push(item.clone());
        if limit > 0 && list.items.len() == limit {
            last = Some(key.to_string());
        }
    }
    list
}
