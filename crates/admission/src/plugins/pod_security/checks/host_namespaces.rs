//! `hostNamespaces`: pods stay out of the node's network, processes and IPC.

use super::{Check, Finding, Level, Pod};

pub(super) const CHECK: Check = Check {
    id: "hostNamespaces",
    level: Level::Baseline,
    forms: &[(0, since_0)],
    instead_of: None,
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|field| pod.spec[*field] == true)
        .map(|field| format!("{field}=true"))
        .collect();
    (!shared.is_empty()).then(|| Finding { reason: "host namespaces", detail: shared.join(", ") })
}
