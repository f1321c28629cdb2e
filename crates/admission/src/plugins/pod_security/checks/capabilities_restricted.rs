//! `capabilities_restricted`: containers drop all capabilities, and add at most the one for low
//! ports.

use super::capabilities_baseline::{added_beyond, in_words};
use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::items;
use crate::plugins::pod_security::pod::containers;

pub(super) const CHECK: Check = Check {
    id: "capabilities_restricted",
    level: Level::Restricted,
    forms: &[(22, since_22), (25, since_25)],
    instead_of: Some("capabilities_baseline"),
};

fn since_22(pod: Pod<'_>) -> Option<Finding> {
    let keeping = pod.containers_that(|container| {
        !items(&container["securityContext"]["capabilities"]["drop"]).any(|drop| drop == "ALL")
    });
    let (added, adding) = added_beyond(pod, &["NET_BIND_SERVICE"]);
    let kept = (!keeping.is_empty()).then(|| {
        format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&keeping))
    });
    let beyond = (!adding.is_empty()).then(|| in_words(&adding, &added));
    let details: Vec<String> = kept.into_iter().chain(beyond).collect();
    (!details.is_empty())
        .then(|| Finding { reason: "unrestricted capabilities", detail: details.join("; ") })
}

fn since_25(pod: Pod<'_>) -> Option<Finding> {
    if pod.is_windows() { None } else { since_22(pod) }
}
