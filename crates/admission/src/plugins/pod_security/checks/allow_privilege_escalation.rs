//! `allowPrivilegeEscalation`: containers say that no process gains rights.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_security::pod::containers;

pub(super) const CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    forms: &[(8, since_8), (25, since_25)],
    instead_of: None,
};

fn since_8(pod: Pod<'_>) -> Option<Finding> {
    let bad = pod.containers_that(|c| c["securityContext"]["allowPrivilegeEscalation"] != false);
    (!bad.is_empty()).then(|| Finding {
        reason: "allowPrivilegeEscalation != false",
        detail: format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            containers(&bad)
        ),
    })
}

fn since_25(pod: Pod<'_>) -> Option<Finding> {
    if pod.is_windows() { None } else { since_8(pod) }
}
