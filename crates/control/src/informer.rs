//! A kind's objects as the API server last told them, and who wants to know of changes.
//!
//! One watch per kind and process; every reader shares the store. Managed fields are dropped on
//! the way in: no controller reads them, and they are half of many objects. What a controller
//! changes is therefore written by patch, or by an update, whose absent managed fields the server
//! takes as "unchanged". Mirrors `k8s.io/client-go/tools/cache` (reflector, indexer, shared
//! informer), whose relist likewise turns into plain changes.

use crate::{Key, limits::LIST_PAGE};
use futures::{Stream, StreamExt};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::watch;

/// What an informer can hold: a typed kind, as k8s-openapi has it.
pub trait Informed:
    Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}
impl<K> Informed for K where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}

/// One change of one object.
#[derive(Debug)]
pub enum Change<'a, K> {
    /// It is new to this process.
    Added(&'a Arc<K>),
    /// It was known: before and after.
    Updated(&'a Arc<K>, &'a Arc<K>),
    /// It is gone; this is its last known state.
    Deleted(&'a Arc<K>),
}

impl<K> Change<'_, K> {
    /// The newest state that is known.
    pub fn object(&self) -> &Arc<K> {
        match self {
            Self::Added(object) | Self::Updated(_, object) | Self::Deleted(object) => object,
        }
    }
}

type Handler<K> = Box<dyn Fn(&Change<'_, K>) + Send + Sync>;

/// The store of one kind.
pub struct Informer<K> {
    store: RwLock<Store<K>>,
    handlers: Mutex<Vec<Handler<K>>>,
    synced: watch::Sender<bool>,
    revision: AtomicU64,
    relists: AtomicU64,
}

struct Store<K> {
    objects: BTreeMap<Key, Arc<K>>,
    /// Keys by the UID of the controlling owner.
    controlled: HashMap<String, BTreeSet<Key>>,
}

impl<K: Informed> Informer<K> {
    pub(crate) fn new() -> Self {
        Self {
            store: RwLock::new(Store { objects: BTreeMap::new(), controlled: HashMap::new() }),
            handlers: Mutex::default(),
            synced: watch::Sender::new(false),
            revision: AtomicU64::new(0),
            relists: AtomicU64::new(0),
        }
    }

    /// Calls `handler` at every change from now on, in order, and once for each object that is
    /// here already. It must be quick: it holds up the stream.
    pub fn on_change(&self, handler: impl Fn(&Change<'_, K>) + Send + Sync + 'static) {
        let mut handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        for object in self.list() {
            handler(&Change::Added(&object));
        }
        handlers.push(Box::new(handler));
    }

    /// The object named `key`.
    pub fn get(&self, key: &Key) -> Option<Arc<K>> {
        self.read(|store| store.objects.get(key).cloned())
    }

    /// Every object, by namespace and name.
    pub fn list(&self) -> Vec<Arc<K>> {
        self.read(|store| store.objects.values().cloned().collect())
    }

    /// Every object of `namespace`, by name.
    pub fn list_in(&self, namespace: &str) -> Vec<Arc<K>> {
        self.read(|store| {
            store
                .objects
                .range(Key::new(namespace, "")..)
                .take_while(|(key, _)| key.namespace == namespace)
                .map(|(_, object)| object.clone())
                .collect()
        })
    }

    /// Every object whose controlling owner has the UID `uid`.
    pub fn controlled_by(&self, uid: &str) -> Vec<Arc<K>> {
        self.read(|store| {
            let keys = store.controlled.get(uid).into_iter().flatten();
            keys.filter_map(|key| store.objects.get(key).cloned()).collect()
        })
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.read(|store| store.objects.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns once the first list is in the store.
    pub async fn synced(&self) {
        let mut receiver = self.synced.subscribe();
        receiver.wait_for(|synced| *synced).await.expect("the sender lives as long as self");
    }

    /// Whether the first list is in the store.
    pub fn has_synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// The highest resource version seen, and how many times the whole was listed anew.
    pub fn progress(&self) -> (u64, u64) {
        (self.revision.load(Ordering::Acquire), self.relists.load(Ordering::Acquire))
    }

    fn read<T>(&self, look: impl FnOnce(&Store<K>) -> T) -> T {
        look(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows the API server for ever.
    pub(crate) async fn follow(self: Arc<Self>, client: Client, config: watcher::Config) {
        let api: Api<K> = Api::all(client);
        let stream = watcher(api, config.page_size(LIST_PAGE)).default_backoff();
        self.consume(stream).await;
    }

    async fn consume(&self, stream: impl Stream<Item = watcher::Result<watcher::Event<K>>>) {
        let mut stream = std::pin::pin!(stream);
        let mut listed: Option<BTreeSet<Key>> = None;
        while let Some(event) = stream.next().await {
            match event {
                Ok(watcher::Event::Init) => listed = Some(BTreeSet::new()),
                Ok(watcher::Event::InitApply(object)) => {
                    if let Some(listed) = &mut listed {
                        listed.insert(Key::of(&object));
                    }
                    self.apply(object);
                }
                Ok(watcher::Event::InitDone) => {
                    self.keep_only(&listed.take().unwrap_or_default());
                    self.relists.fetch_add(1, Ordering::AcqRel);
                    self.synced.send_replace(true);
                }
                Ok(watcher::Event::Apply(object)) => self.apply(object),
                Ok(watcher::Event::Delete(object)) => self.delete(object),
                Err(error) => {
                    tracing::warn!(kind = %K::kind(&()), %error, "watching failed, trying again");
                }
            }
        }
    }

    pub(crate) fn apply(&self, mut object: K) {
        object.meta_mut().managed_fields = None;
        let (key, object) = (Key::of(&object), Arc::new(object));
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.write(|store| store.insert(key, object.clone()));
        self.advance(&object);
        let change = match &old {
            Some(old) if old.meta().resource_version == object.meta().resource_version => return,
            // The same name with another UID is another object: its end was missed.
            Some(old) if old.meta().uid != object.meta().uid => {
                tell(&handlers, &Change::Deleted(old));
                Change::Added(&object)
            }
            Some(old) => Change::Updated(old, &object),
            None => Change::Added(&object),
        };
        tell(&handlers, &change);
    }

    pub(crate) fn delete(&self, mut object: K) {
        object.meta_mut().managed_fields = None;
        let (key, object) = (Key::of(&object), Arc::new(object));
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(|store| store.remove(&key));
        self.advance(&object);
        tell(&handlers, &Change::Deleted(&object));
    }

    fn keep_only(&self, listed: &BTreeSet<Key>) {
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = self.write(|store| {
            let keys: Vec<Key> =
                store.objects.keys().filter(|key| !listed.contains(*key)).cloned().collect();
            keys.iter().filter_map(|key| store.remove(key)).collect::<Vec<_>>()
        });
        for object in &gone {
            tell(&handlers, &Change::Deleted(object));
        }
    }

    fn advance(&self, object: &K) {
        let version = object.meta().resource_version.as_deref().unwrap_or_default();
        if let Ok(version) = version.parse() {
            self.revision.fetch_max(version, Ordering::AcqRel);
        }
    }

    fn write<T>(&self, change: impl FnOnce(&mut Store<K>) -> T) -> T {
        change(&mut self.store.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Resource> Store<K> {
    fn insert(&mut self, key: Key, object: Arc<K>) -> Option<Arc<K>> {
        let owner = controller_uid(&*object).map(str::to_owned);
        let old = self.objects.insert(key.clone(), object);
        if let Some(old) = &old {
            self.unlink(&key, old);
        }
        if let Some(owner) = owner {
            self.controlled.entry(owner).or_default().insert(key);
        }
        old
    }

    fn remove(&mut self, key: &Key) -> Option<Arc<K>> {
        let old = self.objects.remove(key)?;
        self.unlink(key, &old);
        Some(old)
    }

    fn unlink(&mut self, key: &Key, old: &K) {
        let Some(owner) = controller_uid(old) else { return };
        if let Some(keys) = self.controlled.get_mut(owner) {
            keys.remove(key);
            if keys.is_empty() {
                self.controlled.remove(owner);
            }
        }
    }
}

fn controller_uid<K: Resource>(object: &K) -> Option<&str> {
    let owners = object.meta().owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.uid.as_str())
}

fn tell<K>(handlers: &[Handler<K>], change: &Change<'_, K>) {
    for handler in handlers {
        handler(change);
    }
}

#[cfg(test)]
mod tests;
