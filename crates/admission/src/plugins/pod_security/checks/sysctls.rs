//! `sysctls`: only those that concern nothing but the pod.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::{items, text};

/// In the order in which they were allowed.
const SAFE: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

pub(super) const CHECK: Check = Check {
    id: "sysctls",
    level: Level::Baseline,
    forms: &[
        (0, |pod| judge(pod, &SAFE[..5])),
        (27, |pod| judge(pod, &SAFE[..6])),
        (29, |pod| judge(pod, &SAFE[..10])),
        (32, |pod| judge(pod, SAFE)),
    ],
    instead_of: None,
};

fn judge(pod: Pod<'_>, safe: &[&str]) -> Option<Finding> {
    let set = items(&pod.spec["securityContext"]["sysctls"]).map(|sysctl| text(&sysctl["name"]));
    let unsafe_ones: Vec<&str> = set.filter(|name| !safe.contains(name)).collect();
    (!unsafe_ones.is_empty())
        .then(|| Finding { reason: "forbidden sysctls", detail: unsafe_ones.join(", ") })
}
