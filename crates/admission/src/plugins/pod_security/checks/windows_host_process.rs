//! `windowsHostProcess`: no container runs as a process of a Windows node.

use super::{Check, Finding, Level, Pod};

pub(super) const CHECK: Check = Check {
    id: "windowsHostProcess",
    level: Level::Baseline,
    forms: &[(0, since_0)],
    instead_of: None,
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let who = pod.setters(|context| context["windowsOptions"]["hostProcess"] == true).named()?;
    Some(Finding {
        reason: "hostProcess",
        detail: format!("{who} must not set securityContext.windowsOptions.hostProcess=true"),
    })
}
