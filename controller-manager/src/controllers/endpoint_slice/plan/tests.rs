//! Slices as they come and go with pods.

use super::*;
use serde_json::{Value, json};

fn service(ports: Value) -> Service {
    serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "ns", "uid": "s", "labels": {"a": "b"}},
        "spec": {"clusterIP": "10.32.0.9", "ipFamilies": ["IPv4"], "selector": {"app": "web"},
                 "ports": ports},
    }))
    .expect("a service")
}

fn pod(name: &str, ready: bool, port: i32) -> Arc<Pod> {
    let status = if ready { "True" } else { "False" };
    let last = name.len();
    Arc::new(
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "ns", "uid": name},
            "spec": {"nodeName": "n1", "containers": [{"name": "c",
                     "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}]}]},
            "status": {"phase": "Running", "podIP": format!("10.0.0.{last}"),
                       "podIPs": [{"ip": format!("10.0.0.{last}")}, {"ip": "fd00::1"}],
                       "conditions": [{"type": "Ready", "status": status}]},
        }))
        .expect("a pod"),
    )
}

fn named() -> Value {
    json!([{"name": "web", "port": 80, "targetPort": "http", "protocol": "TCP"}])
}

/// A server in miniature: does what the plan says.
struct World {
    service: Service,
    slices: Vec<Arc<EndpointSlice>>,
    count: usize,
    per_slice: usize,
}

impl World {
    fn new(service: Service) -> Self {
        Self { service, slices: Vec::new(), count: 0, per_slice: 3 }
    }

    /// How many writes it took.
    fn settle(&mut self, pods: &[Arc<Pod>]) -> usize {
        let writes = self.step(pods);
        assert_eq!(self.step(pods), 0, "a second look changes nothing");
        writes
    }

    fn step(&mut self, pods: &[Arc<Pod>]) -> usize {
        let snapshot = Snapshot {
            service: &self.service,
            pods,
            slices: &self.slices,
            place: &|node| {
                let zone = Some(format!("zone-of-{node}"));
                (node != "lost").then_some(Place { zone })
            },
            per_slice: self.per_slice,
            changed_at: None,
        };
        let actions = plan(&snapshot);
        let writes = actions.len();
        for action in actions {
            let (path, body) = match action {
                Action::Create { mut body, .. } => {
                    self.count += 1;
                    let name = format!("web-{}", self.count);
                    body["metadata"]["name"] = json!(name);
                    body["metadata"]["uid"] = json!(name);
                    (name, Some(body))
                }
                Action::Update { path, body } => (path, Some(body)),
                Action::Delete { path, .. } => (path, None),
                other => panic!("{other:?}"),
            };
            let name = path.rsplit('/').next().expect("a name").to_owned();
            self.slices.retain(|slice| slice.metadata.name.as_deref() != Some(&name));
            if let Some(body) = body {
                self.slices.push(Arc::new(serde_json::from_value(body).expect("a slice")));
            }
        }
        writes
    }

    fn sizes(&self) -> Vec<usize> {
        let size = |slice: &Arc<EndpointSlice>| slice.endpoints.as_ref().map_or(0, Vec::len);
        let mut sizes: Vec<_> = self.slices.iter().map(size).collect();
        sizes.sort_unstable();
        sizes
    }
}

fn many(count: usize) -> Vec<Arc<Pod>> {
    (0..count).map(|index| pod(&"p".repeat(index + 1), true, 8080)).collect()
}

#[test]
fn slices_fill_up_and_empty_again() {
    let mut world = World::new(service(named()));
    world.settle(&[]);
    assert_eq!(world.sizes(), [0], "a placeholder");
    let name = world.slices[0].metadata.name.clone();
    assert_eq!(world.settle(&many(1)), 1, "the placeholder becomes the slice");
    assert_eq!(world.slices[0].metadata.name, name);
    world.settle(&many(7));
    assert_eq!(world.sizes().iter().sum::<usize>(), 7);
    assert!(world.sizes().iter().all(|size| *size <= 3));
    assert_eq!(world.settle(&many(8)), 1, "one new pod is one write");
    world.settle(&many(2));
    assert_eq!(world.sizes().iter().sum::<usize>(), 2);
    world.settle(&[]);
    assert_eq!(world.sizes(), [0]);
    assert!(world.slices[0].ports.is_none());
}

#[test]
fn an_endpoint_says_what_its_pod_is_doing() {
    let mut world = World::new(service(named()));
    let mut ending = (*pod("ending", true, 8080)).clone();
    ending.metadata.deletion_timestamp =
        serde_json::from_value(json!("2026-01-01T00:00:00Z")).expect("a time");
    world.settle(&[pod("a", true, 8080), pod("bb", false, 8080), Arc::new(ending)]);
    let slice = &world.slices[0];
    let flags: Vec<_> = slice
        .endpoints
        .iter()
        .flatten()
        .map(|endpoint| {
            let conditions = endpoint.conditions.clone().expect("conditions");
            (conditions.ready, conditions.serving, conditions.terminating)
        })
        .collect();
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(flags, [(yes, yes, no), (no, no, no), (no, yes, yes)]);
    let first = &slice.endpoints.as_ref().expect("endpoints")[0];
    assert_eq!(first.zone.as_deref(), Some("zone-of-n1"));
    assert_eq!(first.addresses, ["10.0.0.1"]);
    let labels = slice.metadata.labels.as_ref().expect("labels");
    assert_eq!(labels[SERVICE_NAME], "web");
    assert_eq!(labels["a"], "b");
    assert_eq!(slice.metadata.generate_name.as_deref(), Some("web-"));
}

#[test]
fn pods_that_name_a_port_differently_are_apart() {
    let mut world = World::new(service(named()));
    world.settle(&[pod("a", true, 8080), pod("bb", true, 9090)]);
    let mut ports: Vec<_> =
        world.slices.iter().map(|slice| slice.ports.as_ref().expect("ports")[0].port).collect();
    ports.sort_unstable();
    assert_eq!(ports, [Some(8080), Some(9090)]);
}

#[test]
fn changed_ports_replace_the_slices() {
    let mut world = World::new(service(named()));
    world.settle(&many(2));
    world.service = service(json!([{"name": "web", "port": 80, "targetPort": 81}]));
    world.settle(&many(2));
    assert_eq!(world.sizes(), [2]);
    assert_eq!(world.slices[0].ports.as_ref().expect("ports")[0].port, Some(81));
}

#[test]
fn traffic_goes_where_the_service_wants_it() {
    let hinted = |distribution: Value, ready: bool| {
        let mut service = service(named());
        service.spec.as_mut().expect("a spec").traffic_distribution =
            distribution.as_str().map(str::to_owned);
        let mut world = World::new(service);
        world.settle(&[pod("a", ready, 8080)]);
        // Nobody wants what it says any more.
        let hints = world.slices[0].endpoints.as_ref().expect("one")[0].hints.clone();
        world.service.spec.as_mut().expect("a spec").traffic_distribution = None;
        let writes = world.settle(&[pod("a", ready, 8080)]);
        assert_eq!(writes, usize::from(hints.is_some()));
        serde_json::to_value(hints).expect("JSON")
    };
    let zone = json!([{"name": "zone-of-n1"}]);
    let table = [
        (Value::Null, true, Value::Null),
        (json!("Elsewhere"), true, Value::Null),
        (json!("PreferClose"), true, json!({"forZones": zone})),
        (json!("PreferSameZone"), true, json!({"forZones": zone})),
        (json!("PreferSameZone"), false, Value::Null),
        (json!("PreferSameNode"), true, json!({"forZones": zone, "forNodes": [{"name": "n1"}]})),
    ];
    for (distribution, ready, expected) in table {
        assert_eq!(hinted(distribution.clone(), ready), expected, "{distribution} {ready}");
    }
}

#[test]
fn a_pod_without_its_node_is_no_endpoint() {
    let on = |node: &str| {
        let mut pod = Pod::clone(&pod("a", true, 8080));
        pod.spec.as_mut().expect("a spec").node_name = Some(node.into());
        Arc::new(pod)
    };
    for (publish, node, count) in [(false, "n1", 1), (false, "lost", 0), (true, "lost", 1)] {
        let mut world = World::new(service(named()));
        world.service.spec.as_mut().expect("a spec").publish_not_ready_addresses = Some(publish);
        world.settle(&[on(node)]);
        assert_eq!(world.sizes(), [count], "{publish} {node}");
    }
}

#[test]
fn slices_of_a_former_service_are_not_taken_over() {
    let mut world = World::new(service(named()));
    world.settle(&many(1));
    world.service.metadata.uid = Some("another".into());
    assert_eq!(world.settle(&many(1)), 2, "one goes, one is made");
    world.service.metadata.deletion_timestamp =
        serde_json::from_value(json!("2026-01-01T00:00:00Z")).expect("a time");
    world.slices.clear();
    assert_eq!(world.step(&many(1)), 0, "nothing is made for a Service that goes");
}
