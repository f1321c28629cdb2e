//! `capabilities_baseline`: containers get no capability that they would not have anyway.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_security::pod::{beyond, containers, name, quoted};
use std::collections::BTreeSet;

const ALLOWED: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(super) const CHECK: Check = Check {
    id: "capabilities_baseline",
    level: Level::Baseline,
    forms: &[(0, since_0)],
    instead_of: None,
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let (added, bad) = added_beyond(pod, ALLOWED);
    (!bad.is_empty())
        .then(|| Finding { reason: "non-default capabilities", detail: in_words(&bad, &added) })
}

/// The capabilities beyond these that are added, and the containers that do it.
pub(super) fn added_beyond<'a>(
    pod: Pod<'a>,
    allowed: &[&str],
) -> (BTreeSet<&'a str>, Vec<&'a str>) {
    let (mut all, mut bad) = (BTreeSet::new(), Vec::new());
    for container in pod.containers() {
        let added = beyond(&container["securityContext"]["capabilities"]["add"], allowed);
        if !added.is_empty() {
            bad.push(name(container));
        }
        all.extend(added);
    }
    (all, bad)
}

/// Who must not add what.
pub(super) fn in_words(bad: &[&str], added: &BTreeSet<&str>) -> String {
    let (bad, added) = (containers(bad), quoted(added));
    format!("{bad} must not include {added} in securityContext.capabilities.add")
}
