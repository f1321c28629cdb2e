//! endpoints-controller: a Service's endpoints in one object of its name, as before slices.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/endpoint`: ports with the same addresses stand together.

use super::backends::{
    self, addresses, can_serve, host_name, is_headless, is_managed, reference, selects, spec,
};
use super::subsets::repack;
use super::trigger_time::{self, TriggerTimes};
use crate::context::Context;
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute, pods,
    run_workers,
};
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use std::collections::BTreeMap;
use std::sync::Arc;

const MANAGED_BY: (&str, &str) = ("endpoints.kubernetes.io/managed-by", "endpoint-controller");
const HEADLESS: &str = "service.kubernetes.io/headless";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

/// The most addresses of one object.
const ADDRESSES_MAX: usize = 1000;

struct Controller {
    client: Client,
    services: Arc<Informer<Service>>,
    pods: Arc<Informer<Pod>>,
    endpoints: Arc<Informer<Endpoints>>,
    times: TriggerTimes,
    recorder: Recorder,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        services: context.informers.of::<Service>(),
        pods: context.informers.of::<Pod>(),
        endpoints: context.informers.of::<Endpoints>(),
        times: TriggerTimes::default(),
        recorder: context.recorder(),
    });
    let queue = Queue::named("endpoint");
    let period = context.options.batching.endpoints;
    backends::watch(&controller.services, &controller.pods, &queue, period);
    let add = queue.clone();
    controller.endpoints.on_change(move |change| {
        // A restart finds objects of Services that went away meanwhile.
        let is_left = matches!(change, Change::Added(_) | Change::Deleted(_));
        if is_left && is_ours(change.object()) {
            add.add(Key::of(&**change.object()));
        }
    });
    let workers = context.options.concurrency.endpoints;
    run_workers("endpoints-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.services.synced().await;
            controller.pods.synced().await;
            controller.endpoints.synced().await;
            controller.sync(key).await
        }
    });
}

fn is_ours(endpoints: &Endpoints) -> bool {
    let (name, value) = MANAGED_BY;
    endpoints.metadata.labels.as_ref().and_then(|all| all.get(name)).is_some_and(|is| is == value)
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let current = self.endpoints.get(&key);
        let Some(service) = self.services.get(&key) else {
            self.times.forget(&key);
            if let Some(current) = current {
                execute(&self.client, &Action::delete(&*current)).await?;
            }
            return Ok(Outcome::Done);
        };
        if !is_managed(&service) {
            return Ok(Outcome::Done);
        }
        let mut pods = self.pods.list_in(&key.namespace);
        pods.retain(|pod| selects(&service, pod));
        let changed_at = self.times.look(&key, &service, &pods);
        let Some(action) = plan(&service, &pods, current.as_deref(), changed_at) else {
            return Ok(Outcome::Done);
        };
        match execute(&self.client, &action).await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) if client::is_refused_by_ending(&error) => Ok(Outcome::Done),
            Err(error) => {
                let why = client::message(&error);
                let (reason, message) = match action {
                    Action::Create { .. } => (
                        "FailedToCreateEndpoint",
                        format!("Failed to create endpoint for service {key}: {why}"),
                    ),
                    _ => (
                        "FailedToUpdateEndpoint",
                        format!("Failed to update endpoint {key}: {why}"),
                    ),
                };
                let new = Endpoints {
                    metadata: current_or_new(current.as_deref(), &key),
                    ..Endpoints::default()
                };
                // A newer revision is on its way here.
                if !client::is_conflict(&error) {
                    self.recorder.tell(&new, EventType::Warning, reason, message);
                }
                Err(error.into())
            }
        }
    }
}

/// What says which Endpoints an event is about.
fn current_or_new(current: Option<&Endpoints>, key: &Key) -> ObjectMeta {
    let new = || ObjectMeta {
        name: Some(key.name.clone()),
        namespace: Some(key.namespace.clone()),
        ..ObjectMeta::default()
    };
    current.map_or_else(new, |current| current.metadata.clone())
}

fn plan(
    service: &Service,
    pods: &[Arc<Pod>],
    current: Option<&Endpoints>,
    changed_at: Option<Timestamp>,
) -> Option<Action> {
    let mut subsets = subsets(service, pods);
    let is_over = truncate(&mut subsets);
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    if is_headless(service) {
        labels.insert(HEADLESS.into(), String::new());
    }
    labels.insert(MANAGED_BY.0.into(), MANAGED_BY.1.into());
    let subsets = Some(subsets).filter(|subsets| !subsets.is_empty());
    let Some(current) = current else {
        let annotations = is_over.then(|| BTreeMap::from([over_capacity()]));
        let mut metadata = ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.metadata.namespace.clone(),
            labels: Some(labels),
            annotations,
            ..ObjectMeta::default()
        };
        trigger_time::note(&mut metadata, changed_at);
        return Some(Action::create(&Endpoints { metadata, subsets }));
    };
    let mut new = current.clone();
    // Another order says the same.
    if repack(current.subsets.as_deref().unwrap_or_default())
        != subsets.as_deref().unwrap_or_default()
    {
        new.subsets = subsets;
    }
    new.metadata.labels = Some(labels);
    if let Some(annotations) = &mut new.metadata.annotations {
        annotations.remove(OVER_CAPACITY);
    }
    if is_over {
        let (name, value) = over_capacity();
        new.metadata.annotations.get_or_insert_default().insert(name, value);
    }
    if new == *current {
        return None;
    }
    trigger_time::note(&mut new.metadata, changed_at);
    Some(Action::update(&new))
}

fn over_capacity() -> (String, String) {
    (OVER_CAPACITY.into(), "truncated".into())
}

fn subsets(service: &Service, pods: &[Arc<Pod>]) -> Vec<EndpointSubset> {
    let spec = spec(service);
    let always = spec.publish_not_ready_addresses == Some(true);
    let mut found = Vec::new();
    for pod in pods.iter().filter(|pod| can_serve(pod, always)) {
        let Some(address) = address(service, pod) else { continue };
        let ports: Vec<EndpointPort> =
            spec.ports.iter().flatten().filter_map(|port| target(port, pod)).collect();
        let has_no_ports = spec.ports.as_ref().is_none_or(Vec::is_empty);
        if ports.is_empty() && !(has_no_ports && is_headless(service)) {
            continue;
        }
        let is_ready = always || pods::is_ready(pod);
        found.push(EndpointSubset {
            addresses: is_ready.then(|| vec![address.clone()]),
            not_ready_addresses: (!is_ready).then(|| vec![address]),
            ports: Some(ports).filter(|ports| !ports.is_empty()),
        });
    }
    repack(&found)
}

fn target(port: &k8s_openapi::api::core::v1::ServicePort, pod: &Pod) -> Option<EndpointPort> {
    Some(EndpointPort {
        name: port.name.clone().filter(|name| !name.is_empty()),
        port: backends::target_port(pod, port)?,
        protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".into())),
        app_protocol: port.app_protocol.clone(),
    })
}

/// The pod's address in the Service's first family.
fn address(service: &Service, pod: &Pod) -> Option<EndpointAddress> {
    let spec = spec(service);
    let ipv6 = match spec.ip_families.as_ref().and_then(|families| families.first()) {
        Some(family) => family == "IPv6",
        None => match spec.cluster_ip.as_deref() {
            None | Some("" | "None") => pods::addresses(pod).first()?.contains(':'),
            Some(address) => address.contains(':'),
        },
    };
    Some(EndpointAddress {
        ip: addresses(pod, ipv6).into_iter().next()?,
        hostname: host_name(service, pod),
        node_name: Some(pods::node_name(pod).to_owned()).filter(|name| !name.is_empty()),
        target_ref: Some(reference(pod)),
    })
}

/// Cuts down to the limit, ready addresses last; whether there was anything to cut.
fn truncate(subsets: &mut [EndpointSubset]) -> bool {
    let count = |list: &Option<Vec<EndpointAddress>>| list.as_ref().map_or(0, Vec::len);
    let ready: usize = subsets.iter().map(|subset| count(&subset.addresses)).sum();
    let unready: usize = subsets.iter().map(|subset| count(&subset.not_ready_addresses)).sum();
    if ready + unready <= ADDRESSES_MAX {
        return false;
    }
    let mut ready_left = ADDRESSES_MAX;
    let mut unready_left = ADDRESSES_MAX.saturating_sub(ready);
    for subset in subsets {
        for (list, left) in [
            (&mut subset.addresses, &mut ready_left),
            (&mut subset.not_ready_addresses, &mut unready_left),
        ] {
            if let Some(addresses) = list {
                addresses.truncate(*left);
                *left -= addresses.len();
            }
            if list.as_ref().is_some_and(Vec::is_empty) {
                *list = None;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn service(ports: Value) -> Service {
        serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "ns"},
            "spec": {"clusterIP": "10.32.0.9", "ipFamilies": ["IPv4"],
                     "selector": {"app": "web"}, "ports": ports},
        }))
        .expect("a service")
    }

    fn pod(last: u16, ready: bool) -> Arc<Pod> {
        let status = if ready { "True" } else { "False" };
        Arc::new(
            serde_json::from_value(json!({
                "metadata": {"name": format!("p{last}"), "namespace": "ns", "uid": format!("{last}")},
                "spec": {"nodeName": "n1", "containers": []},
                "status": {"phase": "Running", "podIPs": [{"ip": format!("10.0.{}.{}", last / 256, last % 256)}],
                           "conditions": [{"type": "Ready", "status": status}]},
            }))
            .expect("a pod"),
        )
    }

    #[test]
    fn addresses_with_the_same_ports_stand_together() {
        let ports = json!([{"name": "b", "port": 81}, {"name": "a", "port": 80}]);
        let subsets = subsets(&service(ports), &[pod(3, true), pod(2, true), pod(4, false)]);
        assert_eq!(subsets.len(), 1);
        let ips = |list: &Option<Vec<EndpointAddress>>| {
            list.iter().flatten().map(|address| address.ip.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ips(&subsets[0].addresses), ["10.0.0.2", "10.0.0.3"]);
        assert_eq!(ips(&subsets[0].not_ready_addresses), ["10.0.0.4"]);
        let names: Vec<_> =
            subsets[0].ports.iter().flatten().map(|port| port.name.clone()).collect();
        assert_eq!(names, [Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let service = service(json!([{"port": 80}]));
        let Some(Action::Create { body, .. }) = plan(&service, &[pod(2, true)], None, None) else {
            panic!("a create")
        };
        assert_eq!(body["metadata"]["labels"][MANAGED_BY.0], MANAGED_BY.1);
        let made: Endpoints = serde_json::from_value(body).expect("endpoints");
        assert!(
            plan(&service, &[pod(2, true)], Some(&made), Some(Timestamp::UNIX_EPOCH)).is_none()
        );
        let Some(Action::Update { body, .. }) =
            plan(&service, &[], Some(&made), Some(Timestamp::UNIX_EPOCH))
        else {
            panic!("an update")
        };
        assert!(body.get("subsets").is_none());
        let annotations = body["metadata"]["annotations"].as_object().map(|all| all.len());
        assert_eq!(annotations, Some(1), "when it changed");
    }

    #[test]
    fn too_many_are_cut_and_said() {
        let service = service(json!([{"port": 80}]));
        let many: Vec<_> = (1..=1024).map(|last| pod(last, true)).collect();
        let Some(Action::Create { body, .. }) = plan(&service, &many, None, None) else {
            panic!("a create")
        };
        assert_eq!(body["subsets"][0]["addresses"].as_array().map(Vec::len), Some(ADDRESSES_MAX));
        assert_eq!(body["metadata"]["annotations"][OVER_CAPACITY], "truncated");
    }
}
