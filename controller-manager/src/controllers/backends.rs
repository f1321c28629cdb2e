//! The pods behind a Service: which they are, under which addresses and ports.
//!
//! What the endpoints and the endpointslice controllers have in common. Mirrors
//! `k8s.io/endpointslice/util`.

use control::selector::matches_all;
use control::{Change, Informer, Key, Queue, pods};
use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Puts every Service into `queue` whose endpoints a change of a Service or a Pod may touch; after
/// a Pod's change when `period` has gone by, for others that may follow.
pub(super) fn watch(
    services: &Arc<Informer<Service>>,
    all: &Informer<Pod>,
    queue: &Queue<Key>,
    period: Duration,
) {
    let add = queue.clone();
    services.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, services) = (queue.clone(), services.clone());
    all.on_change(move |change| {
        let before = match change {
            Change::Updated(old, new) if same_endpoint(old, new) => return,
            Change::Updated(old, _) => Some(old),
            _ => None,
        };
        let pod = change.object();
        for service in services.list_in(pod.metadata.namespace.as_deref().unwrap_or_default()) {
            let selects = |pod: &Pod| selects(&service, pod);
            if selects(pod) || before.is_some_and(|old| selects(old)) {
                add.add_after(Key::of(&*service), period);
            }
        }
    });
}

/// Whether a change between the two is nothing to an endpoint.
fn same_endpoint(old: &Pod, new: &Pod) -> bool {
    let names = |pod: &Pod| {
        let spec = pod.spec.as_ref();
        spec.map(|spec| (spec.hostname.clone(), spec.subdomain.clone(), spec.node_name.clone()))
    };
    old.metadata.labels == new.metadata.labels
        && old.metadata.deletion_timestamp == new.metadata.deletion_timestamp
        && pods::is_ready(old) == pods::is_ready(new)
        && pods::is_finished(old) == pods::is_finished(new)
        && pods::addresses(old) == pods::addresses(new)
        && names(old) == names(new)
}

/// Whether `service` picks `pod` by its selector. A Service without a selector picks nothing: its
/// endpoints are somebody else's.
pub(super) fn selects(service: &Service, pod: &Pod) -> bool {
    let selector = spec(service).selector.as_ref().filter(|selector| !selector.is_empty());
    selector.is_some_and(|wanted| matches_all(wanted, pod.metadata.labels.as_ref()))
}

/// The Service's spec, or an empty one.
pub(super) fn spec(service: &Service) -> &ServiceSpec {
    static EMPTY: LazyLock<ServiceSpec> = LazyLock::new(ServiceSpec::default);
    service.spec.as_ref().unwrap_or(&EMPTY)
}

/// Whether this process cares for its endpoints: it has a selector, and is no mere name.
pub(super) fn is_managed(service: &Service) -> bool {
    let spec = spec(service);
    spec.selector.is_some() && spec.type_.as_deref() != Some("ExternalName")
}

/// Whether it has no address of its own.
pub(super) fn is_headless(service: &Service) -> bool {
    matches!(spec(service).cluster_ip.as_deref(), None | Some("" | "None"))
}

/// Whether `pod` can be an endpoint: it has an address and has not ended.
pub(super) fn can_serve(pod: &Pod, with_terminating: bool) -> bool {
    !pods::is_finished(pod)
        && !pods::addresses(pod).is_empty()
        && (with_terminating || !pods::is_terminating(pod))
}

/// The pod's addresses of one family, in their usual form.
pub(super) fn addresses(pod: &Pod, ipv6: bool) -> Vec<String> {
    let parsed = pods::addresses(pod).into_iter().filter_map(|text| text.parse::<IpAddr>().ok());
    parsed.filter(|address| address.is_ipv6() == ipv6).map(|address| address.to_string()).collect()
}

/// The hostname that a pod of a headless Service answers to.
pub(super) fn host_name(service: &Service, pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let name = spec.hostname.clone().filter(|name| !name.is_empty())?;
    let same = spec.subdomain == service.metadata.name
        && service.metadata.namespace == pod.metadata.namespace;
    same.then_some(name)
}

/// How an endpoint names the pod that it stands for.
pub(super) fn reference(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".into()),
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
        ..ObjectReference::default()
    }
}

/// The number of the pod's port that `port` means; `None` when the pod has no port of that name.
pub(super) fn target_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    let name = match &port.target_port {
        None => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) => name,
    };
    let spec = pod.spec.as_ref()?;
    let restartable = spec
        .init_containers
        .iter()
        .flatten()
        .filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let mut ports = spec
        .containers
        .iter()
        .chain(restartable)
        .flat_map(|container| container.ports.iter().flatten());
    let protocol = |text: &Option<String>| text.clone().unwrap_or_else(|| "TCP".into());
    ports
        .find(|found| {
            found.name.as_ref() == Some(name)
                && protocol(&found.protocol) == protocol(&port.protocol)
        })
        .map(|found| found.container_port)
}
