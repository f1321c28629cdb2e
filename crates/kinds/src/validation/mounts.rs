//! Where a container mounts volumes and sees block devices. Mirrors
//! `pkg/apis/core/validation`.

use super::volumes::Mountable;
use super::{At, paths};
use object::FieldErrors;
use std::collections::BTreeSet;

/// `volumeMounts`.
pub(crate) fn mounts(container: &At<'_>, volumes: &[Mountable<'_>], errors: &mut FieldErrors) {
    let (list, devices) = (container.get("volumeMounts"), container.get("volumeDevices"));
    let mut seen = BTreeSet::new();
    for mount in list.items() {
        let (name, path) = (mount.get("name"), mount.get("mountPath"));
        name.require(errors);
        if !volumes.iter().any(|volume| volume.name == name.text()) {
            not_found(&name, errors);
        }
        path.require(errors);
        if !seen.insert(path.text()) {
            path.invalid_as(errors, path.text(), "must be unique");
        }
        if devices.items().any(|d| d.get("name").text() == name.text()) {
            name.invalid(errors, "must not already exist in volumeDevices");
        }
        if devices.items().any(|d| d.get("devicePath").text() == path.text()) {
            path.invalid(errors, "must not already exist as a path in volumeDevices");
        }
        let (sub_path, expression) = (mount.get("subPath"), mount.get("subPathExpr"));
        if !sub_path.is_empty() {
            paths::descending(&sub_path.shown_as(&list.get("subPath")), errors);
        }
        if !expression.is_empty() {
            if !sub_path.is_empty() {
                expression.invalid(errors, "subPathExpr and subPath are mutually exclusive");
            }
            paths::descending(&expression.shown_as(&list.get("subPathExpr")), errors);
        }
        propagation(&mount, container, &list, errors);
        recursive_read_only(&mount, &list, errors);
    }
}

fn not_found(name: &At<'_>, errors: &mut FieldErrors) {
    errors.not_found(&name.path(), name.text());
}

fn propagation(mount: &At<'_>, container: &At<'_>, list: &At<'_>, errors: &mut FieldErrors) {
    let mode = mount.get("mountPropagation");
    if !mode.is_set() {
        return;
    }
    let shown = mode.shown_as(&list.get("mountPropagation"));
    shown.one_of(errors, &["Bidirectional", "HostToContainer", "None"]);
    if mode.text() == "Bidirectional" && !container.get("securityContext.privileged").flag() {
        shown.forbidden(
            errors,
            "Bidirectional mount propagation is available only to privileged containers",
        );
    }
}

fn recursive_read_only(mount: &At<'_>, list: &At<'_>, errors: &mut FieldErrors) {
    let mode = mount.get("recursiveReadOnly").shown_as(&list.get("recursiveReadOnly"));
    if !mode.is_set() {
        return;
    }
    mode.one_of(errors, &["Disabled", "Enabled", "IfPossible"]);
    if matches!(mode.text(), "Enabled" | "IfPossible") {
        if !mount.get("readOnly").flag() {
            mode.forbidden(errors, "may only be specified when readOnly is true");
        }
        if !matches!(mount.get("mountPropagation").text(), "" | "None") {
            mode.forbidden(
                errors,
                "may only be specified when mountPropagation is None or not specified",
            );
        }
    }
}

/// `volumeDevices`.
pub(crate) fn devices(container: &At<'_>, volumes: &[Mountable<'_>], errors: &mut FieldErrors) {
    let (list, mounts) = (container.get("volumeDevices"), container.get("volumeMounts"));
    let (mut names, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for device in list.items() {
        let (name, path) = (device.get("name"), device.get("devicePath"));
        let volume = volumes.iter().find(|volume| volume.name == name.text());
        name.require(errors);
        if names.contains(name.text()) {
            name.invalid(errors, "must be unique");
        }
        match volume {
            Some(volume) if !volume.is_claim => name.invalid(
                errors,
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block \
                 mode",
            ),
            Some(_) => {}
            None => not_found(&name, errors),
        }
        path.require(errors);
        if seen.contains(path.text()) {
            path.invalid_as(errors, path.text(), "must be unique");
        }
        if path.text().split('/').any(|part| part == "..") {
            path.invalid(errors, "can not contain backsteps ('..')");
        } else {
            seen.insert(path.text());
        }
        if mounts.items().any(|m| m.get("name").text() == name.text()) {
            name.invalid_as(errors, name.text(), "must not already exist in volumeMounts");
        }
        if mounts.items().any(|m| m.get("mountPath").text() == path.text()) {
            let detail = "must not already exist as a path in volumeMounts";
            path.invalid_as(errors, path.text(), detail);
        }
        if !name.is_empty() {
            names.insert(name.text());
        }
    }
}
