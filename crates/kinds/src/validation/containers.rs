//! The containers of a pod, of all three sorts. Mirrors `pkg/apis/core/validation`.

use super::resources::{Asker, requirements};
use super::volumes::Mountable;
use super::{At, PodOptions, env, images, mounts, probes, security};
use object::{FieldErrors, names};
use std::collections::BTreeSet;

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const RESTART_POLICIES: &[&str] = &["Always", "Never", "OnFailure"];
const RESTART_RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const NOT_EPHEMERAL: &[&str] = &[
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

/// What the rules for a container need to know of its pod.
pub(crate) struct PodFacts<'a> {
    pub(crate) volumes: Vec<Mountable<'a>>,
    pub(crate) claims: Vec<&'a str>,
    pub(crate) grace_seconds: Option<i64>,
    pub(crate) os: Option<&'a str>,
    pub(crate) restart_policy: &'a str,
    pub(crate) host_users: bool,
    pub(crate) options: &'a PodOptions,
}

/// The ordinary ones.
pub(crate) fn ordinary(at: &At<'_>, pod: &PodFacts<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    let mut seen = BTreeSet::new();
    for container in at.items() {
        common(&container, pod, errors);
        let name = container.get("name");
        if !seen.insert(name.text()) {
            name.duplicate(errors, name.text());
        }
        let lifecycle = container.get("lifecycle");
        probes::lifecycle(&lifecycle, pod.grace_seconds, pod.os, errors);
        probes::all(&container, pod.grace_seconds, errors);
        restart_policy(&container, errors);
    }
    host_ports(at.items(), at, errors);
}

/// Those that run before, and with `restartPolicy: Always` beside them.
pub(crate) fn init(at: &At<'_>, ordinary: &At<'_>, pod: &PodFacts<'_>, errors: &mut FieldErrors) {
    let mut seen: BTreeSet<&str> = ordinary.items().map(|c| c.get("name").text()).collect();
    for (index, container) in at.items().enumerate() {
        common(&container, pod, errors);
        let sidecar = container.get("restartPolicy").text() == "Always";
        restart_policy(&container, errors);
        let name = container.get("name");
        if seen.contains(name.text()) {
            name.duplicate(errors, name.text());
        } else if !name.is_empty() {
            seen.insert(name.text());
        }
        host_ports(std::iter::once(container.clone()), at, errors);
        if sidecar {
            probes::lifecycle(&container.get("lifecycle"), pod.grace_seconds, pod.os, errors);
            probes::all(&container, pod.grace_seconds, errors);
        } else {
            for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                container.get(field).forbid(
                    errors,
                    "may not be set for init containers without restartPolicy=Always",
                );
            }
            if !pod.options.init_restart_policies {
                for policy in at.index(index).get("resizePolicy").items() {
                    let policy = policy.get("restartPolicy");
                    if policy.text() == "RestartContainer" {
                        policy.invalid(
                            errors,
                            "must not be set to 'RestartContainer' for non-sidecar initContainers",
                        );
                    }
                }
            }
        }
    }
}

/// Those that are added to look at a running pod.
pub(crate) fn ephemeral(at: &At<'_>, spec: &At<'_>, pod: &PodFacts<'_>, errors: &mut FieldErrors) {
    let others: BTreeSet<&str> = ["containers", "initContainers"]
        .iter()
        .flat_map(|field| spec.get(field).items())
        .map(|c| c.get("name").text())
        .collect();
    let mut seen = others.clone();
    for container in at.items() {
        common(&container, pod, errors);
        images::without_space(&container, errors);
        let name = container.get("name");
        if !seen.insert(name.text()) {
            name.duplicate(errors, name.text());
        }
        let target = container.get("targetContainerName");
        if !target.is_empty() && !others.contains(target.text()) {
            target.not_found(errors, "");
        }
        for field in NOT_EPHEMERAL {
            if !container.get(field).is_empty() {
                container.get(field).forbidden(errors, "cannot be set for an Ephemeral Container");
            }
        }
        for mount in container.get("volumeMounts").items() {
            for field in ["subPath", "subPathExpr"] {
                if !mount.get(field).is_empty() {
                    mount.get(field).forbidden(errors, "cannot be set for an Ephemeral Container");
                }
            }
        }
    }
}

fn common(at: &At<'_>, pod: &PodFacts<'_>, errors: &mut FieldErrors) {
    let name = at.get("name");
    if name.require(errors) {
        name.check(errors, names::dns1123_label);
    }
    at.get("image").require(errors);
    at.get("terminationMessagePolicy").require_one_of(errors, &["File", "FallbackToLogsOnError"]);
    ports(&at.get("ports"), errors);
    env::variables(&at.get("env"), errors);
    env::sources(&at.get("envFrom"), errors);
    mounts::mounts(at, &pod.volumes, errors);
    mounts::devices(at, &pod.volumes, errors);
    images::pull_policy(&at.get("imagePullPolicy"), errors);
    let huge = pod.options.odd_huge_pages;
    requirements(&at.get("resources"), Asker::Container, &pod.claims, huge, errors);
    resize_policy(&at.get("resizePolicy"), pod.restart_policy, errors);
    security::container(&at.get("securityContext"), pod.host_users, errors);
}

fn ports(at: &At<'_>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for port in at.items() {
        let name = port.get("name");
        if !name.is_empty() {
            let before = errors.0.len();
            name.check(errors, names::port_name);
            if errors.0.len() == before && !seen.insert(name.text()) {
                name.duplicate(errors, name.text());
            }
        }
        let number = port.get("containerPort");
        if number.require(errors) {
            number.check_int(errors, names::port_number);
        }
        if !port.get("hostPort").is_empty() {
            port.get("hostPort").check_int(errors, names::port_number);
        }
        port.get("protocol").require_one_of(errors, PROTOCOLS);
    }
}

fn host_ports<'a>(
    containers: impl Iterator<Item = At<'a>>,
    list: &At<'_>,
    errors: &mut FieldErrors,
) {
    let mut seen = BTreeSet::new();
    for (c, container) in containers.enumerate() {
        for (p, port) in container.get("ports").items().enumerate() {
            let number = port.get("hostPort").int();
            let (protocol, ip) = (port.get("protocol").text(), port.get("hostIP").text());
            let key = format!("{protocol}/{ip}/{number}");
            if number != 0 && !seen.insert(key.clone()) {
                list.index(c).get("ports").index(p).get("hostPort").duplicate(errors, key);
            }
        }
    }
}

fn resize_policy(at: &At<'_>, pod_restart_policy: &str, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for policy in at.items() {
        let (resource, restart) = (policy.get("resourceName"), policy.get("restartPolicy"));
        if !seen.insert(resource.text()) {
            policy.duplicate(errors, resource.text());
        }
        resource.shown_as(at).require_one_of(errors, &["cpu", "memory"]);
        restart.shown_as(at).require_one_of(errors, &["NotRequired", "RestartContainer"]);
        if pod_restart_policy == "Never" && restart.text() != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            at.invalid_as(errors, restart.text(), detail);
        }
    }
}

fn restart_policy(container: &At<'_>, errors: &mut FieldErrors) {
    let (policy, rules) = (container.get("restartPolicy"), container.get("restartPolicyRules"));
    if policy.is_set() {
        policy.one_of(errors, RESTART_POLICIES);
    } else if !rules.is_empty() {
        policy.required(errors, "must specify restartPolicy when restart rules are used");
    }
    rules.at_most(errors, RESTART_RULES_MAX);
    for rule in rules.items() {
        rule.get("action").one_of(errors, &["Restart", "RestartAllContainers"]);
        let codes = rule.get("exitCodes");
        if codes.is_set() {
            codes.get("operator").one_of(errors, &["In", "NotIn"]);
            codes.get("values").at_most(errors, EXIT_CODES_MAX);
        } else {
            codes.required(errors, "must be specified");
        }
    }
}
