//! The volumes of a pod. Mirrors `pkg/apis/core/validation`.

use super::volume_sources as sources;
use super::{At, PodOptions, claims, downward_api, images, paths, projected};
use object::{FieldErrors, names};
use std::collections::BTreeSet;

const ONE_TYPE: &str = "may not specify more than 1 volume type";

/// A good volume, which containers can mount.
pub(crate) struct Mountable<'a> {
    pub(crate) name: &'a str,
    /// It is or becomes a claim, which can be a block device.
    pub(crate) is_claim: bool,
}

/// A source's field, the path under which its own fields are named, the path of the complaint
/// that it is one too many, and its rule.
type Source = (&'static str, &'static str, &'static str, fn(&At<'_>, &mut FieldErrors));

/// In upstream's order, oddities of the paths included.
const SOURCES: &[Source] = &[
    ("hostPath", "hostPath", "hostPath", sources::host_path),
    ("gitRepo", "gitRepo", "gitRepo", sources::git_repo),
    ("gcePersistentDisk", "persistentDisk", "gcePersistentDisk", sources::gce_disk),
    ("awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", sources::aws_disk),
    ("secret", "secret", "secret", sources::secret),
    ("nfs", "nfs", "nfs", sources::nfs),
    ("iscsi", "iscsi", "iscsi", sources::iscsi),
    ("glusterfs", "glusterfs", "glusterfs", sources::glusterfs),
    ("flocker", "flocker", "flocker", sources::flocker),
    ("persistentVolumeClaim", "persistentVolumeClaim", "persistentVolumeClaim", sources::claim),
    ("rbd", "rbd", "rbd", sources::rbd),
    ("cinder", "cinder", "cinder", sources::cinder),
    ("cephfs", "cephfs", "cephFS", sources::ceph_fs),
    ("quobyte", "quobyte", "quobyte", sources::quobyte),
    ("downwardAPI", "downwardAPI", "downwarAPI", downward),
    ("fc", "fc", "fc", sources::fibre_channel),
    ("flexVolume", "flexVolume", "flexVolume", sources::flex),
    ("configMap", "configMap", "configMap", sources::config_map),
    ("azureFile", "azureFile", "azureFile", sources::azure_file),
    ("vsphereVolume", "vsphereVolume", "vsphereVolume", sources::vsphere),
    ("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", sources::photon),
    ("portworxVolume", "portworxVolume", "portworxVolume", sources::portworx),
    ("azureDisk", "azureDisk", "azureDisk", sources::azure_disk),
    ("storageos", "storageos", "storageos", sources::storage_os),
    // Needs to know what the old object had; see below.
    ("projected", "projected", "projected", nothing),
    ("scaleIO", "scaleIO", "scaleIO", sources::scale_io),
    ("csi", "csi", "csi", sources::csi),
    ("ephemeral", "ephemeral", "ephemeral", ephemeral),
    ("image", "image", "image", nothing),
];

fn nothing(_: &At<'_>, _: &mut FieldErrors) {}

/// `volumes`: gives those that can be mounted.
pub(crate) fn volumes<'a>(
    at: &At<'a>,
    options: &PodOptions,
    errors: &mut FieldErrors,
) -> Vec<Mountable<'a>> {
    let made: Vec<String> = at
        .items()
        .filter(|v| !options.pod_name.is_empty() && v.get("ephemeral").is_set())
        .map(|v| format!("{}-{}", options.pod_name, v.get("name").text()))
        .collect();
    let mut seen = BTreeSet::new();
    let mut good = Vec::new();
    for volume in at.items() {
        let before = errors.0.len();
        source(&volume, options, errors);
        let name = volume.get("name");
        if name.require(errors) {
            name.check(errors, names::dns1123_label);
        }
        if seen.contains(name.text()) {
            name.duplicate(errors, name.text());
        }
        if errors.0.len() == before {
            seen.insert(name.text());
            let is_claim =
                volume.get("persistentVolumeClaim").is_set() || volume.get("ephemeral").is_set();
            good.push(Mountable { name: name.text(), is_claim });
        }
        let claim = volume.get("persistentVolumeClaim");
        let claim = claim.get("claimName");
        if claim.is_set() && made.iter().any(|name| name == claim.text()) {
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            claim.invalid(errors, detail);
        }
    }
    good
}

fn source(volume: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    let mut found = 0;
    if volume.get("emptyDir").is_set() {
        found += 1;
        let empty = volume.get("emptyDir");
        let limit = empty.get("sizeLimit");
        if limit.text().starts_with('-') && limit.text() != "-0" {
            limit.forbidden(errors, "SizeLimit field must be a valid resource quantity");
        }
    }
    for (field, shown, spare, rule) in SOURCES {
        let at = volume.get(field);
        if !at.is_set() {
            continue;
        }
        found += 1;
        let at = at.shown_as(&volume.get(shown));
        if found > 1 {
            at.shown_as(&volume.get(spare)).forbidden(errors, ONE_TYPE);
        } else {
            rule(&at, errors);
            special(field, &at, options, errors);
        }
        let name = volume.get("name");
        match *field {
            "iscsi" => sources::iscsi_name(&at, &name, errors),
            "ephemeral" if found == 1 && !options.pod_name.is_empty() && !name.is_empty() => {
                let claim = format!("{}-{}", options.pod_name, name.text());
                for complaint in names::dns1123_subdomain(&claim) {
                    name.invalid(errors, format!("PVC name {claim:?}: {complaint}"));
                }
            }
            _ => {}
        }
    }
    if found == 0 {
        volume.required(errors, "must specify a volume type");
    }
}

/// The sources whose rules depend on whose they are.
fn special(field: &str, at: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    match field {
        "projected" => projected::projected(at, options, errors),
        "image" => {
            if options.is_pod {
                at.get("reference").require(errors);
            }
            images::pull_policy(&at.get("pullPolicy"), errors);
        }
        _ => {}
    }
}

fn downward(at: &At<'_>, errors: &mut FieldErrors) {
    paths::mode(&at.get("defaultMode"), errors);
    for file in at.get("items").items() {
        downward_api::file(&file, at, errors);
    }
}

fn ephemeral(at: &At<'_>, errors: &mut FieldErrors) {
    let template = at.get("volumeClaimTemplate");
    if template.is_set() {
        claims::template(&template, errors);
    } else {
        template.required(errors, "");
    }
}
