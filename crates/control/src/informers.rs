//! The informers of one process: one per kind and selection, started when the first asks for it.

use crate::{Informed, Informer};
use kube::Client;
use kube::runtime::watcher;
use runtime::Shutdown;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

type Slot = (Arc<dyn Any + Send + Sync>, Arc<dyn Fn() -> bool + Send + Sync>);

/// Makes informers and keeps them. Clones share them.
#[derive(Clone)]
pub struct Informers {
    client: Client,
    shutdown: Shutdown,
    made: Arc<Mutex<HashMap<(TypeId, String), Slot>>>,
}

impl Informers {
    /// Informers that watch through `client` until `shutdown` begins.
    pub fn new(client: Client, shutdown: Shutdown) -> Self {
        Self { client, shutdown, made: Arc::default() }
    }

    /// The informer of the kind `K`. Managed fields are not in it.
    pub fn of<K: Informed>(&self) -> Arc<Informer<K>> {
        self.of_selected("")
    }

    /// The informer of the objects of `K` that match the field selector `fields`; each selection
    /// has one of its own.
    pub fn of_selected<K: Informed>(&self, fields: &str) -> Arc<Informer<K>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (TypeId::of::<K>(), fields.to_owned());
        if let Some((informer, _)) = made.get(&key) {
            let informer = informer.clone();
            return informer.downcast().expect("the map's key is the informer's type");
        }
        let informer = Arc::new(Informer::<K>::new());
        let mut config = watcher::Config::default();
        if !fields.is_empty() {
            config = config.fields(fields);
        }
        let follow = informer.clone().follow(self.client.clone(), config);
        self.shutdown.spawn_until_begun("informer", follow);
        let asked = informer.clone();
        made.insert(key, (informer.clone(), Arc::new(move || asked.has_synced())));
        informer
    }

    /// Whether every informer that was asked for has its first list.
    pub fn have_synced(&self) -> bool {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.values().all(|(_, synced)| synced())
    }

    /// The client that they watch through.
    pub fn client(&self) -> Client {
        self.client.clone()
    }
}

impl std::fmt::Debug for Informers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Informers").finish_non_exhaustive()
    }
}
