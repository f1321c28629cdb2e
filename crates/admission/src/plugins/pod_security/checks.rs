//! The flat table of checks, and what they find in a pod.
//!
//! One file and one line each. A check has a form for each version of Kubernetes that changed it;
//! a stricter one may stand in for one of the baseline. Mirrors `policy/registry.go` of
//! `k8s.io/pod-security-admission`.

mod allow_privilege_escalation;
mod app_armor_profile;
mod capabilities_baseline;
mod capabilities_restricted;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes_and_host_lifecycle;
mod privileged;
mod proc_mount;
mod proc_mount_restricted;
mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux_options;
mod seccomp_profile_baseline;
mod seccomp_profile_restricted;
mod sysctls;
mod windows_host_process;

use super::pod::{Finding, Pod};
use super::standard::{Level, Standard, Version};

/// Judges a pod.
type Judge = fn(Pod<'_>) -> Option<Finding>;

/// One check.
struct Check {
    /// Upstream's name of it.
    id: &'static str,
    /// The level from which on it is asked.
    level: Level,
    /// Its forms, each with the minor version from which on it is the one, ascending.
    forms: &'static [(u64, Judge)],
    /// The check of the baseline that needs not be asked where this one is.
    instead_of: Option<&'static str>,
}

/// Every check, in the order in which findings are told: the baseline's first, each by its id.
static TABLE: &[Check] = &[
    app_armor_profile::CHECK,
    capabilities_baseline::CHECK,
    host_namespaces::CHECK,
    host_path_volumes::CHECK,
    host_ports::CHECK,
    host_probes_and_host_lifecycle::CHECK,
    privileged::CHECK,
    proc_mount::CHECK,
    se_linux_options::CHECK,
    seccomp_profile_baseline::CHECK,
    sysctls::CHECK,
    windows_host_process::CHECK,
    allow_privilege_escalation::CHECK,
    capabilities_restricted::CHECK,
    proc_mount_restricted::CHECK,
    restricted_volumes::CHECK,
    run_as_non_root::CHECK,
    run_as_user::CHECK,
    seccomp_profile_restricted::CHECK,
];

impl Check {
    /// The form that is asked by a standard, if it is.
    fn asked_by(&self, standard: Standard) -> Option<Judge> {
        let old = |since: u64| Version::Minor(since) <= standard.version;
        let form = self.forms.iter().rev().find(|(since, _)| old(*since));
        form.filter(|_| self.level <= standard.level).map(|(_, judge)| *judge)
    }
}

/// All that a standard has against a pod.
pub(super) fn findings(standard: Standard, pod: Pod<'_>) -> Vec<Finding> {
    let asked = |check: &Check| check.asked_by(standard);
    let replaced: Vec<&str> = TABLE
        .iter()
        .filter(|check| asked(check).is_some())
        .filter_map(|check| check.instead_of)
        .collect();
    TABLE
        .iter()
        .filter(|check| !replaced.contains(&check.id))
        .filter_map(|check| asked(check)?(pod))
        .collect()
}

/// Reasons with their details: `host ports (8080, 9090), privileged`.
pub(super) fn in_full(findings: &[Finding]) -> String {
    let each = |finding: &Finding| match finding.detail.as_str() {
        "" => finding.reason.to_owned(),
        detail => format!("{} ({detail})", finding.reason),
    };
    findings.iter().map(each).collect::<Vec<_>>().join(", ")
}

/// The reasons alone.
pub(super) fn in_short(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.reason).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_answers() {
        let place = |check: &Check| (check.level, check.id);
        assert!(TABLE.is_sorted_by(|one, two| place(one) < place(two)));
        for check in TABLE {
            assert!(check.forms.is_sorted_by(|one, two| one.0 < two.0), "{}", check.id);
            let replaced = check.instead_of.map(|id| TABLE.iter().find(|other| other.id == id));
            let fits = |other: Option<&Check>| other.is_some_and(|o| o.level == Level::Baseline);
            assert!(replaced.is_none_or(fits), "{}", check.id);
        }
    }
}
