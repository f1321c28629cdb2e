//! Which pods a pod is one of many of: those that its services and its owner select.
//!
//! Mirrors `plugins/helper/spread.go` (`DefaultSelector`).

use control::selector::{Matcher, matches_all};
use control::{Informer, Informers, Key, owner};
use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, ReplicationController, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use std::sync::Arc;

/// What selects pods. Clones are the same.
#[derive(Clone)]
pub(crate) struct Kin {
    services: Arc<Informer<Service>>,
    controllers: Arc<Informer<ReplicationController>>,
    replica_sets: Arc<Informer<ReplicaSet>>,
    stateful_sets: Arc<Informer<StatefulSet>>,
}

impl Kin {
    pub(crate) fn new(informers: &Informers) -> Self {
        Self {
            services: informers.of(),
            controllers: informers.of(),
            replica_sets: informers.of(),
            stateful_sets: informers.of(),
        }
    }

    pub(crate) async fn synced(&self) {
        self.services.synced().await;
        self.controllers.synced().await;
        self.replica_sets.synced().await;
        self.stateful_sets.synced().await;
    }

    /// What selects the pod's kin, all of it at once; nothing when it has none.
    pub(crate) fn of(&self, pod: &Pod) -> Vec<Matcher> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let labels = pod.metadata.labels.as_ref();
        let mut selectors: Vec<LabelSelector> = Vec::new();
        for service in self.services.list_in(namespace) {
            let wanted = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            if let Some(wanted) = wanted.filter(|wanted| matches_all(wanted, labels)) {
                selectors.push(LabelSelector {
                    match_labels: Some(wanted.clone()),
                    ..LabelSelector::default()
                });
            }
        }
        selectors.extend(self.of_owner(pod, namespace));
        selectors.retain(|selector| !control::selector::is_empty(selector));
        selectors.iter().filter_map(|selector| Matcher::new(selector).ok()).collect()
    }

    fn of_owner(&self, pod: &Pod, namespace: &str) -> Option<LabelSelector> {
        let owner = owner::controller_of(pod)?;
        let key = Key::new(namespace, &owner.name);
        match (owner.api_version.as_str(), owner.kind.as_str()) {
            ("v1", "ReplicationController") => {
                let spec = self.controllers.get(&key)?.spec.clone()?;
                Some(LabelSelector { match_labels: spec.selector, ..LabelSelector::default() })
            }
            ("apps/v1", "ReplicaSet") => {
                Some(self.replica_sets.get(&key)?.spec.as_ref()?.selector.clone())
            }
            ("apps/v1", "StatefulSet") => {
                Some(self.stateful_sets.get(&key)?.spec.as_ref()?.selector.clone())
            }
            _ => None,
        }
    }
}
