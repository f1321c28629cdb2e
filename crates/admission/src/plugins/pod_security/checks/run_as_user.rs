//! `runAsUser`: nobody asks to be root, unless the pod's users are its own.

use super::{Check, Finding, Level, Pod};

pub(super) const CHECK: Check = Check {
    id: "runAsUser",
    level: Level::Restricted,
    forms: &[(23, since_23), (35, since_35)],
    instead_of: None,
};

fn since_23(pod: Pod<'_>) -> Option<Finding> {
    let who = pod.setters(|context| context["runAsUser"] == 0).named()?;
    Some(Finding { reason: "runAsUser=0", detail: format!("{who} must not set runAsUser=0") })
}

fn since_35(pod: Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() { None } else { since_23(pod) }
}
