//! The writes that bind a volume and a claim, undo it, and set their phases: pure.
//!
//! The volume is written first: where two want the same, its resource version decides. Mirrors
//! `bind`, `unbindVolume`, `updateClaimStatus` and `updateVolumePhase` of
//! `k8s.io/kubernetes/pkg/controller/volume/persistentvolume`.

use control::volumes::{BIND_COMPLETED, annotation, is_meant_for, volume_name};
use control::{Action, events};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

pub(super) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
const PRE_RESIZE_CAPACITY: &str = "volume.alpha.kubernetes.io/pre-resize-capacity";

/// Binds the two to each other; nothing where they are.
///
/// # Errors
/// The volume doesn't say how much it holds.
pub(super) fn bind(
    volume: &PersistentVolume,
    claim: &PersistentVolumeClaim,
) -> Result<Vec<Action>, String> {
    let mut actions = Vec::new();
    let (given, taken) = (give(volume, claim), take(claim, volume));
    actions.extend(given.as_ref().map(Action::update));
    // A write of the status carries annotations too, and would take back what was just written.
    actions.extend(set_phase(given.as_ref().unwrap_or(volume), "Bound", ""));
    actions.extend(taken.as_ref().map(Action::update));
    actions.extend(set_claim_status(taken.as_ref().unwrap_or(claim), "Bound", Some(volume))?);
    Ok(actions)
}

fn give(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<PersistentVolume> {
    let mut changed = volume.clone();
    let spec = changed.spec.get_or_insert_default();
    let is_given = spec.claim_ref.as_ref().is_some_and(|given| {
        given.name == claim.metadata.name
            && given.namespace == claim.metadata.namespace
            && given.uid == claim.metadata.uid
    });
    if !is_given {
        spec.claim_ref = Some(events::reference(claim));
    }
    // One that a person had promised to the claim is not the controller's.
    if !is_meant_for(volume, claim) {
        let annotations = changed.metadata.annotations.get_or_insert_default();
        annotations.entry(BOUND_BY_CONTROLLER.into()).or_insert_with(|| "yes".into());
    }
    (changed != *volume).then_some(changed)
}

fn take(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Option<PersistentVolumeClaim> {
    let mut changed = claim.clone();
    let annotations = changed.metadata.annotations.get_or_insert_default();
    let name = volume.metadata.name.clone().unwrap_or_default();
    if volume_name(claim) != name {
        changed.spec.get_or_insert_default().volume_name = Some(name);
        annotations.entry(BOUND_BY_CONTROLLER.into()).or_insert_with(|| "yes".into());
    }
    annotations.entry(BIND_COMPLETED.into()).or_insert_with(|| "yes".into());
    (changed != *claim).then_some(changed)
}

/// Takes `volume` back from its claim.
pub(super) fn unbind(volume: &PersistentVolume) -> Vec<Action> {
    let mut changed = volume.clone();
    let spec = changed.spec.get_or_insert_default();
    if annotation(&volume.metadata.annotations, BOUND_BY_CONTROLLER).is_some() {
        spec.claim_ref = None;
        if let Some(annotations) = &mut changed.metadata.annotations {
            annotations.remove(BOUND_BY_CONTROLLER);
        }
    } else if let Some(given) = &mut spec.claim_ref {
        // A person's promise stays one.
        given.uid = None;
    }
    let mut actions = vec![Action::update(&changed)];
    actions.extend(set_phase(&changed, "Available", ""));
    actions
}

/// Sets the phase of `volume`, where that is another.
pub(super) fn set_phase(volume: &PersistentVolume, phase: &str, message: &str) -> Option<Action> {
    let mut changed = volume.clone();
    let status = changed.status.get_or_insert_default();
    if status.phase.as_deref() == Some(phase) {
        return None;
    }
    status.phase = Some(phase.into());
    status.message = Some(message.to_owned()).filter(|message| !message.is_empty());
    Some(Action::update_status(&changed))
}

/// Sets the phase of `claim`, and what it has of `volume`, where that is another.
///
/// # Errors
/// The volume doesn't say how much it holds.
pub(super) fn set_claim_status(
    claim: &PersistentVolumeClaim,
    phase: &str,
    volume: Option<&PersistentVolume>,
) -> Result<Option<Action>, String> {
    let mut changed = claim.clone();
    let status = changed.status.get_or_insert_default();
    let before = status.phase.replace(phase.to_owned());
    match volume {
        None => {
            status.access_modes = None;
            status.capacity = None;
            status.current_volume_attributes_class_name = None;
        }
        Some(volume) => {
            let spec = volume.spec.clone().unwrap_or_default();
            status.access_modes = spec.access_modes;
            // A bound claim's may differ on purpose: its file system is smaller than its device.
            if before.as_deref() != Some(phase) {
                let capacity = spec.capacity.filter(|all| all.contains_key("storage"));
                let capacity = capacity.ok_or_else(|| {
                    let name = volume.metadata.name.as_deref().unwrap_or_default();
                    format!("PersistentVolume {name:?} is without a storage capacity")
                })?;
                let small = annotation(&volume.metadata.annotations, PRE_RESIZE_CAPACITY);
                match small.filter(|text| object::Quantity::parse(text).is_ok()) {
                    Some(small) => {
                        let own = status.capacity.get_or_insert_default();
                        own.insert("storage".into(), Quantity(small.to_owned()));
                    }
                    None => status.capacity = Some(capacity),
                }
            }
            if before.as_deref() == Some("Pending") && phase == "Bound" {
                status.current_volume_attributes_class_name = spec.volume_attributes_class_name;
            }
        }
    }
    Ok((changed != *claim).then(|| Action::update_status(&changed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pair() -> (PersistentVolume, PersistentVolumeClaim) {
        let volume = json!({"metadata": {"name": "v", "uid": "v"},
            "spec": {"capacity": {"storage": "3Gi"}, "accessModes": ["ReadWriteOnce"]},
            "status": {"phase": "Available"}});
        let claim = json!({"metadata": {"name": "c", "namespace": "ns", "uid": "c"},
            "spec": {"accessModes": ["ReadWriteOnce"]}, "status": {"phase": "Pending"}});
        let read = "an object";
        (serde_json::from_value(volume).expect(read), serde_json::from_value(claim).expect(read))
    }

    fn body(action: &Action) -> &Value {
        let Action::Update { body, .. } = action else { panic!("an update") };
        body
    }

    #[test]
    fn four_writes_bind_and_none_is_left() {
        let (mut volume, mut claim) = pair();
        let actions = bind(&volume, &claim).expect("a capacity");
        let all: Vec<String> = actions.iter().map(Action::describe).collect();
        assert_eq!(
            all,
            [
                "PUT /api/v1/persistentvolumes/v",
                "PUT /api/v1/persistentvolumes/v/status",
                "PUT /api/v1/namespaces/ns/persistentvolumeclaims/c",
                "PUT /api/v1/namespaces/ns/persistentvolumeclaims/c/status",
            ]
        );
        let given = body(&actions[0]);
        assert_eq!(given["spec"]["claimRef"]["uid"], "c");
        for written in &actions {
            assert_eq!(body(written)["metadata"]["annotations"][BOUND_BY_CONTROLLER], "yes");
        }
        let taken = body(&actions[2]);
        assert_eq!(taken["spec"]["volumeName"], "v");
        assert_eq!(body(&actions[3])["status"]["capacity"]["storage"], "3Gi");
        volume = serde_json::from_value(given.clone()).expect("a volume");
        volume.status.get_or_insert_default().phase = Some("Bound".into());
        claim = serde_json::from_value(taken.clone()).expect("a claim");
        claim.status = serde_json::from_value(body(&actions[3])["status"].clone()).ok();
        assert_eq!(bind(&volume, &claim), Ok(vec![]));
        let undone = unbind(&volume);
        assert!(body(&undone[0])["spec"]["claimRef"].is_null());
        assert_eq!(body(&undone[1])["status"]["phase"], "Available");
    }

    #[test]
    fn a_persons_promise_stays_the_persons() {
        let (mut volume, claim) = pair();
        volume.spec.get_or_insert_default().claim_ref =
            serde_json::from_value(json!({"namespace": "ns", "name": "c"})).ok();
        let actions = bind(&volume, &claim).expect("a capacity");
        let given = body(&actions[0]);
        assert!(given["metadata"]["annotations"].is_null());
        assert_eq!(given["spec"]["claimRef"]["uid"], "c");
        let bound = serde_json::from_value(given.clone()).expect("a volume");
        let undone = unbind(&bound);
        assert_eq!(body(&undone[0])["spec"]["claimRef"]["name"], "c");
        assert!(body(&undone[0])["spec"]["claimRef"]["uid"].is_null());
    }

    #[test]
    fn a_claim_without_a_volume_has_nothing_of_one() {
        let (volume, claim) = pair();
        assert_eq!(set_claim_status(&claim, "Pending", None), Ok(None));
        let lost = set_claim_status(&claim, "Lost", None).expect("no volume is needed");
        assert_eq!(body(&lost.expect("a change"))["status"], json!({"phase": "Lost"}));
        let mut bare = volume;
        bare.spec.get_or_insert_default().capacity = None;
        assert!(set_claim_status(&claim, "Bound", Some(&bare)).is_err());
    }
}
