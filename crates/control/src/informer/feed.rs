//! What an informer does with what its watch tells, whatever the kind.
//!
//! All that is the same for each kind is here, and so is compiled once; the kind itself is the
//! function that decodes.

use super::Change;
use super::store::{Held, Store};
use crate::{Key, RawEvents, RawObject, watch_raw};
use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::ApiResource;
use kube::runtime::watcher;
use kube::{Client, Resource};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::watch;

pub(super) type Decode = fn(&RawObject) -> serde_json::Result<Arc<dyn Held>>;
pub(super) type Handler = Box<dyn Fn(&Change<'_, dyn Held>) + Send + Sync>;

/// The store of one kind, and what keeps it in step.
pub(crate) struct Feed {
    kind: ApiResource,
    decode: Decode,
    store: RwLock<Store>,
    handlers: Mutex<Vec<Handler>>,
    synced: watch::Sender<bool>,
    revision: AtomicU64,
    relists: AtomicU64,
}

impl Feed {
    pub(super) fn new(kind: ApiResource, decode: Decode) -> Self {
        Self {
            kind,
            decode,
            store: RwLock::default(),
            handlers: Mutex::default(),
            synced: watch::Sender::new(false),
            revision: AtomicU64::new(0),
            relists: AtomicU64::new(0),
        }
    }

    /// Tells `handler` of all that is here, and from now on of all that changes.
    pub(super) fn attach(&self, handler: Handler) {
        let mut handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let held: Vec<_> = self.read(|store| store.objects.values().cloned().collect());
        for object in held {
            handler(&Change::Added(&object));
        }
        handlers.push(handler);
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<dyn Held>> {
        self.read(|store| store.objects.get(key).cloned())
    }

    pub(super) fn each(&self, look: &mut dyn FnMut(&Arc<dyn Held>)) {
        self.read(|store| store.objects.values().for_each(look));
    }

    pub(super) fn each_in(&self, namespace: &str, look: &mut dyn FnMut(&Arc<dyn Held>)) {
        self.read(|store| {
            let from = store.objects.range(Key::new(namespace, "")..);
            let within = from.take_while(|(key, _)| key.namespace == namespace);
            within.for_each(|(_, object)| look(object));
        });
    }

    pub(super) fn each_of(&self, owner: &str, look: &mut dyn FnMut(&Arc<dyn Held>)) {
        self.read(|store| {
            let keys = store.controlled.get(owner).into_iter().flatten();
            keys.filter_map(|key| store.objects.get(key)).for_each(look);
        });
    }

    pub(super) fn len(&self) -> usize {
        self.read(|store| store.objects.len())
    }

    pub(super) async fn synced(&self) {
        let mut receiver = self.synced.subscribe();
        receiver.wait_for(|synced| *synced).await.expect("the sender lives as long as self");
    }

    pub(crate) fn has_synced(&self) -> bool {
        *self.synced.borrow()
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.revision.load(Ordering::Acquire), self.relists.load(Ordering::Acquire))
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        look(&self.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows the API server for ever.
    pub(crate) async fn follow(self: Arc<Self>, client: Client, fields: String) {
        self.consume(watch_raw(client, &self.kind, &fields)).await;
    }

    pub(super) async fn consume(&self, mut events: RawEvents) {
        let mut listed: Option<BTreeSet<Key>> = None;
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Init) => listed = Some(BTreeSet::new()),
                Ok(watcher::Event::InitApply(object)) => {
                    if let Some(listed) = &mut listed {
                        listed.insert(object.key());
                    }
                    self.apply_raw(&object);
                }
                Ok(watcher::Event::InitDone) => {
                    self.keep_only(&listed.take().unwrap_or_default());
                    self.relists.fetch_add(1, Ordering::AcqRel);
                    self.synced.send_replace(true);
                }
                Ok(watcher::Event::Apply(object)) => self.apply_raw(&object),
                Ok(watcher::Event::Delete(object)) => self.delete_raw(&object),
                Err(error) => {
                    let error = client::sentence(&error);
                    tracing::warn!(kind = self.kind.kind, error, "watching failed, trying again");
                }
            }
        }
    }

    /// What can't be decoded stays as it was last known.
    fn apply_raw(&self, raw: &RawObject) {
        match (self.decode)(raw) {
            Ok(object) => self.apply(object),
            Err(error) => {
                raw.warn(&self.kind, &error);
                self.advance(raw.meta());
            }
        }
    }

    /// What can't be decoded is gone all the same.
    fn delete_raw(&self, raw: &RawObject) {
        let object = (self.decode)(raw).inspect_err(|error| raw.warn(&self.kind, error));
        self.delete(&raw.key(), object.ok());
    }

    pub(super) fn apply(&self, object: Arc<dyn Held>) {
        let meta = object.meta();
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.write(|store| store.insert(Key::of_meta(meta), object.clone()));
        self.advance(meta);
        let change = match &old {
            Some(old) if old.meta().resource_version == meta.resource_version => return,
            // The same name with another UID is another object: its end was missed.
            Some(old) if old.meta().uid != meta.uid => {
                tell(&handlers, &Change::Deleted(old));
                Change::Added(&object)
            }
            Some(old) => Change::Updated(old, &object),
            None => Change::Added(&object),
        };
        tell(&handlers, &change);
    }

    /// `last` is the state that the server told of at the end.
    pub(super) fn delete(&self, key: &Key, last: Option<Arc<dyn Held>>) {
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.write(|store| store.remove(key));
        if let Some(object) = last.or(known) {
            self.advance(object.meta());
            tell(&handlers, &Change::Deleted(&object));
        }
    }

    fn keep_only(&self, listed: &BTreeSet<Key>) {
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        for object in self.write(|store| store.keep_only(listed)) {
            tell(&handlers, &Change::Deleted(&object));
        }
    }

    fn advance(&self, meta: &ObjectMeta) {
        let version = meta.resource_version.as_deref().unwrap_or_default();
        if let Ok(version) = version.parse() {
            self.revision.fetch_max(version, Ordering::AcqRel);
        }
    }

    fn write<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        change(&mut self.store.write().unwrap_or_else(PoisonError::into_inner))
    }
}

fn tell(handlers: &[Handler], change: &Change<'_, dyn Held>) {
    for handler in handlers {
        handler(change);
    }
}
