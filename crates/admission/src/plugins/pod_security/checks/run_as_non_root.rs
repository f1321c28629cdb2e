//! `runAsNonRoot`: every container must be held to another user than root, unless the pod's users
//! are its own.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_security::pod::containers;

pub(super) const CHECK: Check = Check {
    id: "runAsNonRoot",
    level: Level::Restricted,
    forms: &[(0, since_0), (35, since_35)],
    instead_of: None,
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let finding = |detail| Some(Finding { reason: "runAsNonRoot != true", detail });
    if let Some(who) = pod.setters(|context| context["runAsNonRoot"] == false).named() {
        return finding(format!("{who} must not set securityContext.runAsNonRoot=false"));
    }
    let unsaid = |container: &object::Value| container["securityContext"]["runAsNonRoot"].is_null();
    let silent = pod.containers_that(unsaid);
    if silent.is_empty() || pod.spec["securityContext"]["runAsNonRoot"] == true {
        return None;
    }
    let who = containers(&silent);
    finding(format!("pod or {who} must set securityContext.runAsNonRoot=true"))
}

fn since_35(pod: Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() { None } else { since_0(pod) }
}
