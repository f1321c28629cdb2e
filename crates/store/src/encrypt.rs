//! Encryption at rest: a store whose values are opened and sealed on the way.
//!
//! What is written is byte for byte what upstream writes (`k8s:enc:aescbc:v1:key1:...`), so that
//! either reads what the other wrote. Which values are sealed, and by which key, is the
//! [`Config`]'s to say; all other values pass as they are, but for one rule: a value that looks
//! sealed and can't be opened is never handed on, and never missing either. It stands in its
//! place with [`Entry::unreadable`] set. Mirrors `k8s.io/apiserver/pkg/storage/value` and
//! `pkg/server/options/encryptionconfig`.

mod aescbc;
mod aesgcm;
mod chain;
mod config;
mod identity;
mod secretbox;
mod tree;

pub use config::{Config, ConfigError};

use crate::{Change, Entry, Expect, Outcome, Page, Range, Revision, Store, StoreError, Watch};
use async_trait::async_trait;
use bytes::Bytes;
use chain::Chain;
use config::{ANY, GroupResource};
use futures::StreamExt;
use std::sync::{Arc, RwLock};

/// What seals and opens the values under which keys.
#[derive(Debug, Default)]
pub struct Transformers {
    rules: Vec<Rule>,
    /// For keys that no rule is about.
    identity: Chain,
}

#[derive(Debug)]
struct Rule {
    prefix: String,
    /// A resource's own rule goes before its group's, and that before everybody's.
    narrowness: u8,
    chain: Chain,
}

impl Transformers {
    /// Applies the configuration to keys. `prefixes` gives the beginnings of the keys of a
    /// (group, resource), where the resource `*` is the whole group, and `*`, `*` everything;
    /// each has to end in `/`.
    pub fn new(config: &Config, prefixes: impl Fn(&str, &str) -> Vec<String>) -> Self {
        let mut rules = Vec::new();
        for (GroupResource { group, resource }, chain) in config.chains() {
            let narrowness = match (group.as_str(), resource.as_str()) {
                (ANY, _) => 0,
                (_, ANY) => 1,
                _ => 2,
            };
            for prefix in prefixes(&group, &resource) {
                rules.push(Rule { prefix, narrowness, chain: chain.clone() });
            }
        }
        rules.sort_by_key(|rule| {
            (std::cmp::Reverse(rule.narrowness), std::cmp::Reverse(rule.prefix.len()))
        });
        Self { rules, identity: Chain::default() }
    }

    fn chain(&self, key: &str) -> &Chain {
        let rule = self.rules.iter().find(|rule| key.starts_with(&rule.prefix));
        rule.map_or(&self.identity, |rule| &rule.chain)
    }

    fn open(&self, mut entry: Entry) -> Entry {
        match self.chain(&entry.key).open(&entry.value, &entry.key) {
            Ok(opened) => entry.value = opened.value_of(entry.value),
            Err(why) => {
                entry.value = Bytes::new();
                entry.unreadable = Some(why);
            }
        }
        entry
    }
}

/// Any store, with its values sealed.
#[derive(Debug)]
pub struct Encrypted<S> {
    store: Arc<S>,
    transformers: Arc<RwLock<Arc<Transformers>>>,
}

impl<S: Store> Encrypted<S> {
    /// Seals what goes into `store` and opens what comes out.
    pub fn new(store: S, transformers: Transformers) -> Self {
        let transformers = Arc::new(RwLock::new(Arc::new(transformers)));
        Self { store: Arc::new(store), transformers }
    }

    /// From now on these: a reload. Watches that run go on with them too.
    pub fn replace(&self, transformers: Transformers) {
        let mut place = self.transformers.write().expect("no holder of the lock panics");
        *place = Arc::new(transformers);
    }

    /// The store below.
    pub fn inner(&self) -> &S {
        &self.store
    }

    fn transformers(&self) -> Arc<Transformers> {
        current(&self.transformers)
    }
}

#[async_trait]
impl<S: Store> Store for Encrypted<S> {
    async fn get(&self, key: &str) -> Result<(Option<Entry>, Revision), StoreError> {
        let (entry, revision) = self.store.get(key).await?;
        let transformers = self.transformers();
        Ok((entry.map(|entry| transformers.open(entry)), revision))
    }

    async fn range(&self, range: Range) -> Result<Page, StoreError> {
        let mut page = self.store.range(range).await?;
        let transformers = self.transformers();
        page.entries = page.entries.into_iter().map(|entry| transformers.open(entry)).collect();
        Ok(page)
    }

    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError> {
        let change = match change {
            Change::Put { value, ttl } => {
                Change::Put { value: self.transformers().chain(key).seal(value, key), ttl }
            }
            Change::Delete => Change::Delete,
        };
        Ok(match self.store.commit(key, expect, change).await? {
            Outcome::Conflict { current: Some(entry) } => {
                Outcome::Conflict { current: Some(self.transformers().open(entry)) }
            }
            outcome => outcome,
        })
    }

    async fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        let watch = self.store.watch(after).await?;
        let place = self.transformers.clone();
        Ok(Box::pin(watch.map(move |batch| {
            let mut batch = batch?;
            let transformers = current(&place);
            for event in batch.events.iter_mut().filter(|event| !event.deleted) {
                let nothing = Entry {
                    key: String::new(),
                    value: Bytes::new(),
                    create_revision: 0,
                    mod_revision: 0,
                    unreadable: None,
                };
                event.entry = transformers.open(std::mem::replace(&mut event.entry, nothing));
            }
            Ok(batch)
        })))
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        self.store.revision().await
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        self.store.compact(revision).await
    }

    async fn stale(&self, key: &str) -> Result<bool, StoreError> {
        let (entry, _) = self.store.get(key).await?;
        let Some(entry) = entry else { return Ok(false) };
        let transformers = self.transformers();
        let opened = transformers.chain(key).open(&entry.value, key);
        // What can't be opened can't be written anew either.
        Ok(opened.is_ok_and(|opened| opened.stale))
    }
}

fn current(place: &RwLock<Arc<Transformers>>) -> Arc<Transformers> {
    place.read().expect("no holder of the lock panics").clone()
}
