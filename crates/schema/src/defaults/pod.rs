//! What only a pod itself gets, and not a template of one (`SetDefaults_Pod` in pkg/apis/core/v1),
//! and volumes.

use super::{Object, pod_resources};
use object::Value;

/// Requests out of limits, and host ports under the host's network.
pub(super) fn pod(pod: &mut Object) {
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for container in containers_mut(spec) {
        requests_from_limits(container);
    }
    pod_resources::default_limits_and_requests(spec);
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        for container in containers_mut(spec) {
            host_ports(container);
        }
    }
}

/// A volume without a source is an empty directory.
pub(super) fn volume(volume: &mut Object) {
    if !volume.iter().any(|(name, source)| name != "name" && !source.is_null()) {
        volume.insert("emptyDir".to_owned(), Value::Object(Object::new()));
    }
}

/// The containers and those that run before them; upstream leaves the ephemeral ones out.
fn containers_mut(spec: &mut Object) -> impl Iterator<Item = &mut Object> {
    spec.iter_mut()
        .filter(|(name, _)| matches!(name.as_str(), "containers" | "initContainers"))
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
        .filter_map(Value::as_object_mut)
}

fn requests_from_limits(container: &mut Object) {
    let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else {
        return;
    };
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else { return };
    let requests = resources.entry("requests").or_insert(Value::Null);
    if requests.is_null() {
        *requests = Value::Object(Object::new());
    }
    if let Value::Object(requests) = requests {
        for (name, amount) in limits {
            requests.entry(name).or_insert(amount);
        }
    }
}

fn host_ports(container: &mut Object) {
    let ports = container.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        let is_set = port.get("hostPort").and_then(Value::as_i64).is_some_and(|host| host != 0);
        if !is_set && let Some(container_port) = port.get("containerPort").cloned() {
            port.insert("hostPort".to_owned(), container_port);
        }
    }
}
