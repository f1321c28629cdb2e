//! Claims of persistent volumes, as objects and as templates. Mirrors
//! `pkg/apis/core/validation`.

use super::{At, labels, resources};
use crate::meta_rules;
use object::{FieldErrors, names};

/// How volumes can be mounted.
pub(crate) const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// How volumes are seen by containers.
pub(crate) const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

/// What is forgiven because the old claim has it already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClaimOptions {
    pub(crate) bad_selector: bool,
    pub(crate) bad_source_group: bool,
}

/// A claim that will be made for a pod: labels, annotations and a spec, nothing else.
pub(crate) fn template(at: &At<'_>, errors: &mut FieldErrors) {
    let metadata = at.get("metadata");
    meta_rules::annotations(&metadata.get("annotations"), errors);
    labels::map(&metadata.get("labels"), errors);
    for field in [
        "name",
        "generateName",
        "namespace",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ] {
        if !metadata.get(field).is_empty() {
            metadata.get(field).forbidden(errors, "cannot be set");
        }
    }
    spec(&at.get("spec"), ClaimOptions::default(), errors);
}

/// Complains of unknown modes, and of one that can't be together with others.
pub(crate) fn access_modes(at: &At<'_>, errors: &mut FieldErrors) {
    for mode in at.texts().filter(|mode| !ACCESS_MODES.contains(mode)) {
        at.not_supported_as(errors, mode, ACCESS_MODES);
    }
    let alone = |mode: &str| mode == "ReadWriteOncePod";
    let known = || at.texts().filter(|mode| ACCESS_MODES.contains(mode));
    if known().any(alone) && !known().all(alone) {
        at.forbidden(errors, "may not use ReadWriteOncePod with other access modes");
    }
}

/// `core.PersistentVolumeClaimSpec`.
pub(crate) fn spec(at: &At<'_>, options: ClaimOptions, errors: &mut FieldErrors) {
    let modes = at.get("accessModes");
    if modes.is_empty() {
        modes.required(errors, "at least 1 access mode is required");
    }
    labels::selector(&at.get("selector"), options.bad_selector, errors);
    access_modes(&modes, errors);
    let asked = at.get("resources.requests.storage");
    let asked = asked.shown_as(&at.get("resources").key("storage"));
    if !asked.is_set() {
        asked.required(errors, "");
    } else if resources::positive(&asked, errors) {
        resources::value(&asked, "storage", errors);
    }
    let class = at.get("storageClassName");
    if !class.is_empty() {
        class.check(errors, names::dns1123_subdomain);
    }
    at.get("volumeMode").maybe_one_of(errors, VOLUME_MODES);
    let (source, reference) = (at.get("dataSource"), at.get("dataSourceRef"));
    for from in [&source, &reference] {
        if from.is_set() {
            data_source(from, options.bad_source_group, errors);
        }
    }
    let namespace = reference.get("namespace");
    if !namespace.is_empty() {
        namespace.check(errors, names::dns1123_label);
    }
    if source.is_set() && reference.is_set() {
        let same = ["apiGroup", "kind", "name"]
            .iter()
            .all(|field| source.get(field).value == reference.get(field).value);
        let complaint = if !namespace.is_empty() {
            "may not be specified when dataSourceRef.namespace is specified"
        } else if !same {
            "must match dataSourceRef"
        } else {
            ""
        };
        if !complaint.is_empty() {
            // Upstream shows the path where the value should be, as the struct that it is.
            at.invalid_as(errors, object::json!({}), complaint);
        }
    }
    let attributes = at.get("volumeAttributesClassName");
    if !attributes.is_empty() {
        attributes.check(errors, names::dns1123_subdomain);
    }
}

fn data_source(at: &At<'_>, lenient_group: bool, errors: &mut FieldErrors) {
    at.get("name").require(errors);
    at.get("kind").require(errors);
    let (group, kind) = (at.get("apiGroup"), at.get("kind").text());
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        at.invalid_as(errors, kind, detail);
    }
    if !group.is_empty() && !lenient_group {
        group.check(errors, names::dns1123_subdomain);
    }
}
