//! How many pods the owners of pods ask for.
//!
//! Kinds that this process watches anyway are read from its informers, others through their
//! `scale` subresource. Mirrors the finders of `pkg/controller/disruption/disruption.go`.

use crate::context::Context;
use crate::scale::Mapping;
use control::{Informed, Informer, Key, SyncError, owner};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Client;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct Scales {
    client: Client,
    controllers: Arc<Informer<ReplicationController>>,
    sets: Arc<Informer<ReplicaSet>>,
    deployments: Arc<Informer<Deployment>>,
    stateful: Arc<Informer<StatefulSet>>,
}

/// What all the owners of some pods ask for.
#[derive(Debug)]
pub(super) struct Total {
    pub(super) pods: i32,
    /// Whether there are pods that nobody owns, which count for nothing.
    pub(super) has_unmanaged: bool,
}

/// An owner's UID and how many pods it asks for.
type Scale = (String, i32);

impl Scales {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            client: context.client(),
            controllers: context.informers.of(),
            sets: context.informers.of(),
            deployments: context.informers.of(),
            stateful: context.informers.of(),
        }
    }

    pub(super) async fn synced(&self) {
        self.controllers.synced().await;
        self.sets.synced().await;
        self.deployments.synced().await;
        self.stateful.synced().await;
    }

    /// Adds up the owners of `pods`, each once.
    pub(super) async fn total(&self, pods: &[Arc<Pod>]) -> Result<Total, SyncError> {
        let mut known: BTreeMap<String, Option<Scale>> = BTreeMap::new();
        let mut has_unmanaged = false;
        for pod in pods {
            let Some(owner) = owner::controller_of(&**pod) else {
                has_unmanaged = true;
                continue;
            };
            if known.contains_key(&owner.uid) {
                continue;
            }
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            let scale = self.find(owner, namespace).await?;
            if scale.is_none() {
                let name = pod.metadata.name.as_deref().unwrap_or_default();
                return Err(SyncError::Other(format!("found no controllers for pod {name:?}")));
            }
            known.insert(owner.uid.clone(), scale);
        }
        // Two ReplicaSets of one Deployment are one owner.
        let scales: BTreeMap<String, i32> = known.into_values().flatten().collect();
        Ok(Total { pods: scales.values().sum(), has_unmanaged })
    }

    async fn find(
        &self,
        owner: &OwnerReference,
        namespace: &str,
    ) -> Result<Option<Scale>, SyncError> {
        let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
        let known = match (group, owner.kind.as_str()) {
            ("", "ReplicationController") => replicas(&self.controllers, owner, namespace),
            ("apps" | "extensions", "ReplicaSet") => self.of_set(owner, namespace),
            ("apps", "StatefulSet") => replicas(&self.stateful, owner, namespace),
            _ => None,
        };
        if known.is_some() {
            return Ok(known);
        }
        let other = |error: crate::scale::ScaleError| SyncError::Other(error.to_string());
        let mapping =
            Mapping::find(&self.client, &owner.api_version, &owner.kind).await.map_err(other)?;
        let found = mapping.get(&self.client, namespace, &owner.name).await.map_err(other)?;
        let found = found.filter(|scale| scale.metadata.uid.as_ref() == Some(&owner.uid));
        Ok(found.map(|scale| {
            let count = scale.spec.and_then(|spec| spec.replicas).unwrap_or(0);
            (owner.uid.clone(), count)
        }))
    }

    /// The scale of a ReplicaSet, or of the Deployment that owns it.
    fn of_set(&self, owner: &OwnerReference, namespace: &str) -> Option<Scale> {
        let set = same(&self.sets, owner, namespace)?;
        match owner::controller_of(&*set).filter(|parent| parent.kind == "Deployment") {
            Some(parent) => replicas(&self.deployments, parent, namespace),
            None => replicas(&self.sets, owner, namespace),
        }
    }
}

/// Kinds that keep their own number of replicas.
trait Replicated: Informed {
    fn replicas(&self) -> Option<i32>;
}

macro_rules! replicated {
    ($($kind:ty),*) => {$(
        impl Replicated for $kind {
            fn replicas(&self) -> Option<i32> {
                self.spec.as_ref()?.replicas
            }
        }
    )*};
}
replicated!(ReplicationController, ReplicaSet, Deployment, StatefulSet);

fn same<K: Informed>(all: &Informer<K>, owner: &OwnerReference, space: &str) -> Option<Arc<K>> {
    let found = all.get(&Key::new(space, owner.name.as_str()))?;
    (found.meta().uid.as_ref() == Some(&owner.uid)).then_some(found)
}

fn replicas<K: Replicated>(
    all: &Informer<K>,
    owner: &OwnerReference,
    namespace: &str,
) -> Option<Scale> {
    let found = same(all, owner, namespace)?;
    Some((owner.uid.clone(), found.replicas().unwrap_or(1)))
}
