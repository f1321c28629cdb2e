//! `restrictedVolumes`: pods get no volume but those that the cluster itself hands out.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::items;
use crate::plugins::pod_security::pod::{name, plural, quoted};
use std::collections::BTreeSet;

const ALLOWED: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

const KNOWN: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

pub(super) const CHECK: Check = Check {
    id: "restrictedVolumes",
    level: Level::Restricted,
    forms: &[(0, since_0)],
    instead_of: Some("hostPathVolumes"),
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let (mut bad, mut kinds) = (Vec::new(), BTreeSet::new());
    for volume in items(&pod.spec["volumes"]) {
        let is = |kind: &&&str| volume[**kind].is_object();
        if ALLOWED.iter().find(is).is_none() {
            bad.push(name(volume));
            kinds.insert(KNOWN.iter().find(is).unwrap_or(&"unknown"));
        }
    }
    (!bad.is_empty()).then(|| Finding {
        reason: "restricted volume types",
        detail: format!(
            "{} {} {} {} {}",
            plural("volume", "volumes", bad.len()),
            quoted(&bad),
            plural("uses", "use", bad.len()),
            plural("restricted volume type", "restricted volume types", kinds.len()),
            quoted(kinds)
        ),
    })
}
