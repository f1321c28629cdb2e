//! Fills the shelves from the store, and keeps them current with one watch on all of it.

use crate::consistent::Newest;
use crate::item::Item;
use crate::limits::{FEED_RETRY, FRESHNESS_WAIT, JSON_UNUSED, LOAD_PAGE_ENTRIES};
use crate::shelf::{Loaded, Shelf};
use futures::StreamExt;
use kinds::Kind;
use object::{ApiError, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use store::{Batch, Entry, Range, Revision, Store, StoreError, prefix_end};
use tokio::sync::watch;

/// Every stored object of every kind, current up to [`Cache::revision`].
pub struct Cache {
    shelves: HashMap<(&'static str, &'static str), Arc<Shelf>>,
    places: Places,
    reached: watch::Sender<Revision>,
    compacted: AtomicI64,
    newest: Newest,
    /// For what the cache no longer holds, or does not hold yet.
    pub(crate) store: Arc<dyn Store>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("revision", &self.revision()).finish_non_exhaustive()
    }
}

/// Which shelf a key of the store belongs to, by what stands between the prefix and the name.
#[derive(Debug)]
struct Places {
    /// Such as `/registry`, without a slash at its end.
    prefix: String,
    by_key: HashMap<&'static str, Arc<Shelf>>,
}

impl Cache {
    /// Loads everything below `prefix` (such as `/registry`), then follows the store until the
    /// process ends. Returns when everything is loaded. Kinds that share one place in the store
    /// (both kinds of Event) share a shelf.
    pub async fn start(
        store: Arc<dyn Store>,
        prefix: &str,
        kinds: &[&'static Kind],
    ) -> Result<Arc<Self>, StoreError> {
        let mut shelves = HashMap::new();
        let mut by_key: HashMap<&'static str, Arc<Shelf>> = HashMap::new();
        for &kind in kinds {
            let Some(storage) = &kind.storage else { continue };
            let shelf = by_key.entry(storage.key).or_insert_with(|| Arc::new(Shelf::new(kind)));
            shelves.insert((kind.group, kind.plural), shelf.clone());
        }
        let places = Places { prefix: prefix.trim_end_matches('/').to_owned(), by_key };
        let newest = Newest::start(store.clone());
        let reached = watch::Sender::new(0);
        let compacted = AtomicI64::new(0);
        let cache =
            Arc::new(Self { shelves, places, reached, compacted, newest, store: store.clone() });
        let revision = cache.load(None).await?;
        runtime::spawn("cache feed", cache.clone().follow(store, revision)).detach();
        runtime::spawn("unused JSON", drop_unused_json(Arc::downgrade(&cache))).detach();
        Ok(cache)
    }

    /// The shelf of a kind; `None` for kinds that are not stored.
    pub fn shelf(&self, kind: &Kind) -> Option<&Arc<Shelf>> {
        self.shelves.get(&(kind.group, kind.plural))
    }

    /// The shelf of a group and resource.
    pub fn shelf_of(&self, group: &str, resource: &str) -> Option<&Arc<Shelf>> {
        let mut shelves = self.shelves.iter();
        shelves.find(|((g, r), _)| *g == group && *r == resource).map(|(_, shelf)| shelf)
    }

    /// Everything up to this revision is in the cache.
    pub fn revision(&self) -> Revision {
        *self.reached.borrow()
    }

    /// Follows [`Cache::revision`].
    pub fn reached(&self) -> watch::Receiver<Revision> {
        self.reached.subscribe()
    }

    /// Says that the store was compacted to `revision`: no list is as of an older one any more.
    pub fn compacted_to(&self, revision: Revision) {
        self.compacted.fetch_max(revision, Ordering::Relaxed);
    }

    /// What it was told of compactions.
    pub(crate) fn compacted(&self) -> Revision {
        self.compacted.load(Ordering::Relaxed)
    }

    /// The newest revision of the store, asked once for all who wait.
    pub(crate) async fn newest(&self) -> Result<Revision> {
        self.newest.ask().await
    }

    /// Waits until the cache holds `revision`; 504 if that takes too long.
    pub async fn wait_for(&self, revision: Revision) -> Result<()> {
        let mut reached = self.reached.subscribe();
        let waited = runtime::clock::timeout(
            FRESHNESS_WAIT,
            reached.wait_for(|reached| *reached >= revision),
        );
        match waited.await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(ApiError::too_large_resource_version(revision, self.revision(), 1)),
        }
    }

    /// Where a kind's objects are in the store, with a slash at the end.
    pub(crate) fn place(&self, shelf: &Shelf) -> String {
        format!("{}/{}/", self.places.prefix, shelf.place())
    }

    /// Reads everything at one revision, page by page. `since`: what was followed so far; `None`
    /// the first time.
    async fn load(&self, since: Option<Revision>) -> Result<Revision, StoreError> {
        let mut loaded: HashMap<&'static str, Loaded> = HashMap::new();
        let end = prefix_end(&format!("{}/", self.places.prefix));
        let mut start = format!("{}/", self.places.prefix);
        let mut revision = None;
        loop {
            let range = Range {
                start: start.clone(),
                end: end.clone(),
                limit: LOAD_PAGE_ENTRIES,
                revision,
            };
            let page = self.store.range(range).await?;
            revision = Some(page.revision);
            for entry in &page.entries {
                if let Some((shelf, key)) = self.places.of(&entry.key) {
                    let item = Item::read(shelf.kind, entry).map(Arc::new);
                    let found = (entry.mod_revision, item);
                    loaded.entry(shelf.place()).or_default().insert(key.into(), found);
                }
            }
            match page.entries.last() {
                // The next key in order is the last one with a zero byte behind it.
                Some(last) if page.more => start = format!("{}\0", last.key),
                _ => break,
            }
        }
        let revision = revision.unwrap_or_default();
        if since.is_some_and(|since| revision < since) {
            // The store went back: no list may claim a revision that is yet to come again.
            self.reached.send_replace(revision);
        }
        for shelf in self.places.by_key.values() {
            let items = loaded.remove(shelf.place()).unwrap_or_default();
            match since {
                None => shelf.fill(items, revision),
                Some(since) => shelf.catch_up(items, since, revision),
            }
        }
        self.reached.send_replace(revision);
        Ok(revision)
    }

    /// Applies the store's changes for ever. When the watch breaks, everything is loaded again
    /// and the differences are applied, so that no watcher misses one.
    async fn follow(self: Arc<Self>, store: Arc<dyn Store>, mut revision: Revision) {
        loop {
            let broken = match store.watch(revision).await {
                Err(error) => error,
                Ok(mut batches) => loop {
                    match batches.next().await {
                        Some(Ok(batch)) => {
                            revision = batch.revision;
                            self.apply(batch);
                        }
                        Some(Err(error)) => break error,
                        None => break StoreError::Unavailable("the watch ended".to_owned()),
                    }
                },
            };
            tracing::warn!("the watch on the store broke at revision {revision}: {broken}");
            runtime::clock::sleep(FEED_RETRY).await;
            if matches!(broken, StoreError::Compacted { .. } | StoreError::Future { .. }) {
                match self.load(Some(revision)).await {
                    Ok(loaded) => revision = loaded,
                    Err(error) => tracing::warn!("the store can't be read: {error}"),
                }
            }
        }
    }

    fn apply(&self, batch: Batch) {
        for event in batch.events {
            let Some((shelf, key)) = self.places.of(&event.entry.key) else { continue };
            let outcome = read_event(shelf.kind, &event.entry, event.deleted);
            shelf.apply(key.to_owned(), event.entry.mod_revision, outcome);
        }
        self.reached.send_replace(batch.revision);
    }
}

/// Forgets, from time to time, the JSON of objects that nobody reads any longer, as long as there
/// is a cache.
async fn drop_unused_json(cache: Weak<Cache>) {
    let mut tick = runtime::clock::every(JSON_UNUSED);
    loop {
        tick.tick().await;
        let Some(cache) = cache.upgrade() else { return };
        for shelf in cache.places.by_key.values() {
            shelf.drop_unused_json();
        }
    }
}

fn read_event(kind: &'static Kind, entry: &Entry, deleted: bool) -> Result<Option<Arc<Item>>> {
    if deleted { Ok(None) } else { Item::read(kind, entry).map(Arc::new).map(Some) }
}

impl Places {
    /// The shelf of a key of the store, and the key within it.
    fn of<'a>(&self, key: &'a str) -> Option<(&Arc<Shelf>, &'a str)> {
        let below = key.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        // Most kinds have one part (`pods/`), some have two (`services/specs/`).
        below
            .match_indices('/')
            .take(2)
            .find_map(|(place, _)| Some((self.by_key.get(&below[..place])?, &below[place + 1..])))
    }
}
