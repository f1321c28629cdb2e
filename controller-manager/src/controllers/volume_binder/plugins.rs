//! Which of the volume plugins built into upstream's controllers makes or deletes a volume: pure.
//!
//! What was built in for clouds has long been done by drivers of their own; what is left deletes
//! directories below `/tmp` on this machine, and makes nothing. Mirrors `findProvisionablePlugin`,
//! `findDeletablePlugin` and `updateMigrationAnnotations` of
//! `k8s.io/kubernetes/pkg/controller/volume/persistentvolume`, with the plugins of
//! `k8s.io/kubernetes/cmd/kube-controller-manager/app/plugins.go`.

use control::volumes::{Texts, annotation};
use k8s_openapi::api::core::v1::PersistentVolume;

pub(super) const MIGRATED_TO: &str = "pv.kubernetes.io/migrated-to";
pub(super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
pub(super) const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub(super) const PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
const IN_TREE_FINALIZER: &str = "kubernetes.io/pv-controller";
const EXTERNAL_FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";

const HOST_PATH: &str = "kubernetes.io/host-path";
/// Plugins that are there and can't delete a volume.
const OTHERS: [&str; 4] =
    ["kubernetes.io/nfs", "kubernetes.io/fc", "kubernetes.io/iscsi", "kubernetes.io/csi"];

/// Plugins of old, and the drivers that do their work.
const MIGRATED: [(&str, &str); 7] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com"),
    ("kubernetes.io/azure-file", "file.csi.azure.com"),
    ("kubernetes.io/cinder", "cinder.csi.openstack.org"),
    ("kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"),
    ("kubernetes.io/portworx-volume", "pxd.portworx.com"),
];

/// The driver that does the work of `plugin`, where it is another.
fn driver_of(plugin: &str) -> Option<&'static str> {
    MIGRATED.iter().find(|(own, _)| *own == plugin).map(|(_, driver)| *driver)
}

/// The driver outside of this process that makes volumes for classes of `provisioner`.
///
/// # Errors
/// None does: why.
pub(super) fn provisioner(provisioner: &str) -> Result<&str, String> {
    if let Some(driver) = driver_of(provisioner) {
        return Ok(driver);
    }
    if provisioner == HOST_PATH {
        return Err(format!(
            "Failed to create provisioner: provisioning in volume plugin {provisioner:?} is disabled"
        ));
    }
    if provisioner.starts_with("kubernetes.io/") {
        return Err(match OTHERS.contains(&provisioner) {
            true => "no provisionable volume plugin matched".into(),
            false => format!("no volume plugin matched name: {provisioner}"),
        });
    }
    Ok(provisioner)
}

/// The directory that deleting `volume` deletes; `None` where a driver outside of this process
/// does all of it.
///
/// # Errors
/// Nobody can delete it: why.
pub(super) fn directory_of(volume: &PersistentVolume) -> Result<Option<&str>, String> {
    let spec = volume.spec.as_ref();
    let host_path = spec.and_then(|spec| spec.host_path.as_ref()).map(|own| own.path.as_str());
    let by = annotation(&volume.metadata.annotations, PROVISIONED_BY).unwrap_or_default();
    match by {
        "" => {}
        HOST_PATH => return host_path.map(Some).ok_or_else(|| NO_HOST_PATH.into()),
        other if OTHERS.contains(&other) => return Err(CANT_DELETE.into()),
        other if other.starts_with("kubernetes.io/") => {
            return Err(format!("no volume plugin matched name: {other}"));
        }
        _ => return Ok(None),
    }
    let is_migrated = annotation(&volume.metadata.annotations, MIGRATED_TO).is_some();
    let Some(spec) = spec.filter(|spec| !is_migrated && spec.csi.is_none()) else {
        return Ok(None);
    };
    if host_path.is_some() {
        return Ok(host_path);
    }
    let has_plugin = spec.nfs.is_some() || spec.fc.is_some() || spec.iscsi.is_some();
    let trouble = if has_plugin { CANT_DELETE } else { "no volume plugin matched" };
    let name = volume.metadata.name.as_deref().unwrap_or_default();
    Err(format!("error getting deleter volume plugin for volume {name:?}: {trouble}"))
}

const CANT_DELETE: &str = "no deletable volume plugin matched";
const NO_HOST_PATH: &str = "spec.PersistentVolumeSource.HostPath is nil";

/// What says that a driver has taken over from the plugin that one of `keys` names, where the
/// annotations don't say so yet, or wrongly.
pub(super) fn migrated(annotations: &Texts, keys: &[&str]) -> Option<Texts> {
    let plugin = keys.iter().find_map(|key| annotation(annotations, key))?;
    let driver = driver_of(plugin);
    if annotation(annotations, MIGRATED_TO).filter(|own| !own.is_empty()) == driver {
        return None;
    }
    let mut changed = annotations.clone().unwrap_or_default();
    match driver {
        Some(driver) => changed.insert(MIGRATED_TO.into(), driver.into()),
        None => changed.remove(MIGRATED_TO),
    };
    Some(Some(changed))
}

/// The finalizers of a volume that was made for a claim, where they should be others: one of a
/// plugin's is held until the plugin has deleted it.
pub(super) fn finalizers(volume: &PersistentVolume) -> Option<Vec<String>> {
    let by = annotation(&volume.metadata.annotations, PROVISIONED_BY)?;
    let before = volume.metadata.finalizers.clone().unwrap_or_default();
    let mut after = before.clone();
    if driver_of(by).is_some() {
        after.retain(|own| own != IN_TREE_FINALIZER);
    } else if by.starts_with("kubernetes.io/") {
        let policy =
            volume.spec.as_ref().and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
        match policy {
            Some("Delete") if !after.iter().any(|own| own == IN_TREE_FINALIZER) => {
                after.push(IN_TREE_FINALIZER.into());
            }
            Some("Retain" | "Recycle") => after.retain(|own| own != IN_TREE_FINALIZER),
            _ => {}
        }
        after.retain(|own| own != EXTERNAL_FINALIZER);
    }
    (after != before).then_some(after)
}

/// The finalizers of a volume that its plugin has deleted, where they were others.
pub(super) fn finalizers_after_deletion(volume: &PersistentVolume) -> Option<Vec<String>> {
    let before = volume.metadata.finalizers.clone().unwrap_or_default();
    let after: Vec<String> =
        before.iter().filter(|own| *own != IN_TREE_FINALIZER).cloned().collect();
    (after != before).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn volume(by: &str, source: Value) -> PersistentVolume {
        let mut spec = source;
        spec["persistentVolumeReclaimPolicy"] = json!("Delete");
        let mut value = json!({"metadata": {"name": "v"}, "spec": spec});
        if !by.is_empty() {
            value["metadata"]["annotations"] = json!({PROVISIONED_BY: by});
        }
        serde_json::from_value(value).expect("a volume")
    }

    #[test]
    fn few_volumes_are_deleted_here() {
        let error =
            |why: &str| Err(format!("error getting deleter volume plugin for volume \"v\": {why}"));
        let host = || json!({"hostPath": {"path": "/tmp/x"}});
        let csi = json!({"csi": {"driver": "d", "volumeHandle": "h"}});
        let table = [
            ("", host(), Ok(Some("/tmp/x"))),
            (HOST_PATH, host(), Ok(Some("/tmp/x"))),
            ("example.com/disk", host(), Ok(None)),
            ("", csi, Ok(None)),
            ("", json!({"nfs": {"server": "s", "path": "/"}}), error(CANT_DELETE)),
            ("", json!({"local": {"path": "/d"}}), error("no volume plugin matched")),
            ("kubernetes.io/nfs", host(), Err(CANT_DELETE.into())),
            (
                "kubernetes.io/x",
                host(),
                Err("no volume plugin matched name: kubernetes.io/x".into()),
            ),
        ];
        for (by, source, expected) in table {
            assert_eq!(directory_of(&volume(by, source.clone())), expected, "{by} {source}");
        }
    }

    #[test]
    fn volumes_are_made_elsewhere() {
        assert_eq!(provisioner("example.com/disk"), Ok("example.com/disk"));
        assert_eq!(provisioner("kubernetes.io/aws-ebs"), Ok("ebs.csi.aws.com"));
        let none = "no volume plugin matched name: kubernetes.io/no-provisioner";
        assert_eq!(provisioner("kubernetes.io/no-provisioner"), Err(none.into()));
        assert!(provisioner(HOST_PATH).is_err());
    }

    #[test]
    fn plugins_of_old_are_marked_and_those_that_are_left_hold_their_volumes() {
        let old: Texts = Some([(PROVISIONER.into(), "kubernetes.io/gce-pd".into())].into());
        let marked = migrated(&old, &[PROVISIONER]).expect("a change");
        assert_eq!(annotation(&marked, MIGRATED_TO), Some("pd.csi.storage.gke.io"));
        assert_eq!(migrated(&marked, &[PROVISIONER]), None);
        assert_eq!(migrated(&None, &[PROVISIONER]), None);
        let host = volume(HOST_PATH, json!({"hostPath": {"path": "/tmp/x"}}));
        assert_eq!(finalizers(&host), Some(vec![IN_TREE_FINALIZER.into()]));
        assert_eq!(finalizers(&volume("", json!({}))), None);
        assert_eq!(finalizers(&volume("example.com/disk", json!({}))), None);
    }
}
