//! What a decision depends on beside nodes and pods: namespaces, volumes, budgets. Shared by snapshots; a change copies one shelf at most.

use control::Key;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::{CSINode, StorageClass};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The objects of one kind.
pub(crate) type Shelf<K> = Arc<BTreeMap<Key, Arc<K>>>;

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) namespaces: Shelf<Namespace>,
    pub(crate) claims: Shelf<PersistentVolumeClaim>,
    pub(crate) volumes: Shelf<PersistentVolume>,
    pub(crate) classes: Shelf<StorageClass>,
    pub(crate) csi_nodes: Shelf<CSINode>,
    pub(crate) budgets: Shelf<PodDisruptionBudget>,
}

impl Surroundings {
    /// The labels of the namespace `name`.
    pub(crate) fn namespace_labels(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.namespaces.get(&Key::new("", name))?.metadata.labels.as_ref()
    }
}
