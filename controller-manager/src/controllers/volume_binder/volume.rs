//! What to do for one volume: pure.
//!
//! Mirrors `syncVolume`, `reclaimVolume` and `isVolumeReleased` of
//! `k8s.io/kubernetes/pkg/controller/volume/persistentvolume`. Volumes are not wiped: upstream
//! runs a pod for `Recycle`, here the volume fails and stays.

use super::binding::{set_phase, unbind};
use super::plugins::{self, MIGRATED_TO, PROVISIONED_BY};
use control::volumes::{annotation, has_same_mode, volume_name};
use control::{Action, EventType};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};

/// The answer: writes in order, what to tell about the volume and its claim, and what comes after.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) actions: Vec<Action>,
    pub(super) tell: Option<(EventType, &'static str, String)>,
    pub(super) tell_claim: Option<(EventType, &'static str, String)>,
    pub(super) then: Then,
}

/// What comes after the writes.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Then {
    #[default]
    Nothing,
    /// The claim is to be looked at: it completes the binding.
    Claim,
    /// This directory is to be deleted, and the volume with it.
    Delete(String),
}

/// Plans for `volume`, whose claim is `claim`: the one with the UID that it names.
pub(super) fn plan(volume: &PersistentVolume, claim: Option<&PersistentVolumeClaim>) -> Plan {
    let migrated = plugins::migrated(&volume.metadata.annotations, &[PROVISIONED_BY]);
    let finalizers = plugins::finalizers(volume);
    if migrated.is_some() || finalizers.is_some() {
        let mut changed = volume.clone();
        if let Some(annotations) = migrated {
            changed.metadata.annotations = annotations;
        }
        if finalizers.is_some() {
            changed.metadata.finalizers = finalizers;
        }
        return writing([Action::update(&changed)]);
    }
    let given = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    if given.is_none_or(|given| given.uid.as_deref().unwrap_or_default().is_empty()) {
        return writing(set_phase(volume, "Available", ""));
    }
    let Some(claim) = claim else { return released(volume) };
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    match volume_name(claim) {
        "" if !has_same_mode(volume, claim) => {
            let claim_name = claim.metadata.name.as_deref().unwrap_or_default();
            let why = "due to incompatible volumeMode.";
            let tell = |text| Some((EventType::Warning, "VolumeMismatch", text));
            Plan {
                tell: tell(format!(
                    "Cannot bind PersistentVolume to requested PersistentVolumeClaim \
                     {claim_name:?} {why}"
                )),
                tell_claim: tell(format!(
                    "Cannot bind PersistentVolume {name:?} to requested PersistentVolumeClaim {why}"
                )),
                ..Plan::default()
            }
        }
        "" => Plan { then: Then::Claim, ..Plan::default() },
        taken if taken == name => writing(set_phase(volume, "Bound", "")),
        // The claim got another.
        _ if is_made_for_claim(volume) && policy(volume) == "Delete" => released(volume),
        _ => writing(unbind(volume)),
    }
}

/// Whether `volume` has lost the claim that it names: `claim` is the one of that name.
pub(super) fn is_released(
    volume: &PersistentVolume,
    claim: Option<&PersistentVolumeClaim>,
) -> bool {
    let given = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    let uid = given.and_then(|given| given.uid.as_deref()).unwrap_or_default();
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    let is_kept = |claim: &PersistentVolumeClaim| {
        claim.metadata.uid.as_deref() == Some(uid)
            && (volume_name(claim).is_empty() || volume_name(claim) == name)
    };
    !uid.is_empty() && !claim.is_some_and(is_kept)
}

/// The volume failed: why.
pub(super) fn failed(volume: &PersistentVolume, reason: &'static str, why: String) -> Plan {
    let action = set_phase(volume, "Failed", &why);
    let tell = action.is_some().then_some((EventType::Warning, reason, why));
    Plan { tell, ..writing(action) }
}

fn released(volume: &PersistentVolume) -> Plan {
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    if !matches!(phase, Some("Released" | "Failed")) {
        // What its policy says is done once this shows.
        return writing(set_phase(volume, "Released", ""));
    }
    if annotation(&volume.metadata.annotations, MIGRATED_TO).is_some_and(|own| !own.is_empty()) {
        return Plan::default();
    }
    match policy(volume) {
        "Retain" => Plan::default(),
        "Recycle" => {
            failed(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!".into())
        }
        "Delete" => match plugins::directory_of(volume) {
            Ok(None) => Plan::default(),
            Ok(Some(directory)) => {
                Plan { then: Then::Delete(directory.to_owned()), ..Plan::default() }
            }
            Err(why) => failed(volume, "VolumeFailedDelete", why),
        },
        _ => {
            let why = "Volume has unrecognized PersistentVolumeReclaimPolicy";
            failed(volume, "VolumeUnknownReclaimPolicy", why.into())
        }
    }
}

fn policy(volume: &PersistentVolume) -> &str {
    let spec = volume.spec.as_ref();
    spec.and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref()).unwrap_or("Retain")
}

fn is_made_for_claim(volume: &PersistentVolume) -> bool {
    annotation(&volume.metadata.annotations, PROVISIONED_BY).is_some()
}

fn writing(actions: impl IntoIterator<Item = Action>) -> Plan {
    Plan { actions: actions.into_iter().collect(), ..Plan::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn volume(phase: &str, extra: Value) -> PersistentVolume {
        let mut value = json!({"metadata": {"name": "v", "annotations": {}},
            "spec": {"persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/tmp/v"},
                "claimRef": {"namespace": "ns", "name": "c", "uid": "c"}},
            "status": {"phase": phase}});
        for (key, field) in extra.as_object().expect("an object") {
            value["spec"][key] = field.clone();
        }
        serde_json::from_value(value).expect("a volume")
    }

    fn claim(volume: &str) -> PersistentVolumeClaim {
        serde_json::from_value(json!({"metadata": {"name": "c", "namespace": "ns", "uid": "c"},
            "spec": {"volumeName": volume}}))
        .expect("a claim")
    }

    fn phase(plan: &Plan) -> &str {
        let mut statuses = plan.actions.iter().filter_map(|action| match action {
            Action::Update { path, body } if path.ends_with("/status") => {
                body["status"]["phase"].as_str()
            }
            _ => None,
        });
        statuses.next_back().unwrap_or_default()
    }

    #[test]
    fn a_volume_goes_from_phase_to_phase() {
        let free = json!({"claimRef": null});
        let promised = json!({"claimRef": {"namespace": "ns", "name": "c"}});
        let table = [
            ("", free, None, "Available"),
            ("", promised, None, "Available"),
            ("Available", json!({}), Some("v"), "Bound"),
            ("Bound", json!({}), None, "Released"),
            ("Bound", json!({}), Some("other"), "Available"),
            ("Released", json!({"persistentVolumeReclaimPolicy": "Retain"}), None, ""),
            ("Released", json!({"persistentVolumeReclaimPolicy": "Recycle"}), None, "Failed"),
            ("Released", json!({"hostPath": null, "local": {"path": "/d"}}), None, "Failed"),
        ];
        for (before, extra, named, expected) in table {
            let claim = named.map(claim);
            let plan = plan(&volume(before, extra.clone()), claim.as_ref());
            assert_eq!(phase(&plan), expected, "{before} {extra}");
            assert_eq!(plan.tell.is_some(), expected == "Failed");
        }
    }

    #[test]
    fn what_comes_after_is_said() {
        let after = |phase: &str, extra: Value, claim: Option<&str>| {
            plan(&volume(phase, extra), claim.map(self::claim).as_ref()).then
        };
        assert_eq!(after("Available", json!({}), Some("")), Then::Claim);
        assert_eq!(after("Released", json!({}), None), Then::Delete("/tmp/v".into()));
        assert_eq!(after("Failed", json!({}), None), Then::Delete("/tmp/v".into()), "tried again");
        assert_eq!(after("Bound", json!({}), None), Then::Nothing);
        let block = plan(&volume("Available", json!({"volumeMode": "Block"})), Some(&claim("")));
        assert!(block.tell.is_some() && block.tell_claim.is_some());
    }

    #[test]
    fn a_volume_is_released_when_its_claim_is_another() {
        let bound = volume("Bound", json!({}));
        assert!(is_released(&bound, None));
        assert!(!is_released(&bound, Some(&claim("v"))));
        assert!(!is_released(&bound, Some(&claim(""))));
        assert!(is_released(&bound, Some(&claim("other"))));
        assert!(!is_released(&volume("Bound", json!({"claimRef": null})), None));
    }
}
