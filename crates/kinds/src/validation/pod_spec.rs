//! `core.PodSpec`, of pods and of their templates. Mirrors `pkg/apis/core/validation`.

use super::containers::{self, PodFacts};
use super::resources::{self, Asker};
use super::text::range_sentence;
use super::{
    At, PodOptions, affinity, env, labels, network, pod_parts, scheduling, security, volumes,
    windows,
};
use object::{FieldErrors, names};
use std::collections::BTreeSet;

const NAMESERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCHES_BYTES: usize = 2048;
const HOSTNAME_OVERRIDE_BYTES: usize = 64;

/// All the rules for a spec.
pub(crate) fn pod_spec(
    at: &At<'_>,
    is_mirror: bool,
    options: &PodOptions,
    errors: &mut FieldErrors,
) {
    let grace = at.get("terminationGracePeriodSeconds");
    if !grace.is_set() {
        grace.required(errors, "");
    }
    let mountable = volumes::volumes(&at.get("volumes"), options, errors);
    let claims = at.get("resourceClaims");
    resource_claims(&claims, is_mirror, errors);
    let pod = PodFacts {
        volumes: mountable,
        claims: claims.items().map(|c| c.get("name").text()).filter(|n| !n.is_empty()).collect(),
        grace_seconds: grace.maybe_int(),
        os: at.get("os").is_set().then(|| at.get("os.name").text()),
        restart_policy: at.get("restartPolicy").text(),
        host_users: at.get("hostUsers").value != false,
        options,
    };
    let ordinary = at.get("containers");
    containers::ordinary(&ordinary, &pod, errors);
    containers::init(&at.get("initContainers"), &ordinary, &pod, errors);
    containers::ephemeral(&at.get("ephemeralContainers"), at, &pod, errors);
    pod_resources(at, &pod, errors);
    host_network_ports(at, options, errors);
    at.get("restartPolicy").require_one_of(errors, &["Always", "OnFailure", "Never"]);
    at.get("dnsPolicy")
        .require_one_of(errors, &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
    labels::map(&at.get("nodeSelector"), errors);
    security::pod(at, errors);
    affinity::affinity(&at.get("affinity"), options, errors);
    dns(at, errors);
    for gate in at.get("readinessGates").items() {
        gate.get("conditionType").check(errors, names::qualified_name);
    }
    scheduling::gates(&at.get("schedulingGates"), errors);
    scheduling::spread(&at.get("topologySpreadConstraints"), options, errors);
    windows::host_process(at, errors);
    host_users(at, errors);
    hostname_override(at, errors);
    small_fields(at, errors);
    operating_system(at, errors);
    let group = at.get("schedulingGroup");
    if group.is_set() {
        let name = group.get("podGroupName");
        if name.is_set() {
            name.check(errors, names::dns1123_subdomain);
        } else {
            name.invalid(errors, "must specify one of: `podGroupName`");
        }
    }
    env::file_volumes(at, errors);
}

fn small_fields(at: &At<'_>, errors: &mut FieldErrors) {
    type Rule = fn(&str) -> Vec<String>;
    let named: [(&'static str, Rule); 4] = [
        ("serviceAccountName", names::dns1123_subdomain),
        ("nodeName", names::dns1123_subdomain),
        ("hostname", names::dns1123_label),
        ("subdomain", names::dns1123_label),
    ];
    let check = |field: &'static str, rule: Rule, errors: &mut FieldErrors| {
        if !at.get(field).is_empty() {
            at.get(field).check(errors, rule);
        }
    };
    for (field, rule) in &named[..2] {
        check(field, *rule, errors);
    }
    let deadline = at.get("activeDeadlineSeconds");
    let most = i64::from(i32::MAX);
    if deadline.maybe_int().is_some_and(|seconds| !(1..=most).contains(&seconds)) {
        deadline.invalid(errors, range_sentence(1, most));
    }
    for (field, rule) in &named[2..] {
        check(field, *rule, errors);
    }
    scheduling::tolerations(&at.get("tolerations"), errors);
    for alias in at.get("hostAliases").items() {
        network::ip(&alias.get("ip"), &[], errors);
        for name in alias.get("hostnames").items() {
            name.check(errors, names::dns1123_subdomain);
        }
    }
    check("priorityClassName", names::dns1123_subdomain, errors);
    if at.get("runtimeClassName").is_set() {
        at.get("runtimeClassName").check(errors, names::dns1123_subdomain);
    }
    let preemption = at.get("preemptionPolicy");
    if preemption.is_set() {
        preemption.require_one_of(errors, &["PreemptLowerPriority", "Never"]);
    }
    let overhead = at.get("overhead");
    for (resource, _) in overhead.entries() {
        let quantity = overhead.key(resource).shown_as(&overhead.get("limits").key(resource));
        resources::container_name(&quantity, resource, errors);
        resources::value(&quantity, resource, errors);
    }
}

fn operating_system(at: &At<'_>, errors: &mut FieldErrors) {
    let os = at.get("os");
    if !os.is_set() {
        return;
    }
    let name = os.get("name");
    match name.text() {
        "" => name.required(errors, ""),
        "linux" => windows::not_on_linux(at, errors),
        "windows" => windows::not_on_windows(at, errors),
        other => os.not_supported_as(errors, other, &["linux", "windows"]),
    }
}

fn resource_claims(at: &At<'_>, is_mirror: bool, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for claim in at.items() {
        if is_mirror {
            errors.forbidden("", "static pods do not support resource claims");
            continue;
        }
        let name = claim.get("name");
        if name.require(errors) {
            if seen.contains(name.text()) {
                name.duplicate(errors, name.text());
            } else {
                name.check(errors, names::dns1123_label);
                seen.insert(name.text());
            }
        }
        let (direct, template) =
            (claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName"));
        match (direct.is_set(), template.is_set()) {
            (true, true) => claim.invalid(
                errors,
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be \
                 specified",
            ),
            (false, false) => claim.invalid(
                errors,
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            ),
            _ => {}
        }
        for reference in [direct, template] {
            if reference.is_set() {
                reference.check(errors, names::dns1123_subdomain);
            }
        }
    }
}

fn pod_resources(at: &At<'_>, pod: &PodFacts<'_>, errors: &mut FieldErrors) {
    let all = at.get("resources");
    if !all.is_set() {
        return;
    }
    if pod.os == Some("windows") {
        all.forbidden(errors, "may not be set for a windows pod");
        return;
    }
    all.get("claims").forbid(errors, "claims may not be set for Resources at pod-level");
    let lenient = pod.options.odd_huge_pages;
    resources::requirements(&all, Asker::Pod, &pod.claims, lenient, errors);
    super::pod_totals::consistent(at, &all, errors);
}

fn host_network_ports(at: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    if !at.get("hostNetwork").flag() {
        return;
    }
    for container in at.get("containers").items() {
        for port in container.get("ports").items() {
            let (host, inside) = (port.get("hostPort"), port.get("containerPort").int());
            if (options.is_pod || host.int() != 0) && host.int() != inside {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                host.invalid_as(errors, host.int(), detail);
            }
        }
    }
}

fn dns(at: &At<'_>, errors: &mut FieldErrors) {
    let config = at.get("dnsConfig");
    let (servers, searches) = (config.get("nameservers"), config.get("searches"));
    if at.get("dnsPolicy").text() == "None" {
        if !config.is_set() {
            config.required(errors, "must provide `dnsConfig` when `dnsPolicy` is None");
            return;
        }
        if servers.is_empty() {
            servers.required(
                errors,
                "must provide at least one DNS nameserver when `dnsPolicy` is None",
            );
            return;
        }
    }
    if servers.len() > NAMESERVERS_MAX {
        let detail = format!("must not have more than {NAMESERVERS_MAX} nameservers");
        servers.invalid(errors, detail);
    }
    for server in servers.items() {
        network::ip(&server, &[], errors);
    }
    if searches.len() > SEARCHES_MAX {
        searches.invalid(errors, format!("must not have more than {SEARCHES_MAX} search paths"));
    }
    if searches.texts().map(|s| s.len() + 1).sum::<usize>() > SEARCHES_BYTES + 1 {
        let detail = format!(
            "must not have more than {SEARCHES_BYTES} characters (including spaces) in the \
             search list"
        );
        searches.invalid(errors, detail);
    }
    for search in searches.items().filter(|s| s.text() != ".") {
        let name = search.text().strip_suffix('.').unwrap_or(search.text());
        for complaint in names::dns1123_subdomain_with_underscore(name) {
            search.invalid_as(errors, name, complaint);
        }
    }
    for option in config.get("options").items() {
        if option.get("name").is_empty() {
            option.required(errors, "must not be empty");
        }
    }
}

fn host_users(at: &At<'_>, errors: &mut FieldErrors) {
    const WHEN: &str = "when `hostUsers` is false";
    if at.get("hostUsers").value != false {
        return;
    }
    // Upstream names the internal fields for two of them.
    for (field, shown) in
        [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")]
    {
        if at.get(field).flag() {
            at.get(shown).forbidden(errors, WHEN);
        }
    }
    for container in pod_parts::containers(at) {
        if !container.get("volumeDevices").is_empty() {
            container.get("volumeDevices").forbidden(errors, WHEN);
        }
    }
}

fn hostname_override(at: &At<'_>, errors: &mut FieldErrors) {
    let name = at.get("hostnameOverride");
    if !name.is_set() {
        return;
    }
    if at.get("setHostnameAsFQDN").flag() {
        name.forbidden(errors, "may not be specified when setHostnameAsFQDN is true");
    }
    if at.get("hostNetwork").flag() {
        name.forbidden(errors, "may not be specified when hostNetwork is true");
    }
    if name.len() > HOSTNAME_OVERRIDE_BYTES {
        name.too_long(errors, HOSTNAME_OVERRIDE_BYTES);
    }
    name.check(errors, names::dns1123_subdomain);
}
