//! The sources of volumes, one rule each; those of persistent volumes differ a little. Mirrors
//! `pkg/apis/core/validation`.

use super::text::range_sentence;
use super::{At, paths};
use object::{FieldErrors, names};
use regex::Regex;
use std::sync::LazyLock;

const DRIVER_NAME_BYTES: usize = 63;
const ISCSI_NAME_BYTES: usize = 64;
const TENANT_BYTES: usize = 65;

fn need(at: &At<'_>, fields: &[&'static str], errors: &mut FieldErrors) {
    for field in fields {
        at.get(field).require(errors);
    }
}

/// A reference to a secret needs these fields, if it is there.
fn secret_ref(at: &At<'_>, fields: &[&'static str], errors: &mut FieldErrors) {
    if at.is_set() {
        need(at, fields, errors);
    }
}

fn in_range(at: &At<'_>, low: i64, high: i64, said_low: i64, errors: &mut FieldErrors) {
    if !(low..=high).contains(&at.int()) {
        at.invalid_as(errors, at.int(), range_sentence(said_low, high));
    }
}

pub(crate) fn host_path(at: &At<'_>, errors: &mut FieldErrors) {
    const TYPES: &[&str] = &[
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];
    if at.get("path").require(errors) {
        paths::no_backsteps(&at.get("path"), errors);
        at.get("type").maybe_one_of(errors, TYPES);
    }
}

pub(crate) fn git_repo(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("repository").require(errors);
    paths::descending(&at.get("directory"), errors);
}

pub(crate) fn gce_disk(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("pdName").require(errors);
    in_range(&at.get("partition"), 0, 255, 1, errors);
}

pub(crate) fn aws_disk(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("volumeID").require(errors);
    in_range(&at.get("partition"), 0, 255, 1, errors);
}

pub(crate) fn secret(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("secretName").require(errors);
    files(at, errors);
}

pub(crate) fn config_map(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("name").require(errors);
    files(at, errors);
}

fn files(at: &At<'_>, errors: &mut FieldErrors) {
    paths::mode(&at.get("defaultMode"), errors);
    for item in at.get("items").items() {
        key_to_path(&item, errors);
    }
}

/// Which key becomes which file.
pub(crate) fn key_to_path(at: &At<'_>, errors: &mut FieldErrors) {
    need(at, &["key", "path"], errors);
    paths::local(&at.get("path"), errors);
    paths::mode(&at.get("mode"), errors);
}

pub(crate) fn nfs(at: &At<'_>, errors: &mut FieldErrors) {
    need(at, &["server", "path"], errors);
    let path = at.get("path");
    if !path.text().starts_with('/') {
        path.invalid_as(errors, path.text(), "must be an absolute path");
    }
}

pub(crate) fn iscsi(at: &At<'_>, errors: &mut FieldErrors) {
    iscsi_saying(at, ISCSI_PREFIXES, errors);
}

fn iscsi_saying(at: &At<'_>, bad_prefix: &str, errors: &mut FieldErrors) {
    at.get("targetPortal").require(errors);
    if at.get("iqn").require(errors) {
        iscsi_format(&at.get("iqn"), bad_prefix, errors);
    }
    in_range(&at.get("lun"), 0, 255, 0, errors);
    let asks = at.get("chapAuthDiscovery").flag() || at.get("chapAuthSession").flag();
    if asks && !at.get("secretRef").is_set() {
        at.get("secretRef").required(errors, "");
    }
    let initiator = at.get("initiatorName").shown_as(&at.get("initiatorname"));
    if initiator.is_set() {
        iscsi_format(&initiator, ISCSI_PREFIXES, errors);
    }
}

fn iscsi_format(at: &At<'_>, bad_prefix: &str, errors: &mut FieldErrors) {
    static RULES: LazyLock<[(&str, Regex); 3]> = LazyLock::new(|| {
        let rule = |text| Regex::new(text).expect("the pattern is a constant");
        [
            ("iqn", rule(r"iqn\.\d{4}-\d{2}\.([[:alnum:]\-.]+)(:[^,;*&$|\s]+)$")),
            ("eui", rule("^eui.[[:alnum:]]{16}$")),
            ("naa", rule("^naa.[[:alnum:]]{32}$")),
        ]
    });
    match RULES.iter().find(|(prefix, _)| at.text().starts_with(prefix)) {
        None => at.invalid_as(errors, at.text(), bad_prefix),
        Some((_, rule)) if !rule.is_match(at.text()) => {
            at.invalid(errors, ISCSI_FORMAT);
        }
        Some(_) => {}
    }
}

const ISCSI_FORMAT: &str = "must be valid format";
const ISCSI_PREFIXES: &str = "must be valid format starting with iqn, eui, or naa";
const ISCSI_TOO_LONG: &str = "Total length of <volume name>:<iscsi.targetPortal> must be under \
                              64 characters if iscsi.initiatorName is specified.";

fn iscsi_too_long(at: &At<'_>, name: &str) -> bool {
    let length = name.len() + 1 + at.get("targetPortal").len();
    at.get("initiatorName").is_set() && length > ISCSI_NAME_BYTES
}

/// The volume's name becomes part of a limited text.
pub(crate) fn iscsi_name(at: &At<'_>, name: &At<'_>, errors: &mut FieldErrors) {
    if iscsi_too_long(at, name.text()) {
        name.invalid_as(errors, name.text(), ISCSI_TOO_LONG);
    }
}

/// The same for a persistent volume.
pub(crate) fn iscsi_persistent(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    iscsi_saying(at, ISCSI_FORMAT, errors);
    if iscsi_too_long(at, name) {
        let portal = at.get("targetPortal");
        portal.shown_as(&at.get("targetportal")).invalid(errors, ISCSI_TOO_LONG);
    }
    secret_ref(&at.get("secretRef"), &["name"], errors);
}

pub(crate) fn fibre_channel(at: &At<'_>, errors: &mut FieldErrors) {
    let (names, ids, lun) = (at.get("targetWWNs"), at.get("wwids"), at.get("lun"));
    if names.is_empty() && ids.is_empty() {
        names.required(errors, "must specify either targetWWNs or wwids, but not both");
    }
    if !names.is_empty() && !ids.is_empty() {
        names.invalid(errors, "targetWWNs and wwids can not be specified simultaneously");
    }
    if !names.is_empty() {
        if lun.is_set() {
            in_range(&lun, 0, 255, 0, errors);
        } else {
            lun.required(errors, "lun is required if targetWWNs is specified");
        }
    }
}

pub(crate) fn glusterfs(at: &At<'_>, errors: &mut FieldErrors) {
    need(at, &["endpoints", "path"], errors);
}

pub(crate) fn glusterfs_persistent(at: &At<'_>, errors: &mut FieldErrors) {
    glusterfs(at, errors);
    let namespace = at.get("endpointsNamespace");
    if namespace.is_set() && namespace.is_empty() {
        namespace
            .invalid(errors, "if the endpointnamespace is set, it must be a valid namespace name");
    } else if namespace.is_set() {
        namespace.check(errors, names::dns1123_label);
    }
}

pub(crate) fn flocker(at: &At<'_>, errors: &mut FieldErrors) {
    let (name, uuid) = (at.get("datasetName"), at.get("datasetUUID"));
    if name.is_empty() && uuid.is_empty() {
        at.required(errors, "one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && !uuid.is_empty() {
        let detail = "datasetName and datasetUUID can not be specified simultaneously";
        at.invalid_as(errors, "resource", detail);
    }
    if name.text().contains('/') {
        name.invalid(errors, "must not contain '/'");
    }
}

pub(crate) fn claim(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("claimName").require(errors);
}

pub(crate) fn rbd(at: &At<'_>, errors: &mut FieldErrors) {
    need(at, &["monitors", "image"], errors);
}

pub(crate) fn cinder(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("volumeID").require(errors);
    secret_ref(&at.get("secretRef"), &["name"], errors);
}

pub(crate) fn cinder_persistent(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("volumeID").require(errors);
    secret_ref(&at.get("secretRef"), &["name", "namespace"], errors);
}

pub(crate) fn ceph_fs(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("monitors").require(errors);
}

pub(crate) fn quobyte(at: &At<'_>, errors: &mut FieldErrors) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let (registry, tenant) = (at.get("registry"), at.get("tenant"));
    if registry.is_empty() {
        registry.required(errors, PAIRS);
    } else if tenant.len() >= TENANT_BYTES {
        tenant.required(errors, "must be a UUID and may not exceed a length of 64 characters");
    } else {
        for pair in registry.text().split(',') {
            let good = match pair.strip_prefix('[') {
                Some(rest) => rest.split_once("]:").is_some(),
                None => pair.bytes().filter(|b| *b == b':').count() == 1,
            };
            if !good {
                registry.invalid(errors, PAIRS);
            }
        }
    }
    at.get("volume").require(errors);
}

pub(crate) fn flex(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("driver").require(errors);
    for (key, option) in at.get("options").entries() {
        let domain = key.split('/').next().unwrap_or_default().to_lowercase();
        let reserved = ["kubernetes.io", "k8s.io"]
            .iter()
            .any(|owner| format!(".{domain}").ends_with(&format!(".{owner}")));
        if reserved {
            option.invalid_as(errors, key, "kubernetes.io and k8s.io namespaces are reserved");
        }
    }
}

pub(crate) fn azure_file(at: &At<'_>, errors: &mut FieldErrors) {
    need(at, &["secretName", "shareName"], errors);
}

pub(crate) fn azure_file_persistent(at: &At<'_>, errors: &mut FieldErrors) {
    azure_file(at, errors);
    let namespace = at.get("secretNamespace");
    if namespace.is_set() && namespace.is_empty() {
        namespace.required(errors, "");
    }
}

pub(crate) fn azure_disk(at: &At<'_>, errors: &mut FieldErrors) {
    const MANAGED: &str = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/\
                           microsoft.compute/disks/{disk-id}";
    const BLOB: &str =
        "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    need(at, &["diskName", "diskURI"], errors);
    at.get("cachingMode").maybe_one_of(errors, &["None", "ReadOnly", "ReadWrite"]);
    let (kind, uri) = (at.get("kind"), at.get("diskURI"));
    kind.maybe_one_of(errors, &["Dedicated", "Managed", "Shared"]);
    if kind.text() == "Managed" && !uri.text().starts_with("/subscriptions/") {
        uri.not_supported(errors, &[MANAGED]);
    }
    if kind.is_set() && kind.text() != "Managed" && !uri.text().starts_with("https://") {
        uri.not_supported(errors, &[BLOB]);
    }
}

pub(crate) fn vsphere(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("volumePath").require(errors);
}

pub(crate) fn photon(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("pdID").require(errors);
}

pub(crate) fn portworx(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("volumeID").require(errors);
}

pub(crate) fn scale_io(at: &At<'_>, errors: &mut FieldErrors) {
    need(at, &["gateway", "system", "volumeName"], errors);
}

pub(crate) fn storage_os(at: &At<'_>, errors: &mut FieldErrors) {
    storage_os_names(at, errors);
    secret_ref(&at.get("secretRef"), &["name"], errors);
}

pub(crate) fn storage_os_persistent(at: &At<'_>, errors: &mut FieldErrors) {
    storage_os_names(at, errors);
    secret_ref(&at.get("secretRef"), &["name", "namespace"], errors);
}

fn storage_os_names(at: &At<'_>, errors: &mut FieldErrors) {
    if at.get("volumeName").require(errors) {
        at.get("volumeName").check(errors, names::dns1123_label);
    }
    if !at.get("volumeNamespace").is_empty() {
        at.get("volumeNamespace").check(errors, names::dns1123_label);
    }
}

pub(crate) fn local(at: &At<'_>, errors: &mut FieldErrors) {
    if at.get("path").require(errors) {
        paths::no_backsteps(&at.get("path"), errors);
    }
}

/// The name of a CSI driver.
pub(crate) fn driver_name(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    if at.len() > DRIVER_NAME_BYTES {
        at.too_long(errors, DRIVER_NAME_BYTES);
    }
    at.check(errors, |name| names::dns1123_subdomain(&name.to_lowercase()));
}

pub(crate) fn csi(at: &At<'_>, errors: &mut FieldErrors) {
    driver_name(&at.get("driver"), errors);
    let secret = at.get("nodePublishSecretRef");
    if !secret.is_set() {
        return;
    }
    let name = secret.get("name");
    if name.require(errors) {
        name.shown_as(&at.get("name")).check(errors, names::dns1123_subdomain);
    }
}

pub(crate) fn csi_persistent(at: &At<'_>, errors: &mut FieldErrors) {
    driver_name(&at.get("driver"), errors);
    at.get("volumeHandle").require(errors);
    for field in [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ] {
        let secret = at.get(field);
        if secret.is_set() {
            if secret.get("name").require(errors) {
                secret.get("name").check(errors, names::dns1123_subdomain);
            }
            if secret.get("namespace").require(errors) {
                secret.get("namespace").check(errors, names::dns1123_label);
            }
        }
    }
}
