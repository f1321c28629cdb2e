//! `hostPathVolumes`: pods see no folder of the node.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::items;
use crate::plugins::pod_security::pod::{name, plural, quoted};

pub(super) const CHECK: Check = Check {
    id: "hostPathVolumes",
    level: Level::Baseline,
    forms: &[(0, since_0)],
    instead_of: None,
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let volumes = items(&pod.spec["volumes"]).filter(|volume| volume["hostPath"].is_object());
    let bad: Vec<&str> = volumes.map(name).collect();
    (!bad.is_empty()).then(|| Finding {
        reason: "hostPath volumes",
        detail: format!("{} {}", plural("volume", "volumes", bad.len()), quoted(&bad)),
    })
}
