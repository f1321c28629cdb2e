//! What becomes of a pod's claims for volumes if it goes to a node: pure.
//!
//! Mirrors `plugins/volumebinding/binder.go` and `FindMatchingVolume`
//! (`k8s.io/component-helpers/storage/volume`). How much a CSI driver has left is not looked at.

use crate::node::NodeInfo;
use crate::pod::PodInfo;
use crate::surroundings::Surroundings;
use control::Key;
use control::node_selector::term_matches;
use control::selector::Matcher;
use control::volumes::{
    BIND_COMPLETED, SELECTED_NODE, annotation, capacity_bytes, claim_class, has_same_attributes,
    has_same_mode, is_meant_for, requested_bytes, volume_class, volume_name,
};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use std::collections::HashSet;
use std::sync::Arc;

const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

const NODE_CONFLICT: &str = "node(s) didn't match PersistentVolume's node affinity";
const NO_MATCH: &str = "node(s) didn't find available persistent volumes to bind";
const NO_VOLUME: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

/// The claims of one pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodClaims {
    bound: Vec<Arc<PersistentVolumeClaim>>,
    /// Those that wait until the pod has a node, the smallest first.
    waiting: Vec<Arc<PersistentVolumeClaim>>,
}

/// What is to be written before the pod is bound to its node.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The volume is given to the claim.
    Give { volume: Arc<PersistentVolume>, claim: Arc<PersistentVolumeClaim> },
    /// A volume is to be made for the claim, within reach of the node.
    Provision { claim: Arc<PersistentVolumeClaim> },
}

impl PodClaims {
    /// Those of `pod`.
    ///
    /// # Errors
    /// Why it can't go to any node.
    pub(crate) fn of(pod: &PodInfo, around: &Surroundings) -> Result<Self, String> {
        let mut claims = Self::default();
        for key in &pod.claims {
            let claim = around.claims.get(key).ok_or_else(|| missing(pod, key))?;
            let volume = volume_name(claim);
            if claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Lost") {
                return Err(format!(
                    "persistentvolumeclaim {:?} bound to non-existent persistentvolume {volume:?}",
                    key.name
                ));
            }
            if claim.metadata.deletion_timestamp.is_some() {
                return Err(format!("persistentvolumeclaim {:?} is being deleted", key.name));
            }
            if is_bound(claim) {
                claims.bound.push(claim.clone());
            } else if volume.is_empty() && waits_for_consumer(claim, around) {
                claims.waiting.push(claim.clone());
            } else {
                return Err("pod has unbound immediate PersistentVolumeClaims".into());
            }
        }
        claims.waiting.sort_by_key(|claim| requested_bytes(claim));
        Ok(claims)
    }

    /// What is to be done so that the pod finds its volumes on `node`.
    ///
    /// # Errors
    /// The reasons why it can't.
    pub(crate) fn plan(
        &self,
        around: &Surroundings,
        node: &NodeInfo,
    ) -> Result<Vec<Step>, Vec<String>> {
        let mut reasons = Vec::new();
        if let Some(reason) = self.bound.iter().find_map(|claim| conflict(claim, around, node)) {
            reasons.push(reason);
        }
        match self.steps(around, node) {
            Some(steps) if reasons.is_empty() => return Ok(steps),
            Some(_) => {}
            // Upstream's order: a mismatch, then what is not found, then what doesn't exist.
            None if reasons == [NO_VOLUME] => reasons.insert(0, NO_MATCH.into()),
            None => reasons.push(NO_MATCH.into()),
        }
        Err(reasons)
    }

    fn steps(&self, around: &Surroundings, node: &NodeInfo) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut taken = HashSet::new();
        for claim in &self.waiting {
            let selected = annotation(&claim.metadata.annotations, SELECTED_NODE);
            if selected.is_some_and(|selected| selected != node.name) {
                return None;
            }
            let found = match selected {
                Some(_) => None,
                None => find(claim, around, node, &taken).ok()?,
            };
            match found {
                Some(volume) => {
                    taken.insert(name_of(&volume));
                    steps.push(Step::Give { volume, claim: claim.clone() });
                }
                None if can_provision(claim, around, node) => {
                    steps.push(Step::Provision { claim: claim.clone() });
                }
                None => return None,
            }
        }
        Some(steps)
    }
}

/// Whether the claim has its volume, and both know of it.
pub(crate) fn is_bound(claim: &PersistentVolumeClaim) -> bool {
    !volume_name(claim).is_empty()
        && annotation(&claim.metadata.annotations, BIND_COMPLETED).is_some()
}

/// The class that the claim asks for.
pub(crate) fn class_of<'a>(
    claim: &PersistentVolumeClaim,
    around: &'a Surroundings,
) -> Option<&'a Arc<StorageClass>> {
    around.classes.get(&Key::new("", claim_class(claim)))
}

fn missing(pod: &PodInfo, key: &Key) -> String {
    let volumes = pod.spec().volumes.iter().flatten();
    let is_named = volumes
        .filter_map(|volume| volume.persistent_volume_claim.as_ref())
        .any(|claim| claim.claim_name == key.name);
    match is_named {
        true => format!("persistentvolumeclaim {:?} not found", key.name),
        false => format!(
            "waiting for ephemeral volume controller to create the persistentvolumeclaim {:?}",
            key.name
        ),
    }
}

fn waits_for_consumer(claim: &PersistentVolumeClaim, around: &Surroundings) -> bool {
    let class = class_of(claim, around);
    class.is_some_and(|c| c.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"))
}

fn conflict(
    claim: &PersistentVolumeClaim,
    around: &Surroundings,
    node: &NodeInfo,
) -> Option<String> {
    match around.volumes.get(&Key::new("", volume_name(claim))) {
        None => Some(NO_VOLUME.into()),
        Some(volume) => (!is_within_reach(volume, node)).then(|| NODE_CONFLICT.into()),
    }
}

fn is_within_reach(volume: &PersistentVolume, node: &NodeInfo) -> bool {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    required.is_none_or(|selector| {
        selector.node_selector_terms.iter().any(|term| term_matches(term, &node.node))
    })
}

/// The smallest volume that will do; the one that was meant for the claim before all others.
/// An error is a volume that is meant for it, and out of reach.
fn find(
    claim: &PersistentVolumeClaim,
    around: &Surroundings,
    node: &NodeInfo,
    taken: &HashSet<String>,
) -> Result<Option<Arc<PersistentVolume>>, ()> {
    let Some(wanted) = &claim.spec else { return Ok(None) };
    let selector = wanted.selector.as_ref().map(Matcher::new).transpose().map_err(drop)?;
    let mut best: Option<(i64, &Arc<PersistentVolume>)> = None;
    for volume in around.volumes.values() {
        let Some(spec) = &volume.spec else { continue };
        let is_meant = is_meant_for(volume, claim);
        let size = capacity_bytes(volume);
        if taken.contains(&name_of(volume))
            || (spec.claim_ref.is_some() && !is_meant)
            || size < requested_bytes(claim)
            || !has_same_mode(volume, claim)
            || !has_same_attributes(spec, wanted)
            || volume.metadata.deletion_timestamp.is_some()
        {
            continue;
        }
        let is_near = is_within_reach(volume, node);
        if is_meant {
            return if is_near { Ok(Some(volume.clone())) } else { Err(()) };
        }
        let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
        let modes = spec.access_modes.as_deref().unwrap_or_default();
        let has_modes = wanted.access_modes.iter().flatten().all(|mode| modes.contains(mode));
        let is_selected =
            selector.as_ref().is_none_or(|own| own.matches(volume.metadata.labels.as_ref()));
        if phase == Some("Available")
            && is_selected
            && volume_class(volume) == claim_class(claim)
            && is_near
            && has_modes
            && best.is_none_or(|(smallest, _)| size < smallest)
        {
            best = Some((size, volume));
        }
    }
    Ok(best.map(|(_, volume)| volume.clone()))
}

fn can_provision(claim: &PersistentVolumeClaim, around: &Surroundings, node: &NodeInfo) -> bool {
    let Some(class) = class_of(claim, around) else { return false };
    if class.provisioner.is_empty() || class.provisioner == NO_PROVISIONER {
        return false;
    }
    let topologies = class.allowed_topologies.as_deref().unwrap_or_default();
    topologies.is_empty()
        || topologies.iter().any(|term| {
            let wanted = term.match_label_expressions.as_deref().unwrap_or_default();
            !wanted.is_empty()
                && wanted.iter().all(|one| {
                    node.label(&one.key).is_some_and(|value| one.values.iter().any(|v| v == value))
                })
        })
}

fn name_of(volume: &PersistentVolume) -> String {
    volume.metadata.name.clone().unwrap_or_default()
}
