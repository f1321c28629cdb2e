//! Security contexts of pods and containers. Mirrors `pkg/apis/core/validation`.

use super::text::user_or_group;
use super::{At, paths};
use crate::privilege;
use object::{FieldErrors, names};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const PROFILE_TYPES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
const PROFILE_PATH_BYTES: usize = 4095;
const SYSCTL_LENGTH_BYTES: usize = 253;
const SYSCTL: &str = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const CREDENTIAL_SPEC_BYTES: usize = 64 << 10;
const WINDOWS_DOMAIN_BYTES: usize = 256;
const WINDOWS_USER_BYTES: usize = 104;

/// A container's.
pub(crate) fn container(at: &At<'_>, host_users: bool, errors: &mut FieldErrors) {
    if !at.is_set() {
        return;
    }
    let privileged = at.get("privileged");
    if privileged.flag() && !privilege::is_allowed() {
        privileged.forbidden(errors, "disallowed by cluster policy");
    }
    for field in ["runAsUser", "runAsGroup"] {
        at.get(field).check_int(errors, user_or_group);
    }
    let proc_mount = at.get("procMount");
    proc_mount.maybe_one_of(errors, &["Default", "Unmasked"]);
    if host_users && proc_mount.text() == "Unmasked" {
        proc_mount.invalid(errors, "`hostUsers` must be false to use `Unmasked`");
    }
    seccomp(&at.get("seccompProfile"), errors);
    if at.get("allowPrivilegeEscalation").value == false {
        if at.get("privileged").flag() {
            at.invalid(
                errors,
                "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
            );
        }
        for _ in at.get("capabilities.add").texts().filter(|c| *c == "CAP_SYS_ADMIN") {
            at.invalid(
                errors,
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` \
                 CAP_SYS_ADMIN",
            );
        }
    }
    windows(&at.get("windowsOptions"), errors);
    app_armor(&at.get("appArmorProfile"), errors);
}

/// A pod's; `spec` holds it beside the host's namespaces.
pub(crate) fn pod(spec: &At<'_>, errors: &mut FieldErrors) {
    let at = spec.get("securityContext");
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        at.get(field).check_int(errors, user_or_group);
    }
    for group in at.get("supplementalGroups").items() {
        group.check_int(errors, user_or_group);
    }
    let share = spec.get("shareProcessNamespace");
    if share.flag() && spec.get("hostPID").flag() {
        share
            .shown_as(&at.get("shareProcessNamespace"))
            .invalid(errors, "ShareProcessNamespace and HostPID cannot both be enabled");
    }
    sysctls(&at.get("sysctls"), spec, errors);
    at.get("fsGroupChangePolicy").maybe_one_of(errors, &["Always", "OnRootMismatch"]);
    seccomp(&at.get("seccompProfile"), errors);
    windows(&at.get("windowsOptions"), errors);
    app_armor(&at.get("appArmorProfile"), errors);
    at.get("supplementalGroupsPolicy").maybe_one_of(errors, &["Merge", "Strict"]);
    at.get("seLinuxChangePolicy").maybe_one_of(errors, &["MountOption", "Recursive"]);
}

fn sysctls(at: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    static RULE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(SYSCTL).expect("the pattern is a constant"));
    let mut seen = BTreeSet::new();
    for sysctl in at.items() {
        let name = sysctl.get("name");
        let text = name.text();
        if text.is_empty() {
            name.required(errors, "");
        } else if text.len() > SYSCTL_LENGTH_BYTES || !RULE.is_match(text) {
            let detail = format!(
                "must have at most {SYSCTL_LENGTH_BYTES} characters and match regex {SYSCTL}"
            );
            name.invalid(errors, detail);
        } else if seen.contains(text) {
            name.duplicate(errors, text);
        }
        let dotted = text.replace('/', ".");
        if spec.get("hostNetwork").flag() && dotted.starts_with("net.") {
            name.invalid(errors, "may not be specified when 'hostNetwork' is true");
        }
        if spec.get("hostIPC").flag() && is_ipc_sysctl(&dotted) {
            name.invalid(errors, "may not be specified when 'hostIPC' is true");
        }
        seen.insert(text);
    }
}

fn is_ipc_sysctl(name: &str) -> bool {
    name == "kernel.sem"
        || ["kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|p| name.starts_with(p))
}

fn seccomp(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.is_set() {
        return;
    }
    let kind = at.get("type");
    if kind.is_empty() {
        kind.required(errors, "type is required when seccompProfile is set");
    } else {
        kind.one_of(errors, PROFILE_TYPES);
    }
    let profile = at.get("localhostProfile");
    if kind.text() != "Localhost" {
        if profile.is_set() {
            let detail = "can only be set when seccomp type is Localhost";
            profile.invalid_as(errors, at.value.clone(), detail);
        }
    } else if profile.is_set() {
        paths::descending(&profile, errors);
    } else {
        profile.required(errors, "must be set when seccomp type is Localhost");
    }
}

/// A profile of AppArmor.
pub(crate) fn app_armor(at: &At<'_>, errors: &mut FieldErrors) {
    const NEEDED: &str = "must be set when AppArmor type is Localhost";
    if !at.is_set() {
        return;
    }
    let (kind, profile) = (at.get("type"), at.get("localhostProfile"));
    match kind.text() {
        "Localhost" if !profile.is_set() => profile.required(errors, NEEDED),
        "Localhost" => {
            if profile.text().trim() != profile.text() {
                profile.invalid(errors, "must not be padded with whitespace");
            } else if profile.is_empty() {
                profile.required(errors, NEEDED);
            }
            if profile.len() > PROFILE_PATH_BYTES {
                profile.too_long(errors, PROFILE_PATH_BYTES);
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            profile.forbidden_value(errors, "can only be set when AppArmor type is Localhost")
        }
        "" => kind.required(errors, "type is required when appArmorProfile is set"),
        _ => kind.not_supported(errors, PROFILE_TYPES),
    }
}

fn windows(at: &At<'_>, errors: &mut FieldErrors) {
    let name = at.get("gmsaCredentialSpecName");
    if name.is_set() {
        name.check(errors, names::dns1123_subdomain);
    }
    let spec = at.get("gmsaCredentialSpec");
    if spec.is_set() && spec.is_empty() {
        spec.invalid(errors, "gmsaCredentialSpec cannot be an empty string");
    } else if spec.len() > CREDENTIAL_SPEC_BYTES {
        spec.invalid(errors, "gmsaCredentialSpec size must be under 64 KiB");
    }
    let user = at.get("runAsUserName");
    if user.is_set() {
        for complaint in windows_user(user.text()) {
            user.invalid(errors, complaint);
        }
    }
}

fn windows_user(text: &str) -> Vec<String> {
    static DNS: LazyLock<Regex> = LazyLock::new(|| {
        let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
        Regex::new(&format!("^{label}(?:\\.{label})*$")).expect("the pattern is a constant")
    });
    static NET_BIOS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}$"#)
            .expect("the pattern is a constant")
    });
    let say = |what: &str| vec![format!("runAsUserName{what}")];
    if text.is_empty() {
        return say(" cannot be an empty string");
    }
    if text.bytes().any(|b| b.is_ascii_control()) {
        return say(" cannot contain control characters");
    }
    let parts: Vec<&str> = text.split('\\').collect();
    let (domain, user) = match parts.as_slice() {
        [user] => (None, *user),
        [domain, user] => (Some(*domain), *user),
        _ => return say(" cannot contain more than one backslash"),
    };
    let mut out = Vec::new();
    if let Some(domain) = domain {
        if domain.len() >= WINDOWS_DOMAIN_BYTES {
            out.extend(say(&format!(
                "'s Domain length must be under {WINDOWS_DOMAIN_BYTES} \
                                     characters"
            )));
        }
        if !NET_BIOS.is_match(domain) && !DNS.is_match(domain) {
            out.extend(say("'s Domain doesn't match the NetBios nor the DNS format"));
        }
    }
    if user.is_empty() {
        out.extend(say("'s User cannot be empty"));
    } else if user.len() > WINDOWS_USER_BYTES {
        out.extend(say(&format!(
            "'s User length must not be longer than {WINDOWS_USER_BYTES} characters"
        )));
    }
    if !user.is_empty() && user.bytes().all(|b| matches!(b, b'.' | b' ')) {
        out.extend(say("'s User cannot contain only periods or spaces"));
    }
    if user
        .contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']'])
    {
        out.extend(say("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"));
    }
    out
}
