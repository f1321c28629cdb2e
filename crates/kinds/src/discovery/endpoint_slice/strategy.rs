//! How endpoint slices differ while they are written. Mirrors
//! `pkg/registry/discovery/endpointslice`.

use crate::Context;
use crate::validation::{At, equal, labels, network};
use object::{FieldErrors, Value, meta, names};
use std::collections::BTreeSet;

const ENDPOINTS_MAX: usize = 1000;
const ADDRESSES_MAX: usize = 100;
const PORTS_MAX: usize = 20_000;
const TOPOLOGY_MAX: usize = 16;
const HINTS_MAX: usize = 8;
const HOST_LABEL: &str = "kubernetes.io/hostname";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        drop_topology(object, &Value::Null);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, _context: &Context) {
        // Labels count too, and there is no spec: all but metadata is one.
        let labels = |object: &Value| object["metadata"]["labels"].clone();
        let body = |object: &Value| {
            let mut body = object.clone();
            if let Some(map) = body.as_object_mut() {
                map.remove("metadata");
            }
            body
        };
        let same = equal::semantically(&labels(object), &labels(old))
            && equal::semantically(&body(object), &body(old));
        let next = meta::generation(old) + i64::from(!same);
        meta::of(object).insert("generation".into(), next.into());
        if !equal::semantically(&object["endpoints"], &old["endpoints"]) {
            drop_topology(object, old);
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        slice(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        slice(object, Some(old), errors);
        let kind = At::root(object).get("addressType");
        kind.immutable_text(errors, &At::root(old).get("addressType"));
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut out = Vec::new();
        if old.is_none() && object["addressType"] == "FQDN" {
            out.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
        }
        let manager = object["metadata"]["labels"][MANAGED_BY].as_str().unwrap_or_default();
        let ours = ["endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"];
        if !ours.contains(&manager) {
            for endpoint in At::root(object).get("endpoints").items() {
                let list = endpoint.get("addresses");
                out.extend(list.items().filter_map(|at| network::ip_warning(&at)));
            }
        }
        out
    }
}

/// The old map of topology is not taken; a node's name in it is kept where it was before.
fn drop_topology(object: &mut Value, old: &Value) {
    const FIELD: &str = "deprecatedTopology";
    let before = old["endpoints"].as_array().into_iter().flatten();
    let known: Vec<Value> = before.map(|e| e[FIELD][HOST_LABEL].clone()).collect();
    let list = object.get_mut("endpoints").and_then(Value::as_array_mut);
    for endpoint in list.into_iter().flatten().filter_map(Value::as_object_mut) {
        let Some(topology) = endpoint.remove(FIELD) else { continue };
        let name = &topology[HOST_LABEL];
        let good = name.as_str().is_some_and(|n| names::dns1123_subdomain(n).is_empty());
        let unnamed = endpoint.get("nodeName").is_none_or(Value::is_null);
        if good && unnamed && known.contains(name) {
            endpoint.insert("nodeName".into(), name.clone());
        }
    }
}

fn slice(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    root.get("addressType").require_one_of(errors, &["FQDN", "IPv4", "IPv6"]);
    ports(&root.get("ports"), errors);
    let list = root.get("endpoints");
    if old.is_some_and(|old| equal::semantically(&old["endpoints"], list.value)) {
        return;
    }
    if list.len() > ENDPOINTS_MAX {
        list.at_most(errors, ENDPOINTS_MAX);
        return;
    }
    for endpoint in list.items() {
        one_endpoint(&endpoint, root.get("addressType").text(), errors);
    }
}

fn ports(at: &At<'_>, errors: &mut FieldErrors) {
    if at.len() > PORTS_MAX {
        at.at_most(errors, PORTS_MAX);
        return;
    }
    let mut seen = BTreeSet::new();
    for port in at.items() {
        let name = port.get("name");
        if !name.is_empty() {
            name.check(errors, names::dns1123_label);
        }
        if !seen.insert(name.text()) {
            name.duplicate(errors, name.text());
        }
        let protocol = port.get("protocol");
        if protocol.is_set() {
            protocol.one_of(errors, &["SCTP", "TCP", "UDP"]);
        } else {
            protocol.required(errors, "");
        }
        if port.get("appProtocol").is_set() {
            port.get("appProtocol").check(errors, names::qualified_name);
        }
    }
}

fn one_endpoint(at: &At<'_>, kind: &str, errors: &mut FieldErrors) {
    let addresses = at.get("addresses");
    if addresses.is_empty() {
        addresses.required(errors, "must contain at least 1 address");
    }
    addresses.at_most(errors, ADDRESSES_MAX);
    for address in addresses.items() {
        one_address(&address, &addresses, kind, errors);
    }
    if at.get("nodeName").is_set() {
        at.get("nodeName").check(errors, names::dns1123_subdomain);
    }
    let topology = at.get("deprecatedTopology");
    topology.at_most(errors, TOPOLOGY_MAX);
    labels::map(&topology, errors);
    if at.get("hostname").is_set() {
        at.get("hostname").check(errors, names::dns1123_label);
    }
    let hints = at.get("hints");
    for (field, rule) in [
        ("forZones", names::label_value as fn(&str) -> Vec<String>),
        ("forNodes", names::dns1123_subdomain),
    ] {
        let list = hints.get(field);
        if list.len() > HINTS_MAX {
            list.at_most(errors, HINTS_MAX);
            break;
        }
        let mut seen = BTreeSet::new();
        for name in list.items().map(|hint| hint.get("name")) {
            if !seen.insert(name.text()) {
                name.duplicate(errors, name.text());
            }
            name.check(errors, rule);
        }
    }
}

fn one_address(at: &At<'_>, list: &At<'_>, kind: &str, errors: &mut FieldErrors) {
    let before = errors.0.len();
    match kind {
        "IPv4" => {
            network::ip(at, &[], errors);
        }
        "IPv6" => network::canonical_ip(at, errors),
        "FQDN" => {
            domain_name(at, errors);
            return;
        }
        _ => return,
    }
    if errors.0.len() > before {
        return;
    }
    if network::is_ipv6(at.text()) != (kind == "IPv6") {
        list.invalid_as(errors, at.text(), format!("must be an {kind} address"));
    }
    network::endpoint_ip(at, errors);
}

fn domain_name(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    let name = at.text().strip_suffix('.').unwrap_or(at.text());
    let complaints = names::dns1123_subdomain(name);
    if !complaints.is_empty() {
        at.invalid_as(errors, name, complaints.join(","));
    } else if !name.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        at.invalid_as(errors, name, detail);
    } else {
        for label in name.split('.') {
            let complaints = names::dns1123_label(label);
            if !complaints.is_empty() {
                at.invalid_as(errors, label, complaints.join(","));
                return;
            }
        }
    }
}
