//! Which slices a Service should have: pure. As few as possible are written.

use super::super::backends::{
    addresses, can_serve, host_name, is_headless, reference, spec, target_port,
};
use super::super::slices::{MANAGED_BY, SERVICE_NAME};
use super::super::trigger_time;
use control::{Action, owner::controller_ref, pods};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::{
    Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice, ForNode, ForZone,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who its slices say that they are managed by.
pub(super) const MANAGER: &str = "endpointslice-controller.k8s.io";

/// What is known of a Service.
pub(super) struct Snapshot<'a> {
    pub(super) service: &'a Service,
    /// The pods that it selects.
    pub(super) pods: &'a [Arc<Pod>],
    /// The slices that this controller made for it.
    pub(super) slices: &'a [Arc<EndpointSlice>],
    /// Where a node is; `None` when there is no such node.
    pub(super) place: &'a dyn Fn(&str) -> Option<Place>,
    /// The most endpoints of a slice.
    pub(super) per_slice: usize,
    /// When what the slices follow began to change.
    pub(super) changed_at: Option<Timestamp>,
}

/// Where a node is.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) zone: Option<String>,
}

/// Endpoints that may share a slice: family and ports are the same for all of a slice.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    address_type: &'static str,
    ports: Vec<EndpointPort>,
    endpoints: Vec<Endpoint>,
}

/// Plans for `snapshot`.
pub(super) fn plan(snapshot: &Snapshot<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let families = families(snapshot.service);
    for address_type in ["IPv4", "IPv6"] {
        let existing: Vec<&EndpointSlice> = snapshot
            .slices
            .iter()
            .map(|slice| &**slice)
            .filter(|slice| slice.address_type == address_type)
            .collect();
        let (existing, foreign): (Vec<_>, Vec<_>) =
            existing.into_iter().partition(|slice| is_owned(slice, snapshot.service));
        actions.extend(foreign.into_iter().map(Action::delete));
        if families.contains(&address_type) {
            fill(snapshot, groups(snapshot, address_type), existing, address_type, &mut actions);
        } else {
            actions.extend(existing.into_iter().map(Action::delete));
        }
    }
    actions
}

/// Whether `slice` is this Service's, and not that of a former one of its name.
fn is_owned(slice: &EndpointSlice, service: &Service) -> bool {
    let mut owners = slice.metadata.owner_references.iter().flatten();
    owners.any(|owner| owner.kind == "Service" && Some(&owner.uid) == service.metadata.uid.as_ref())
}

/// Why the plan leaves out a pod that it should not, where it does: its node is not there. It may
/// be there soon, or the pod not for long.
pub(super) fn left_out(snapshot: &Snapshot<'_>) -> Option<String> {
    let service = &snapshot.service.metadata;
    let lost = snapshot.pods.iter().find(|pod| can_serve(pod, true) && is_lost(snapshot, pod))?;
    Some(format!(
        "skipping Pod {} for Service {}/{}: Node {} Not Found",
        lost.metadata.name.as_deref().unwrap_or_default(),
        service.namespace.as_deref().unwrap_or_default(),
        service.name.as_deref().unwrap_or_default(),
        pods::node_name(lost)
    ))
}

fn is_lost(snapshot: &Snapshot<'_>, pod: &Pod) -> bool {
    !always(snapshot.service) && (snapshot.place)(pods::node_name(pod)).is_none()
}

/// Whether its addresses are published whatever its pods do.
fn always(service: &Service) -> bool {
    spec(service).publish_not_ready_addresses == Some(true)
}

fn families(service: &Service) -> Vec<&'static str> {
    let spec = spec(service);
    if spec.type_.as_deref() == Some("ExternalName") {
        return Vec::new();
    }
    let name = |ipv6: bool| if ipv6 { "IPv6" } else { "IPv4" };
    match spec.ip_families.as_deref() {
        Some(families) if !families.is_empty() => {
            families.iter().map(|family| name(family == "IPv6")).collect()
        }
        _ => match spec.cluster_ip.as_deref() {
            None | Some("" | "None") => vec!["IPv4", "IPv6"],
            Some(address) => vec![name(address.contains(':'))],
        },
    }
}

fn groups(snapshot: &Snapshot<'_>, address_type: &'static str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for pod in snapshot.pods.iter().filter(|pod| can_serve(pod, true)) {
        let addresses = addresses(pod, address_type == "IPv6");
        if addresses.is_empty() || is_lost(snapshot, pod) {
            continue;
        }
        let endpoint = endpoint(snapshot, pod, addresses);
        let ports = ports(snapshot.service, pod);
        match groups.iter_mut().find(|group| group.ports == ports) {
            Some(group) => group.endpoints.push(endpoint),
            None => groups.push(Group { address_type, ports, endpoints: vec![endpoint] }),
        }
    }
    groups
}

fn endpoint(snapshot: &Snapshot<'_>, pod: &Pod, addresses: Vec<String>) -> Endpoint {
    let serving = pods::is_ready(pod);
    let terminating = pods::is_terminating(pod);
    let is_ready = always(snapshot.service) || (serving && !terminating);
    let node = Some(pods::node_name(pod)).filter(|name| !name.is_empty());
    let zone = node.and_then(snapshot.place).and_then(|place| place.zone);
    Endpoint {
        addresses,
        conditions: Some(EndpointConditions {
            ready: Some(is_ready),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        hostname: host_name(snapshot.service, pod),
        node_name: node.map(str::to_owned),
        hints: hints(snapshot.service, node, zone.as_deref()).filter(|_| is_ready),
        zone,
        target_ref: Some(reference(pod)),
        ..Endpoint::default()
    }
}

/// Who should rather send to an endpoint, as `trafficDistribution` wants it: its zone, its node.
fn hints(service: &Service, node: Option<&str>, zone: Option<&str>) -> Option<EndpointHints> {
    let wanted = spec(service).traffic_distribution.as_deref()?;
    let is_near = matches!(wanted, "PreferClose" | "PreferSameZone" | "PreferSameNode");
    let node = node.filter(|_| wanted == "PreferSameNode");
    let hints = EndpointHints {
        for_zones: zone.map(|zone| vec![ForZone { name: zone.into() }]),
        for_nodes: node.map(|node| vec![ForNode { name: node.into() }]),
    };
    Some(hints).filter(|hints| is_near && *hints != EndpointHints::default())
}

/// Whether an annotation asks for hints that follow the load of zones. They are not worked out
/// here, and those that are there are left.
fn has_topology_hints(service: &Service) -> bool {
    let annotations = service.metadata.annotations.as_ref();
    let asked = |name| annotations.and_then(|all| all.get(name)).map(String::as_str);
    let old = asked("service.kubernetes.io/topology-aware-hints");
    matches!(old.or_else(|| asked("service.kubernetes.io/topology-mode")), Some("Auto" | "auto"))
}

fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let ports = spec(service).ports.iter().flatten();
    ports
        .filter_map(|port| {
            Some(EndpointPort {
                name: Some(port.name.clone().unwrap_or_default()),
                port: Some(target_port(pod, port)?),
                protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".into())),
                app_protocol: port.app_protocol.clone(),
            })
        })
        .collect()
}

/// Whom an endpoint stands for.
fn identity(endpoint: &Endpoint) -> Option<&str> {
    endpoint.target_ref.as_ref()?.uid.as_deref()
}

/// A slice in work: what it is, and what it becomes.
struct Draft<'a> {
    before: &'a EndpointSlice,
    endpoints: Vec<Endpoint>,
}

impl Draft<'_> {
    fn is_changed(&self) -> bool {
        self.before.endpoints.as_deref().unwrap_or_default() != self.endpoints
    }
}

/// What becomes of the slices of one address family.
#[derive(Default)]
struct Filling<'a> {
    written: Vec<Action>,
    created: Vec<EndpointSlice>,
    emptied: Vec<&'a EndpointSlice>,
    /// Slices that have endpoints, of those that were there and those to be made.
    filled: usize,
}

impl<'a> Filling<'a> {
    /// Puts the endpoints of `group` into its `own` slices, and what is left into new ones.
    fn take(&mut self, snapshot: &Snapshot<'_>, group: Group, own: Vec<&'a EndpointSlice>) {
        let mut missing = group.endpoints;
        let mut drafts: Vec<Draft<'a>> = own
            .into_iter()
            .map(|before| {
                let endpoints = keep(before, &mut missing, has_topology_hints(snapshot.service));
                Draft { before, endpoints }
            })
            .collect();
        // Slices that are written anyway are filled first, then others with room.
        drafts.sort_by_key(|draft| !draft.is_changed());
        for draft in &mut drafts {
            let room = snapshot.per_slice.saturating_sub(draft.endpoints.len()).min(missing.len());
            let worth = draft.is_changed() || missing.len() <= room;
            if room > 0 && worth {
                draft.endpoints.extend(missing.drain(..room));
            }
        }
        for draft in drafts {
            if draft.endpoints.is_empty() {
                self.emptied.push(draft.before);
                continue;
            }
            self.filled += 1;
            self.written.extend(update(snapshot, draft));
        }
        while !missing.is_empty() {
            let count = missing.len().min(snapshot.per_slice);
            let endpoints = missing.drain(..count).collect();
            self.filled += 1;
            let (family, ports) = (group.address_type, group.ports.clone());
            self.created.push(new_slice(snapshot, family, ports, endpoints));
        }
    }
}

fn fill(
    snapshot: &Snapshot<'_>,
    groups: Vec<Group>,
    mut existing: Vec<&EndpointSlice>,
    address_type: &'static str,
    actions: &mut Vec<Action>,
) {
    let mut filling = Filling::default();
    for group in groups {
        let is_of_group =
            |slice: &&EndpointSlice| slice.ports.as_deref().unwrap_or_default() == group.ports;
        let (own, rest): (Vec<_>, Vec<_>) = existing.into_iter().partition(is_of_group);
        existing = rest;
        filling.take(snapshot, group, own);
    }
    let Filling { mut written, mut created, mut emptied, filled } = filling;
    emptied.extend(existing);
    // A Service always has a slice, be it empty.
    if filled == 0 {
        let placeholder = new_slice(snapshot, address_type, Vec::new(), Vec::new());
        let is_one = |slice: &&EndpointSlice| {
            slice.endpoints.as_ref().is_none_or(Vec::is_empty)
                && slice.ports.as_ref().is_none_or(Vec::is_empty)
                && slice.metadata.labels == placeholder.metadata.labels
        };
        match emptied.iter().position(is_one) {
            Some(index) => {
                emptied.swap_remove(index);
            }
            None => created.push(placeholder),
        }
    }
    // What would be deleted beside what is made becomes that instead.
    let shared = emptied.len().min(created.len());
    let (old, new) = (emptied.drain(..shared), created.drain(..shared));
    written.extend(old.zip(new).map(|(old, new)| replace(old, new)));
    // A Service that is going takes its slices along: none is made beside that.
    if snapshot.service.metadata.deletion_timestamp.is_none() {
        written.extend(created.iter().map(Action::create));
    }
    actions.extend(written);
    actions.extend(emptied.into_iter().map(Action::delete));
}

/// The endpoints of `slice` that are still wanted, as they are wanted; they are taken out of
/// `missing`.
fn keep(slice: &EndpointSlice, missing: &mut Vec<Endpoint>, with_hints: bool) -> Vec<Endpoint> {
    let mut kept = Vec::new();
    for old in slice.endpoints.iter().flatten() {
        let wanted = missing.iter().position(|new| identity(new) == identity(old));
        if let Some(index) = wanted {
            let mut new = missing.remove(index);
            if with_hints {
                new.hints = old.hints.clone();
            }
            kept.push(new);
        }
    }
    kept
}

/// Makes of `old` what `new` is to be, under its own name.
fn replace(old: &EndpointSlice, new: EndpointSlice) -> Action {
    let mut slice = old.clone();
    slice.metadata.labels = new.metadata.labels;
    slice.metadata.annotations = new.metadata.annotations;
    (slice.endpoints, slice.ports) = (new.endpoints, new.ports);
    Action::update(&slice)
}

fn update(snapshot: &Snapshot<'_>, draft: Draft<'_>) -> Option<Action> {
    let labels = labels(snapshot.service);
    if !draft.is_changed() && draft.before.metadata.labels.as_ref() == Some(&labels) {
        return None;
    }
    let mut slice = draft.before.clone();
    slice.endpoints = Some(draft.endpoints);
    slice.metadata.labels = Some(labels);
    trigger_time::note(&mut slice.metadata, snapshot.changed_at);
    Some(Action::update(&slice))
}

fn new_slice(
    snapshot: &Snapshot<'_>,
    address_type: &str,
    ports: Vec<EndpointPort>,
    endpoints: Vec<Endpoint>,
) -> EndpointSlice {
    let service = snapshot.service;
    let mut slice = EndpointSlice {
        address_type: address_type.into(),
        metadata: ObjectMeta {
            generate_name: Some(format!(
                "{}-",
                service.metadata.name.as_deref().unwrap_or_default()
            )),
            namespace: service.metadata.namespace.clone(),
            labels: Some(labels(service)),
            owner_references: Some(vec![controller_ref(service)]),
            ..ObjectMeta::default()
        },
        endpoints: Some(endpoints),
        ports: Some(ports).filter(|ports| !ports.is_empty()),
    };
    trigger_time::note(&mut slice.metadata, snapshot.changed_at);
    slice
}

fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove("service.kubernetes.io/headless");
    if is_headless(service) {
        labels.insert("service.kubernetes.io/headless".into(), String::new());
    }
    let name = service.metadata.name.clone().unwrap_or_default();
    labels.insert(SERVICE_NAME.into(), name);
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    labels
}

#[cfg(test)]
mod tests;
