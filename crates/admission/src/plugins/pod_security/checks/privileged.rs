//! `privileged`: no container is as good as root on the node.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_security::pod::containers;

pub(super) const CHECK: Check =
    Check { id: "privileged", level: Level::Baseline, forms: &[(0, since_0)], instead_of: None };

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let bad = pod.containers_that(|container| container["securityContext"]["privileged"] == true);
    (!bad.is_empty()).then(|| Finding {
        reason: "privileged",
        detail: format!("{} must not set securityContext.privileged=true", containers(&bad)),
    })
}
