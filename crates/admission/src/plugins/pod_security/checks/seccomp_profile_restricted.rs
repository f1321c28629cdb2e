//! `seccompProfile_restricted`: every container says which seccomp profile it has, or its pod does.

use super::seccomp_profile_baseline::{in_words, wrong};
use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_security::pod::containers;
use object::Value;

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    forms: &[(19, since_19), (25, since_25)],
    instead_of: Some("seccompProfile_baseline"),
};

fn since_19(pod: Pod<'_>) -> Option<Finding> {
    let finding = |detail| Some(Finding { reason: "seccompProfile", detail });
    let (setters, types) = wrong(pod);
    if let Some(detail) = in_words(&setters, &types) {
        return finding(detail);
    }
    let says = |part: &Value| part["securityContext"]["seccompProfile"].is_object();
    let silent = pod.containers_that(|container| !says(container));
    if silent.is_empty() || says(pod.spec) {
        return None;
    }
    finding(format!(
        "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        containers(&silent)
    ))
}

fn since_25(pod: Pod<'_>) -> Option<Finding> {
    if pod.is_windows() { None } else { since_19(pod) }
}
