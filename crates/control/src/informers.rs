//! The informers of one process: one per kind and selection, started when the first asks for it.

use crate::informer::Feed;
use crate::{Informed, Informer};
use kube::Client;
use runtime::Shutdown;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

type Feeds = HashMap<(TypeId, String), Arc<Feed>>;

/// Makes informers and keeps them. Clones share them.
#[derive(Clone)]
pub struct Informers {
    client: Client,
    shutdown: Shutdown,
    made: Arc<Mutex<Feeds>>,
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
        Arc::new(Informer::over(self.feed(TypeId::of::<K>(), fields, Informer::<K>::feed)))
    }

    fn feed(&self, kind: TypeId, fields: &str, make: fn() -> Feed) -> Arc<Feed> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let feed = made.entry((kind, fields.to_owned())).or_insert_with(|| {
            let feed = Arc::new(make());
            let follow = feed.clone().follow(self.client.clone(), fields.to_owned());
            self.shutdown.spawn_until_begun("informer", follow);
            feed
        });
        feed.clone()
    }

    /// Whether every informer that was asked for has its first list.
    pub fn have_synced(&self) -> bool {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.values().all(|feed| feed.has_synced())
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
