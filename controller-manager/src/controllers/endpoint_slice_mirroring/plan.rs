//! Which slices an Endpoints should have: pure. One for each set of ports and family.

use super::super::slices::{MANAGED_BY, SERVICE_NAME};
use super::super::subsets::repack;
use control::{Action, owner::controller_ref};
use k8s_openapi::api::core::v1::{EndpointAddress, Endpoints};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Who its slices say that they are managed by.
pub(super) const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";

/// Annotations that say nothing of the endpoints.
const NOT_COPIED: [&str; 2] = [
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// The longest name, in bytes.
const NAME_MAX: usize = 253;

/// What to write, and how much is not mirrored.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) actions: Vec<Action>,
    /// Addresses that are none.
    pub(super) invalid: usize,
    /// Those, and the ones beyond the limit.
    pub(super) skipped: usize,
}

struct Group {
    address_type: &'static str,
    ports: Vec<EndpointPort>,
    endpoints: Vec<Endpoint>,
}

/// Plans for `endpoints`, which have `slices` by now; `per_subset` is the most addresses of one
/// subset that are mirrored.
pub(super) fn plan(
    endpoints: &Endpoints,
    slices: &[Arc<EndpointSlice>],
    per_subset: usize,
) -> Plan {
    let mut plan = Plan::default();
    let groups = groups(endpoints, per_subset, &mut plan);
    let mut left: Vec<&EndpointSlice> = slices.iter().map(|slice| &**slice).collect();
    let (mut new, mut updated, mut unwanted) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        let is_own = |slice: &&EndpointSlice| {
            slice.address_type == group.address_type
                && sorted_ports(slice.ports.clone().unwrap_or_default()) == group.ports
        };
        let (own, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(is_own);
        left = rest;
        let mut wanted = slice(endpoints, group);
        wanted.endpoints.get_or_insert_default().truncate(per_subset);
        match own.split_first() {
            None => new.push(wanted),
            Some((first, others)) => {
                unwanted.extend(others);
                updated.extend(update(first, wanted, endpoints));
            }
        }
    }
    unwanted.extend(left);
    // What is to go is written anew, where there is something to be made.
    for wanted in new {
        let old = unwanted.iter().position(|slice| slice.address_type == wanted.address_type);
        match old {
            Some(index) => updated.push(replace(unwanted.remove(index), wanted)),
            None if endpoints.metadata.deletion_timestamp.is_some() => {}
            None => plan.actions.push(Action::create(&wanted)),
        }
    }
    plan.actions.extend(updated.iter().map(Action::update));
    plan.actions.extend(unwanted.into_iter().map(Action::delete));
    plan
}

fn groups(endpoints: &Endpoints, per_subset: usize, plan: &mut Plan) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for subset in repack(endpoints.subsets.as_deref().unwrap_or_default()) {
        let ports: Vec<EndpointPort> = subset
            .ports
            .into_iter()
            .flatten()
            .map(|port| EndpointPort {
                name: Some(port.name.unwrap_or_default()),
                port: Some(port.port),
                protocol: Some(port.protocol.unwrap_or_else(|| "TCP".into())),
                app_protocol: port.app_protocol,
            })
            .collect();
        let ports = sorted_ports(ports);
        let ready = subset.addresses.into_iter().flatten().map(|address| (address, true));
        let unready = subset.not_ready_addresses.into_iter().flatten();
        let addresses: Vec<_> = ready.chain(unready.map(|address| (address, false))).collect();
        let (total, mut added) = (addresses.len(), 0);
        for (address, is_ready) in addresses {
            if added >= per_subset {
                break;
            }
            let Some((address_type, endpoint)) = endpoint(address, is_ready) else {
                plan.invalid += 1;
                continue;
            };
            added += 1;
            let known = groups
                .iter_mut()
                .find(|group| group.address_type == address_type && group.ports == ports);
            match known {
                Some(group) => insert(&mut group.endpoints, endpoint),
                None => {
                    let (ports, endpoints) = (ports.clone(), vec![endpoint]);
                    groups.push(Group { address_type, ports, endpoints });
                }
            }
        }
        plan.skipped += total - added;
    }
    groups
}

/// Adds `endpoint`, in place of one that is the same to a reader of slices.
fn insert(endpoints: &mut Vec<Endpoint>, endpoint: Endpoint) {
    match endpoints.iter_mut().find(|known| is_same(known, &endpoint)) {
        Some(known) => *known = endpoint,
        None => endpoints.push(endpoint),
    }
}

/// Whether both stand for the same.
fn is_same(one: &Endpoint, other: &Endpoint) -> bool {
    let target = |endpoint: &Endpoint| {
        let target = endpoint.target_ref.as_ref();
        target.map(|target| (target.namespace.clone(), target.name.clone()))
    };
    one.addresses == other.addresses
        && one.hostname == other.hostname
        && target(one) == target(other)
}

fn endpoint(address: EndpointAddress, is_ready: bool) -> Option<(&'static str, Endpoint)> {
    let ip = parse(&address.ip)?;
    let endpoint = Endpoint {
        addresses: vec![ip.to_string()],
        conditions: Some(EndpointConditions {
            ready: Some(is_ready),
            ..EndpointConditions::default()
        }),
        hostname: address.hostname.filter(|name| !name.is_empty()),
        node_name: address.node_name,
        target_ref: address.target_ref,
        ..Endpoint::default()
    };
    Some((if ip.is_ipv4() { "IPv4" } else { "IPv6" }, endpoint))
}

/// An address as Kubernetes reads old ones: zeros before a part of an IPv4 address are nothing,
/// and an IPv4 address in IPv6's dress is one.
fn parse(text: &str) -> Option<IpAddr> {
    let plain = |part: &str| {
        let short = part.trim_start_matches('0');
        if short.is_empty() && !part.is_empty() { "0".to_owned() } else { short.to_owned() }
    };
    let text = if text.contains(':') {
        text.to_owned()
    } else {
        text.split('.').map(plain).collect::<Vec<_>>().join(".")
    };
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn sorted_ports(mut ports: Vec<EndpointPort>) -> Vec<EndpointPort> {
    let key = |port: &EndpointPort| (port.name.clone(), port.port, port.protocol.clone());
    ports.sort_by_key(key);
    ports
}

fn slice(endpoints: &Endpoints, group: Group) -> EndpointSlice {
    let meta = &endpoints.metadata;
    let name = meta.name.clone().unwrap_or_default();
    let mut labels = meta.labels.clone().unwrap_or_default();
    labels.insert(SERVICE_NAME.into(), name.clone());
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    let annotations: BTreeMap<String, String> = meta
        .annotations
        .iter()
        .flatten()
        .filter(|(name, _)| !NOT_COPIED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let prefix = if name.len() < NAME_MAX { format!("{name}-") } else { name };
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(prefix),
            namespace: meta.namespace.clone(),
            labels: Some(labels),
            annotations: Some(annotations).filter(|all| !all.is_empty()),
            owner_references: Some(vec![controller_ref(endpoints)]),
            ..ObjectMeta::default()
        },
        address_type: group.address_type.into(),
        endpoints: Some(group.endpoints),
        ports: Some(group.ports).filter(|ports| !ports.is_empty()),
    }
}

/// What makes `old` say what `wanted` says; `None` when it does.
fn update(
    old: &EndpointSlice,
    wanted: EndpointSlice,
    endpoints: &Endpoints,
) -> Option<EndpointSlice> {
    let list = |slice: &EndpointSlice| slice.endpoints.clone().unwrap_or_default();
    let (had, has) = (list(old), list(&wanted));
    let same_endpoints =
        had.len() == has.len() && has.iter().all(|endpoint| had.contains(endpoint));
    let notes = |slice: &EndpointSlice| slice.metadata.annotations.clone().unwrap_or_default();
    // The Endpoints were deleted and made anew.
    let of_another = old.metadata.owner_references.iter().flatten().any(|owner| {
        owner.kind == "Endpoints"
            && Some(&owner.name) == endpoints.metadata.name.as_ref()
            && Some(&owner.uid) != endpoints.metadata.uid.as_ref()
    });
    let same = same_endpoints
        && old.metadata.labels == wanted.metadata.labels
        && notes(old) == notes(&wanted)
        && !of_another;
    (!same).then(|| replace(old, wanted))
}

fn replace(old: &EndpointSlice, wanted: EndpointSlice) -> EndpointSlice {
    let metadata = ObjectMeta {
        name: old.metadata.name.clone(),
        resource_version: old.metadata.resource_version.clone(),
        generate_name: None,
        ..wanted.metadata
    };
    EndpointSlice { metadata, ..wanted }
}

#[cfg(test)]
mod tests;
