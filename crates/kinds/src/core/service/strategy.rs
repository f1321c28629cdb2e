//! How services differ while they are written. Mirrors `pkg/registry/core/service` and the
//! service's part of `pkg/apis/core/validation`. Giving out addresses and ports is the API
//! server's: it comes before these rules.

use super::address_rules::{self, is_headless};
use super::status_rules;
use crate::Context;
use crate::name_rules;
use crate::validation::{At, equal, labels, network, probes};
use object::{FieldErrors, Value, json, names};
use std::collections::BTreeSet;

const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";
const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const POLICIES: &[&str] = &["Cluster", "Local"];
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const AFFINITY_MAX_SECONDS: i64 = 86400;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        object["status"] = json!({"loadBalancer": {}});
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        if context.subresource.is_empty() {
            drop_what_the_type_lost(object, old);
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        service(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            status_rules::status(object, old, errors);
            return;
        }
        address_rules::changes(object, old, errors);
        let (new, was) = (At::root(object), At::root(old));
        let class = new.get("spec.loadBalancerClass");
        let both = [&new, &was].iter().all(|s| s.get("spec.type").text() == "LoadBalancer");
        if both && class.value != was.get("spec.loadBalancerClass").value {
            class.invalid(errors, "may not change once set");
        }
        let port = new.get("spec.healthCheckNodePort");
        let checked = [&new, &was].iter().all(|s| needs_health_check(s));
        if checked && port.int() != was.get("spec.healthCheckNodePort").int() {
            port.forbidden(errors, "field is immutable");
        }
        service(object, Some(old), errors);
    }

    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        name_rules::label(name, prefix)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        super::warnings::warnings(object)
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn is_external(service: &At<'_>) -> bool {
    match service.get("spec.type").text() {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !service.get("spec.externalIPs").is_empty(),
        _ => false,
    }
}

fn needs_health_check(service: &At<'_>) -> bool {
    service.get("spec.type").text() == "LoadBalancer"
        && service.get("spec.externalTrafficPolicy").text() == "Local"
}

fn service(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let annotations = root.get("metadata").get("annotations");
    let (mode, hints) = (annotations.key(TOPOLOGY_MODE), annotations.key(TOPOLOGY_HINTS));
    if mode.is_set() && hints.is_set() && mode.text() != hints.text() {
        let detail = format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified");
        mode.invalid(errors, detail);
    }
    by_type(&root, &spec, errors);
    ports(&root, &spec, errors);
    labels::map(&spec.get("selector"), errors);
    session_affinity(&spec, errors);
    address_rules::addresses(&root, old, errors);
    let was = old.map(|old| At::root(old).get("spec.externalIPs"));
    let was: Vec<&str> = was.iter().flat_map(|list| list.texts()).collect();
    for ip in spec.get("externalIPs").items() {
        if network::ip(&ip, &was, errors) {
            network::endpoint_ip(&ip, errors);
        }
    }
    spec.get("type").require_one_of(errors, TYPES);
    port_numbers(&spec, errors);
    source_ranges(&root, &spec, old, errors);
    let load_balancer = spec.get("type").text() == "LoadBalancer";
    let allocate = spec.get("allocateLoadBalancerNodePorts");
    if allocate.is_set() && !load_balancer {
        allocate.forbidden(errors, ONLY_LOAD_BALANCER);
    }
    if load_balancer && !allocate.is_set() {
        root.get("allocateLoadBalancerNodePorts").required(errors, "");
    }
    let class = spec.get("loadBalancerClass");
    if class.is_set() && load_balancer {
        class.check(errors, names::qualified_name);
    } else if class.is_set() {
        class.forbidden(errors, ONLY_LOAD_BALANCER);
    }
    traffic(&root, &spec, errors);
}

fn by_type(root: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    let kind = spec.get("type").text();
    let headless = is_headless(root);
    let ports = spec.get("ports");
    if ports.is_empty() && !headless && kind != "ExternalName" {
        ports.required(errors, "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => spec
            .get("clusterIPs")
            .index(0)
            .invalid(errors, format!("may not be set to 'None' for {kind} services")),
        "ExternalName" => {
            for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                if !spec.get(field).is_empty() {
                    let detail = "may not be set for ExternalName services";
                    spec.get(field).forbidden(errors, detail);
                }
            }
            let name = spec.get("externalName");
            let host = name.text().strip_suffix('.').unwrap_or(name.text());
            if host.is_empty() {
                name.required(errors, "");
            }
            for complaint in names::dns1123_subdomain(host).iter().filter(|_| !host.is_empty()) {
                name.invalid_as(errors, host, complaint.as_str());
            }
        }
        _ => {}
    }
}

fn ports(_root: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    let list = spec.get("ports");
    let mut seen = BTreeSet::new();
    for port in list.items() {
        let name = port.get("name");
        if !name.is_empty() {
            name.check(errors, names::dns1123_label);
            if !seen.insert(name.text()) {
                name.duplicate(errors, name.text());
            }
        } else if list.len() > 1 {
            name.required(errors, "");
        }
        port.get("port").check_int(errors, names::port_number);
        port.get("protocol").require_one_of(errors, PROTOCOLS);
        probes::port_or_name(&port.get("targetPort"), errors);
        if port.get("appProtocol").is_set() {
            port.get("appProtocol").check(errors, names::qualified_name);
        }
    }
}

fn port_numbers(spec: &At<'_>, errors: &mut FieldErrors) {
    let list = spec.get("ports");
    if spec.get("type").text() == "ClusterIP" {
        for port in list.items().map(|port| port.get("nodePort")) {
            if port.int() != 0 {
                port.forbidden(errors, "may not be used when `type` is 'ClusterIP'");
            }
        }
    }
    let mut node_ports = BTreeSet::new();
    for port in list.items() {
        let node_port = port.get("nodePort");
        let key = (port.get("protocol").text(), node_port.int());
        if node_port.int() != 0 && !node_ports.insert(key) {
            node_port.duplicate(errors, node_port.int());
        }
    }
    let mut seen = BTreeSet::new();
    for port in list.items() {
        let (protocol, number) = (port.get("protocol").text(), port.get("port").int());
        if !seen.insert((protocol, number)) {
            // Upstream shows a port of its internal type with nothing but the key filled in.
            port.duplicate(errors, shown_port(protocol, number));
        }
    }
}

fn shown_port(protocol: &str, number: i64) -> Value {
    json!({"Name": "", "Protocol": protocol, "AppProtocol": null, "Port": number,
        "TargetPort": 0, "NodePort": 0})
}

fn session_affinity(spec: &At<'_>, errors: &mut FieldErrors) {
    const WHEN: &str = "when session affinity type is ClientIP";
    let (kind, config) = (spec.get("sessionAffinity"), spec.get("sessionAffinityConfig"));
    kind.require_one_of(errors, &["ClientIP", "None"]);
    match kind.text() {
        "ClientIP" => {
            let client = config.get("clientIP");
            let seconds = client.get("timeoutSeconds");
            for at in [&config, &client, &seconds] {
                if !at.is_set() {
                    at.required(errors, WHEN);
                    return;
                }
            }
            if !(1..=AFFINITY_MAX_SECONDS).contains(&seconds.int()) {
                let detail = format!("must be greater than 0 and less than {AFFINITY_MAX_SECONDS}");
                seconds.invalid(errors, detail);
            }
        }
        "None" => config.forbid(errors, "must not be set when session affinity is None"),
        _ => {}
    }
}

fn source_ranges(root: &At<'_>, spec: &At<'_>, old: Option<&Value>, errors: &mut FieldErrors) {
    let load_balancer = spec.get("type").text() == "LoadBalancer";
    let list = spec.get("loadBalancerSourceRanges");
    let shown = list.shown_as(&spec.get("LoadBalancerSourceRanges"));
    let annotation = root.get("metadata.annotations").key(SOURCE_RANGES);
    if !list.is_empty() {
        if !load_balancer {
            shown.forbidden(errors, ONLY_LOAD_BALANCER);
        }
        let was = old.map(|old| At::root(old).get("spec.loadBalancerSourceRanges"));
        let was: Vec<&str> = was.iter().flat_map(|l| l.texts()).map(str::trim).collect();
        for range in shown.items() {
            network::cidr(&range, range.text().trim(), &was, errors);
        }
    } else if annotation.is_set() {
        if !load_balancer {
            annotation.forbidden(errors, ONLY_LOAD_BALANCER);
        }
        let was = old.and_then(|old| object::meta::annotation(old, SOURCE_RANGES));
        let text = annotation.text().trim();
        if was != Some(annotation.text()) && !text.is_empty() {
            for range in text.split(',') {
                network::cidr(&annotation, range.trim(), &[], errors);
            }
        }
    }
}

fn traffic(root: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    let policy = spec.get("externalTrafficPolicy");
    if is_external(root) {
        policy.require_one_of(errors, POLICIES);
    } else if !policy.is_empty() {
        policy.invalid(errors, "may only be set for externally-accessible services");
    }
    let port = spec.get("healthCheckNodePort");
    if !needs_health_check(root) {
        if port.int() != 0 {
            port.invalid(
                errors,
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is \
                 'Local'",
            );
        }
    } else if port.require(errors) {
        port.check_int(errors, names::port_number);
    }
    let inside = spec.get("internalTrafficPolicy");
    let inward = matches!(spec.get("type").text(), "NodePort" | "LoadBalancer" | "ClusterIP");
    if !inside.is_set() && inward {
        inside.required(errors, "");
    }
    inside.maybe_one_of(errors, POLICIES);
    spec.get("trafficDistribution")
        .maybe_one_of(errors, &["PreferClose", "PreferSameZone", "PreferSameNode"]);
}

/// A service that changes its type loses what the new type can't have, where the caller left it
/// as it was.
fn drop_what_the_type_lost(object: &mut Value, old: &Value) {
    let (new_at, old_at) = (At::root(object), At::root(old));
    let of = |at: &At<'_>| at.get("spec.type").text().to_owned();
    let (kind, was) = (of(&new_at), of(&old_at));
    let (external, was_external) = (is_external(&new_at), is_external(&old_at));
    let (checked, was_checked) = (needs_health_check(&new_at), needs_health_check(&old_at));
    let has_node_ports = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    let mut lost = Vec::new();
    if was != "ExternalName" && kind == "ExternalName" {
        let same = |field: &str| equal::semantically(&object["spec"][field], &old["spec"][field]);
        if same("clusterIP") && same("clusterIPs") {
            lost.extend(["clusterIP", "clusterIPs"]);
        }
        lost.extend(["ipFamilies", "ipFamilyPolicy"].into_iter().filter(|field| same(field)));
    }
    let lost_balancer = was == "LoadBalancer" && kind != "LoadBalancer";
    for (field, gone) in [
        ("healthCheckNodePort", was_checked && !checked),
        ("allocateLoadBalancerNodePorts", lost_balancer),
        ("loadBalancerClass", lost_balancer),
        ("externalTrafficPolicy", was_external && !external),
    ] {
        if gone && object["spec"][field] == old["spec"][field] {
            lost.push(field);
        }
    }
    let numbers = |service: &Value| -> BTreeSet<i64> {
        let ports = service["spec"]["ports"].as_array().into_iter().flatten();
        ports.filter_map(|p| p["nodePort"].as_i64()).filter(|n| *n != 0).collect()
    };
    let ports_lost = has_node_ports(&was)
        && !has_node_ports(&kind)
        && numbers(old).is_superset(&numbers(object));
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        for field in lost {
            spec.remove(field);
        }
        let ports = spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten();
        for port in ports.filter(|_| ports_lost).filter_map(Value::as_object_mut) {
            port.remove("nodePort");
        }
    }
    if kind != "LoadBalancer" {
        object["status"]["loadBalancer"] = json!({});
    }
}
