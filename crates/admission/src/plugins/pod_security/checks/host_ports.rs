//! `hostPorts`: containers take no port of the node.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::items;
use crate::plugins::pod_security::pod::{containers, name, plural};
use std::collections::BTreeSet;

pub(super) const CHECK: Check =
    Check { id: "hostPorts", level: Level::Baseline, forms: &[(0, since_0)], instead_of: None };

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    // In the order of the texts, as upstream tells them.
    let mut ports: BTreeSet<String> = BTreeSet::new();
    let mut bad = Vec::new();
    for container in pod.containers() {
        let taken = items(&container["ports"]).filter_map(|port| port["hostPort"].as_i64());
        let taken: Vec<i64> = taken.filter(|port| *port != 0).collect();
        if !taken.is_empty() {
            bad.push(name(container));
        }
        ports.extend(taken.iter().map(i64::to_string));
    }
    (!bad.is_empty()).then(|| Finding {
        reason: "hostPort",
        detail: format!(
            "{} {} {} {}",
            containers(&bad),
            plural("uses", "use", bad.len()),
            plural("hostPort", "hostPorts", ports.len()),
            ports.into_iter().collect::<Vec<_>>().join(", ")
        ),
    })
}
