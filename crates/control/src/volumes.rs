//! What controllers and the scheduler ask of claims, volumes and classes: pure.
//!
//! Mirrors `k8s.io/component-helpers/storage/volume` and `storage/ephemeral`.

use crate::{Key, owner};
use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec, Pod,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The annotation by which a claim asks for a volume at a node.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The annotation of a claim that knows its volume, and is known by it.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
const IS_DEFAULT_BETA: &str = "storageclass.beta.kubernetes.io/is-default-class";

/// Names and labels that objects carry.
pub type Texts = Option<BTreeMap<String, String>>;

/// The claims that `pod` uses, each with whether it is made for the pod alone.
pub fn claims_of(pod: &Pod) -> impl Iterator<Item = (Key, bool)> {
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    let pod_name = pod.metadata.name.as_deref().unwrap_or_default();
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.filter_map(move |volume| match (&volume.persistent_volume_claim, &volume.ephemeral) {
        (Some(claim), _) => Some((Key::new(namespace.as_str(), &claim.claim_name), false)),
        (None, Some(_)) => {
            Some((Key::new(namespace.as_str(), ephemeral_name(pod_name, &volume.name)), true))
        }
        (None, None) => None,
    })
}

/// The claim of a pod's ephemeral volume.
pub fn ephemeral_name(pod: &str, volume: &str) -> String {
    format!("{pod}-{volume}")
}

/// Whether `pod` uses `claim`; one that is made for a pod has to be this pod's.
pub fn uses(pod: &Pod, claim: &PersistentVolumeClaim) -> bool {
    let key = Key::of(claim);
    claims_of(pod).any(|(used, is_own)| used == key && (!is_own || is_made_for(claim, pod)))
}

/// Whether `claim` was made for an ephemeral volume of `pod`.
pub fn is_made_for(claim: &PersistentVolumeClaim, pod: &Pod) -> bool {
    claim.metadata.namespace == pod.metadata.namespace && owner::is_controlled_by(claim, pod)
}

/// The value of the annotation `name`.
pub fn annotation<'a>(all: &'a Texts, name: &str) -> Option<&'a str> {
    all.as_ref()?.get(name).map(String::as_str)
}

/// The class that `claim` asks for; empty for none.
pub fn claim_class(claim: &PersistentVolumeClaim) -> &str {
    named_class(claim).unwrap_or_default()
}

/// Whether `claim` says which class it wants, were it none.
pub fn has_class(claim: &PersistentVolumeClaim) -> bool {
    named_class(claim).is_some()
}

fn named_class(claim: &PersistentVolumeClaim) -> Option<&str> {
    let own = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
    annotation(&claim.metadata.annotations, CLASS).or(own)
}

/// The class that `volume` is of; empty for none.
pub fn volume_class(volume: &PersistentVolume) -> &str {
    let own = volume.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
    annotation(&volume.metadata.annotations, CLASS).or(own).unwrap_or_default()
}

/// The class for claims that name none: the newest of those that are said to be.
pub fn default_class(classes: Vec<Arc<StorageClass>>) -> Option<Arc<StorageClass>> {
    let is_default = |class: &Arc<StorageClass>| {
        let marks = [IS_DEFAULT, IS_DEFAULT_BETA];
        marks.iter().any(|mark| annotation(&class.metadata.annotations, mark) == Some("true"))
    };
    classes.into_iter().filter(is_default).min_by_key(|class| {
        let created = class.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (Reverse(created), class.metadata.name.clone())
    })
}

/// The volume that `claim` names; empty before it has one.
pub fn volume_name(claim: &PersistentVolumeClaim) -> &str {
    claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref()).unwrap_or_default()
}

/// Whether `volume` is bound, or promised, to `claim`.
pub fn is_meant_for(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let Some(given) = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()) else {
        return false;
    };
    let uid = given.uid.as_deref().unwrap_or_default();
    given.name == claim.metadata.name
        && given.namespace == claim.metadata.namespace
        && (uid.is_empty() || Some(uid) == claim.metadata.uid.as_deref())
}

/// Whether one is a file system or a device as the other is.
pub fn has_same_mode(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let offered = volume.spec.as_ref().and_then(|spec| spec.volume_mode.as_deref());
    let wanted = claim.spec.as_ref().and_then(|spec| spec.volume_mode.as_deref());
    offered.unwrap_or("Filesystem") == wanted.unwrap_or("Filesystem")
}

/// Whether a volume has the attributes that a claim asks for.
pub fn has_same_attributes(
    offered: &PersistentVolumeSpec,
    wanted: &PersistentVolumeClaimSpec,
) -> bool {
    offered.volume_attributes_class_name.as_deref().unwrap_or_default()
        == wanted.volume_attributes_class_name.as_deref().unwrap_or_default()
}

/// How much `claim` asks for, in bytes.
pub fn requested_bytes(claim: &PersistentVolumeClaim) -> i64 {
    let resources = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
    bytes(resources.and_then(|resources| resources.requests.as_ref()))
}

/// How much `volume` holds, in bytes.
pub fn capacity_bytes(volume: &PersistentVolume) -> i64 {
    bytes(volume.spec.as_ref().and_then(|spec| spec.capacity.as_ref()))
}

fn bytes(list: Option<&BTreeMap<String, Quantity>>) -> i64 {
    let storage = list.and_then(|list| list.get("storage"));
    storage.and_then(|own| object::Quantity::parse(&own.0).ok()).map_or(0, |own| own.value())
}
