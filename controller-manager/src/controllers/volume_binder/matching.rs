//! Which volume a claim gets: pure.
//!
//! Mirrors `index.go` of `k8s.io/kubernetes/pkg/controller/volume/persistentvolume` and
//! `FindMatchingVolume` of `k8s.io/component-helpers/storage/volume`: of the volumes with the
//! fewest access modes that will do, the one that was promised to the claim, else the smallest.

use control::selector::Matcher;
use control::volumes::{
    capacity_bytes, claim_class, has_same_attributes, has_same_mode, is_meant_for, requested_bytes,
    volume_class,
};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The volume for `claim`. Where its binding is `delayed` until a pod has a node, only one that
/// was promised to it will do.
///
/// # Errors
/// Its selector makes no sense.
pub(super) fn find<'a>(
    claim: &PersistentVolumeClaim,
    volumes: &'a [Arc<PersistentVolume>],
    delayed: bool,
) -> Result<Option<&'a Arc<PersistentVolume>>, String> {
    let Some(wanted) = &claim.spec else { return Ok(None) };
    let selector = wanted.selector.as_ref().map(Matcher::new).transpose()?;
    let modes: BTreeSet<&str> = names(wanted.access_modes.as_ref());
    let mut groups: BTreeMap<(usize, BTreeSet<&str>), Vec<&Arc<PersistentVolume>>> =
        BTreeMap::new();
    for volume in volumes {
        let spec = volume.spec.as_ref();
        let offered = names(spec.and_then(|spec| spec.access_modes.as_ref()));
        if offered.is_superset(&modes) {
            groups.entry((offered.len(), offered)).or_default().push(volume);
        }
    }
    let suits = |volume: &&&Arc<PersistentVolume>| {
        let Some(spec) = &volume.spec else { return false };
        (spec.claim_ref.is_none() || is_meant_for(volume, claim))
            && volume.metadata.deletion_timestamp.is_none()
            && capacity_bytes(volume) >= requested_bytes(claim)
            && has_same_mode(volume, claim)
            && has_same_attributes(spec, wanted)
    };
    let is_free = |volume: &&&Arc<PersistentVolume>| {
        let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
        !delayed
            && phase == Some("Available")
            && volume_class(volume) == claim_class(claim)
            && selector.as_ref().is_none_or(|own| own.matches(volume.metadata.labels.as_ref()))
    };
    for group in groups.values() {
        let suitable: Vec<&Arc<PersistentVolume>> = group.iter().filter(suits).copied().collect();
        let promised = suitable.iter().find(|volume| is_meant_for(volume, claim));
        let smallest = || suitable.iter().filter(is_free).min_by_key(|own| capacity_bytes(own));
        if let Some(found) = promised.or_else(smallest) {
            return Ok(Some(*found));
        }
    }
    Ok(None)
}

/// Whether `claim` may have the volume that it names.
///
/// # Errors
/// Why not.
pub(super) fn check(
    volume: &PersistentVolume,
    claim: &PersistentVolumeClaim,
) -> Result<(), String> {
    let (Some(offered), Some(wanted)) = (&volume.spec, &claim.spec) else { return Ok(()) };
    if volume.metadata.deletion_timestamp.is_some() {
        let name = volume.metadata.name.as_deref().unwrap_or_default();
        return Err(format!("the volume is marked for deletion {name:?}"));
    }
    let trouble = if capacity_bytes(volume) < requested_bytes(claim) {
        "requested PV is too small"
    } else if volume_class(volume) != claim_class(claim) {
        "storageClassName does not match"
    } else if !has_same_attributes(offered, wanted) {
        "volumeAttributesClassName does not match"
    } else if !has_same_mode(volume, claim) {
        "incompatible volumeMode"
    } else if !names(offered.access_modes.as_ref())
        .is_superset(&names(wanted.access_modes.as_ref()))
    {
        "incompatible accessMode"
    } else {
        return Ok(());
    };
    Err(trouble.into())
}

fn names(modes: Option<&Vec<String>>) -> BTreeSet<&str> {
    modes.into_iter().flatten().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn claim(extra: Value) -> PersistentVolumeClaim {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "",
            "resources": {"requests": {"storage": "2Gi"}}});
        for (key, value) in extra.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        serde_json::from_value(json!({
            "metadata": {"name": "c", "namespace": "ns", "uid": "c"}, "spec": spec}))
        .expect("a claim")
    }

    fn volume(name: &str, size: &str, extra: Value) -> Arc<PersistentVolume> {
        let mut value = json!({
            "metadata": {"name": name, "labels": {"name": name}},
            "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}},
            "status": {"phase": "Available"},
        });
        for (key, field) in extra.as_object().expect("an object") {
            value["spec"][key] = field.clone();
        }
        Arc::new(serde_json::from_value(value).expect("a volume"))
    }

    fn found(
        claim: &PersistentVolumeClaim,
        volumes: &[Arc<PersistentVolume>],
        delayed: bool,
    ) -> String {
        let found = find(claim, volumes, delayed).expect("a selector that makes sense");
        found.and_then(|volume| volume.metadata.name.clone()).unwrap_or_default()
    }

    #[test]
    fn the_smallest_that_suits_is_taken() {
        let two = json!(["ReadWriteOnce", "ReadOnlyMany"]);
        let volumes = [
            volume("tiny", "1Gi", json!({})),
            volume("large", "9Gi", json!({})),
            volume("small", "3Gi", json!({"accessModes": two})),
            volume("fast", "2Gi", json!({"storageClassName": "fast"})),
            volume("block", "2Gi", json!({"volumeMode": "Block"})),
            volume("taken", "2Gi", json!({"claimRef": {"namespace": "ns", "name": "other"}})),
        ];
        let table = [
            (json!({}), "large"),
            (json!({"accessModes": ["ReadOnlyMany"]}), "small"),
            (json!({"accessModes": ["ReadWriteMany"]}), ""),
            (json!({"storageClassName": "fast"}), "fast"),
            (json!({"storageClassName": "slow"}), ""),
            (json!({"volumeMode": "Block"}), "block"),
            (json!({"selector": {"matchLabels": {"name": "small"}}}), "small"),
            (json!({"selector": {"matchLabels": {"name": "none"}}}), ""),
            (json!({"resources": {"requests": {"storage": "10Gi"}}}), ""),
        ];
        for (extra, expected) in table {
            assert_eq!(found(&claim(extra.clone()), &volumes, false), expected, "{extra}");
            assert_eq!(found(&claim(extra), &volumes, true), "", "a pod has to come first");
        }
    }

    #[test]
    fn what_was_promised_comes_first() {
        let promise = |uid: &str| json!({"claimRef": {"namespace": "ns", "name": "c", "uid": uid}});
        let plain = volume("plain", "2Gi", json!({}));
        for (uid, expected) in [("", "promised"), ("c", "promised"), ("former", "plain")] {
            let volumes = [plain.clone(), volume("promised", "9Gi", promise(uid))];
            assert_eq!(found(&claim(json!({})), &volumes, false), expected, "{uid}");
            let delayed = if expected == "plain" { "" } else { expected };
            assert_eq!(found(&claim(json!({})), &volumes, true), delayed);
        }
    }

    #[test]
    fn a_volume_that_does_not_fit_is_refused() {
        let table = [
            (volume("v", "2Gi", json!({})), ""),
            (volume("v", "1Gi", json!({})), "requested PV is too small"),
            (
                volume("v", "2Gi", json!({"storageClassName": "x"})),
                "storageClassName does not match",
            ),
            (volume("v", "2Gi", json!({"volumeMode": "Block"})), "incompatible volumeMode"),
            (
                volume("v", "2Gi", json!({"accessModes": ["ReadOnlyMany"]})),
                "incompatible accessMode",
            ),
        ];
        for (volume, expected) in table {
            let answer = check(&volume, &claim(json!({}))).err().unwrap_or_default();
            assert_eq!(answer, expected);
        }
    }
}
