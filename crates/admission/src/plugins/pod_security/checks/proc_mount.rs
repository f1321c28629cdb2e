//! `procMount`: `/proc` is masked, unless the pod's users are its own.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_security::pod::{containers, name, quoted};
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "procMount",
    level: Level::Baseline,
    forms: &[(0, since_0), (35, since_35)],
    instead_of: None,
};

pub(super) fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let (mut bad, mut kinds) = (Vec::new(), BTreeSet::new());
    for container in pod.containers() {
        let kind = container["securityContext"]["procMount"].as_str();
        if let Some(kind) = kind.filter(|kind| *kind != "Default") {
            bad.push(name(container));
            kinds.insert(kind);
        }
    }
    (!bad.is_empty()).then(|| Finding {
        reason: "procMount",
        detail: format!(
            "{} must not set securityContext.procMount to {}",
            containers(&bad),
            quoted(&kinds)
        ),
    })
}

fn since_35(pod: Pod<'_>) -> Option<Finding> {
    if pod.has_own_users() { None } else { since_0(pod) }
}
