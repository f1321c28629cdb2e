//! One watch of metadata for each resource that can be deleted, as long as there is such a
//! resource.

use super::collector::Collector;
use super::graph::{Node, Uid};
use crate::discovery::{Resource, discover};
use control::{RawObject, watch_raw};
use futures::StreamExt;
use kube::Client;
use kube::api::ApiResource;
use kube::runtime::watcher;
use runtime::{Shutdown, Task, clock};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks at which resources there are.
const DISCOVERY_PERIOD: Duration = Duration::from_secs(30);

/// How long the first lists may take before work begins without the missing ones.
const FIRST_LISTS_TIMEOUT: Duration = Duration::from_secs(30);

/// Written too often and owned by nobody.
const IGNORED: [(&str, &str); 2] = [("", "events"), ("events.k8s.io", "events")];

/// The watches.
pub(super) struct Monitors {
    client: Client,
    collector: Arc<Collector>,
    shutdown: Shutdown,
    running: HashMap<(String, String), (Resource, Task<()>)>,
}

impl Monitors {
    pub(super) fn new(client: Client, collector: Arc<Collector>, shutdown: Shutdown) -> Self {
        Self { client, collector, shutdown, running: HashMap::new() }
    }

    /// Starts the watches, and returns when each has its first list: until then, an owner that is
    /// not in the graph is only not there yet.
    pub(super) async fn sync_first(&mut self) {
        let mut lists = loop {
            match self.adjust().await {
                Ok(lists) => break lists,
                Err(error) => {
                    tracing::warn!(%error, "waiting for discovery");
                    clock::sleep(Duration::from_secs(1)).await;
                }
            }
        };
        let all = async {
            for (name, list) in &mut lists {
                if list.wait_for(|done| *done).await.is_err() {
                    tracing::warn!(resource = name, "its watch ended before its first list");
                }
            }
        };
        if clock::timeout(FIRST_LISTS_TIMEOUT, all).await.is_err() {
            tracing::warn!("some resources can't be listed; collecting garbage without them");
        }
    }

    /// Follows discovery for ever.
    pub(super) async fn keep_in_step(&mut self) {
        loop {
            clock::sleep(DISCOVERY_PERIOD).await;
            if let Err(error) = self.adjust().await {
                tracing::warn!(%error, "discovery failed, the watches stay as they are");
            }
        }
    }

    async fn adjust(&mut self) -> Result<Vec<(String, watch::Receiver<bool>)>, kube::Error> {
        let found = discover(&self.client).await?;
        let mut wanted = HashMap::new();
        for resource in &found.resources {
            let key = (resource.group.clone(), resource.plural.clone());
            let is_ignored = IGNORED.contains(&(key.0.as_str(), key.1.as_str()));
            if !is_ignored && ["delete", "list", "watch"].iter().all(|verb| resource.can(verb)) {
                wanted.insert(key, resource.clone());
            }
        }
        let failed: HashSet<String> = found
            .failed
            .iter()
            .map(|(version, _)| version.split('/').next().unwrap_or_default().to_owned())
            .collect();
        let is_gone =
            |key: &(String, String)| !wanted.contains_key(key) && !failed.contains(&key.0);
        let gone: Vec<_> = self.running.keys().filter(|key| is_gone(key)).cloned().collect();
        for key in gone {
            if let Some((resource, task)) = self.running.remove(&key) {
                drop(task);
                let uids = self.collector.graph().of_resource(&resource);
                uids.iter().for_each(|uid| self.collector.remove(uid));
            }
        }
        let mut lists = Vec::new();
        for (key, resource) in wanted {
            if !self.running.contains_key(&key) {
                let (sender, receiver) = watch::channel(false);
                lists.push((format!("{}.{}", key.1, key.0), receiver));
                let follow = follow(
                    self.client.clone(),
                    self.collector.clone(),
                    Arc::new(resource.clone()),
                    sender,
                    self.shutdown.clone(),
                );
                self.running.insert(key, (resource, runtime::spawn("garbage monitor", follow)));
            }
        }
        self.collector.set_resources(found.resources);
        Ok(lists)
    }
}

async fn follow(
    client: Client,
    collector: Arc<Collector>,
    resource: Arc<Resource>,
    synced: watch::Sender<bool>,
    shutdown: Shutdown,
) {
    let kind = ApiResource {
        group: resource.group.clone(),
        version: resource.version.clone(),
        api_version: resource.api_version(),
        kind: resource.kind.clone(),
        plural: resource.plural.clone(),
    };
    let mut events = watch_raw(client, &kind, "");
    let set = |object: &RawObject| match object.metadata() {
        Ok(meta) => collector.set(Node::new(resource.clone(), &meta)),
        Err(error) => object.warn(&kind, &error),
    };
    let mut listed: HashSet<Uid> = HashSet::new();
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = shutdown.begun() => return,
        };
        match event {
            None => return,
            Some(Ok(watcher::Event::Init)) => listed.clear(),
            Some(Ok(watcher::Event::InitApply(object))) => {
                listed.insert(object.uid().into());
                set(&object);
            }
            Some(Ok(watcher::Event::InitDone)) => {
                let known = collector.graph().of_resource(&resource);
                let gone = known.iter().filter(|uid| !listed.contains(*uid));
                gone.for_each(|uid| collector.remove(uid));
                listed = HashSet::new();
                synced.send_replace(true);
            }
            Some(Ok(watcher::Event::Apply(object))) => set(&object),
            Some(Ok(watcher::Event::Delete(object))) => collector.remove(object.uid()),
            Some(Err(error)) => {
                tracing::debug!(resource = resource.plural, %error, "watching metadata failed");
            }
        }
    }
}
