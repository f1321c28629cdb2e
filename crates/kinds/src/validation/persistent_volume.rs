//! `core.PersistentVolumeSpec`, of volumes and inside attachments. Mirrors
//! `pkg/apis/core/validation`.

use super::volume_sources as sources;
use super::{At, affinity, claims, resources};
use object::{FieldErrors, names};

const ONE_TYPE: &str = "may not specify more than 1 volume type";
const INLINE: &str = "may not be specified in the context of inline volumes";

type Source = (&'static str, &'static str, &'static str, fn(&At<'_>, &mut FieldErrors));

/// A source's field, its path, the path of the complaint that it is one too many, its rule.
const SOURCES: &[Source] = &[
    ("hostPath", "hostPath", "hostPath", sources::host_path),
    ("gcePersistentDisk", "persistentDisk", "gcePersistentDisk", sources::gce_disk),
    ("awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", sources::aws_disk),
    ("glusterfs", "glusterfs", "glusterfs", sources::glusterfs_persistent),
    ("flocker", "flocker", "flocker", sources::flocker),
    ("nfs", "nfs", "nfs", sources::nfs),
    ("rbd", "rbd", "rbd", sources::rbd),
    ("quobyte", "quobyte", "quobyte", sources::quobyte),
    ("cephfs", "cephfs", "cephFS", sources::ceph_fs),
    ("iscsi", "iscsi", "iscsi", nothing),
    ("cinder", "cinder", "cinder", sources::cinder_persistent),
    ("fc", "fc", "fc", sources::fibre_channel),
    ("flexVolume", "flexVolume", "flexVolume", sources::flex),
    ("azureFile", "azureFile", "azureFile", sources::azure_file_persistent),
    ("vsphereVolume", "vsphereVolume", "vsphereVolume", sources::vsphere),
    ("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", sources::photon),
    ("portworxVolume", "portworxVolume", "portworxVolume", sources::portworx),
    ("azureDisk", "azureDisk", "azureDisk", sources::azure_disk),
    ("scaleIO", "scaleIO", "scaleIO", sources::scale_io),
    ("local", "local", "local", sources::local),
    ("storageos", "storageos", "storageos", sources::storage_os_persistent),
    ("csi", "csi", "csi", sources::csi_persistent),
];

/// The fields that say where a volume comes from, which never changes.
pub(crate) fn source_fields() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|source| source.0)
}

fn nothing(_: &At<'_>, _: &mut FieldErrors) {}

/// How strict the rules are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct VolumeOptions<'a> {
    /// The volume's name; empty inside an attachment.
    pub(crate) name: &'a str,
    /// It stands inside an attachment.
    pub(crate) inline: bool,
    /// Values that no label can have, in the affinity, are forgiven.
    pub(crate) bad_affinity_values: bool,
}

/// A volume's spec.
pub(crate) fn spec(at: &At<'_>, options: VolumeOptions<'_>, errors: &mut FieldErrors) {
    if options.inline {
        at.get("claimRef").forbid(errors, INLINE);
        if !at.get("capacity").is_empty() {
            at.get("capacity").forbidden(errors, INLINE);
        }
        if !at.get("csi").is_set() {
            let detail = "has to be specified in the context of inline volumes";
            at.get("csi").required(errors, detail);
        }
    }
    let modes = at.get("accessModes");
    modes.require(errors);
    claims::access_modes(&modes, errors);
    if !options.inline {
        capacity(&at.get("capacity"), errors);
    }
    reclaim_policy(at, options, errors);
    let node_affinity = at.get("nodeAffinity");
    if node_affinity.is_set() && options.inline {
        node_affinity.forbidden(errors, INLINE);
    } else if node_affinity.is_set() {
        let required = node_affinity.get("required");
        if required.is_set() {
            affinity::node_selector(&required, options.bad_affinity_values, errors);
        } else {
            required.required(errors, "must specify required node constraints");
        }
    }
    volume_source(at, options, errors);
    let policy = at.get("persistentVolumeReclaimPolicy");
    let path = at.get("hostPath.path").text();
    let root = path.starts_with('/') && path.split('/').all(|part| matches!(part, "" | "."));
    if root && policy.text() == "Recycle" {
        policy.forbidden(errors, "may not be 'recycle' for a hostPath mount of '/'");
    }
    let class = at.get("storageClassName");
    if !class.is_empty() && options.inline {
        class.forbidden(errors, INLINE);
    } else if !class.is_empty() {
        class.check(errors, names::dns1123_subdomain);
    }
    let mode = at.get("volumeMode");
    if options.inline && mode.is_set() && mode.text() != "Filesystem" {
        mode.forbidden(
            errors,
            "may not specify volumeMode other than Filesystem in the context of inline volumes",
        );
    } else if !options.inline {
        mode.maybe_one_of(errors, claims::VOLUME_MODES);
    }
    let attributes = at.get("volumeAttributesClassName");
    if attributes.is_set() && !options.inline {
        if attributes.is_empty() {
            attributes.required(errors, "an empty string is disallowed");
        } else {
            attributes.check(errors, names::dns1123_subdomain);
        }
        if !at.get("csi").is_set() {
            let detail = "has to be specified when using volumeAttributesClassName";
            at.get("csi").required(errors, detail);
        }
    }
}

fn capacity(at: &At<'_>, errors: &mut FieldErrors) {
    at.require(errors);
    if !at.key("storage").is_set() || at.len() > 1 {
        at.not_supported_as(errors, at.value.clone(), &["storage"]);
    }
    for (_, quantity) in at.entries() {
        resources::basic(&quantity, errors);
        resources::positive(&quantity, errors);
    }
}

fn reclaim_policy(at: &At<'_>, options: VolumeOptions<'_>, errors: &mut FieldErrors) {
    let policy = at.get("persistentVolumeReclaimPolicy");
    if policy.is_empty() {
        return;
    }
    if !options.inline {
        policy.one_of(errors, &["Delete", "Recycle", "Retain"]);
    } else if policy.text() != "Retain" {
        let detail = "may only be Retain in the context of inline volumes";
        policy.forbidden(errors, detail);
    }
}

fn volume_source(at: &At<'_>, options: VolumeOptions<'_>, errors: &mut FieldErrors) {
    let mut found = 0;
    for (field, shown, spare, rule) in SOURCES {
        let source = at.get(field);
        if !source.is_set() {
            continue;
        }
        found += 1;
        let source = source.shown_as(&at.get(shown));
        if found > 1 && *field != "flexVolume" {
            source.shown_as(&at.get(spare)).forbidden(errors, ONE_TYPE);
            continue;
        }
        rule(&source, errors);
        match *field {
            "iscsi" => sources::iscsi_persistent(&source, options.name, errors),
            "local" if !at.get("nodeAffinity").is_set() => {
                at.get("nodeAffinity").required(errors, "Local volume requires node affinity");
            }
            _ => {}
        }
    }
    if found == 0 {
        at.required(errors, "must specify a volume type");
    }
}
