//! How much of a resource pods request, in thousandths.
//!
//! Mirrors `calculateRequests` of `k8s.io/kubernetes/pkg/controller/podautoscaler`.

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;
use std::sync::Arc;

/// By the pods' names.
pub(super) type Requests = BTreeMap<String, i64>;

/// What each of `pods` requests of `resource`: in `container`, or as a whole where that is empty.
pub(super) fn requests(
    pods: &[Arc<Pod>],
    container: &str,
    resource: &str,
) -> Result<Requests, String> {
    let of = |pod: &Arc<Pod>| {
        let name = pod.metadata.name.clone().unwrap_or_default();
        let request = of_pod(pod, &name, container, resource)?;
        Ok((name, request))
    };
    pods.iter().map(of).collect()
}

/// An amount in thousandths; one that can't be read is nothing.
pub(super) fn milli(quantity: &Quantity) -> i64 {
    object::quantity::Quantity::parse(&quantity.0).map_or(0, |quantity| quantity.milli_value())
}

fn of_pod(pod: &Pod, name: &str, container: &str, resource: &str) -> Result<i64, String> {
    let Some(spec) = &pod.spec else { return Ok(0) };
    let whole = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    if let Some(whole) = whole.filter(|all| container.is_empty() && !all.is_empty()) {
        let overhead = spec.overhead.as_ref().and_then(|all| all.get(resource)).map_or(0, milli);
        if let Some(own) = whole.get(resource) {
            return Ok(milli(own) + overhead);
        }
        let parts: Vec<i64> = running(pod).filter_map(|one| request(one, resource)).collect();
        if parts.is_empty() {
            return Err(format!("missing pod-level request for {resource} in Pod {name}"));
        }
        return Ok(parts.iter().sum::<i64>() + overhead);
    }
    let mut total = 0;
    for one in running(pod).filter(|one| container.is_empty() || one.name == container) {
        total += request(one, resource).ok_or_else(|| {
            format!("missing request for {resource} in container {} of Pod {name}", one.name)
        })?;
        if one.name == container {
            return Ok(total);
        }
    }
    if container.is_empty() {
        return Ok(total);
    }
    Err(format!("container {container} not found in Pod {name}"))
}

/// The containers that run as long as the pod does.
fn running(pod: &Pod) -> impl Iterator<Item = &Container> {
    let spec = pod.spec.as_ref();
    let sidecars = spec.into_iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let sidecars = sidecars.filter(|one| one.restart_policy.as_deref() == Some("Always"));
    spec.into_iter().flat_map(|spec| &spec.containers).chain(sidecars)
}

fn request(container: &Container, resource: &str) -> Option<i64> {
    container.resources.as_ref()?.requests.as_ref()?.get(resource).map(milli)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(spec: Value) -> [Arc<Pod>; 1] {
        let pod = json!({"metadata": {"name": "p"}, "spec": spec});
        [Arc::new(serde_json::from_value(pod).expect("a pod"))]
    }

    #[test]
    fn requests_are_added_up_or_missed() {
        let with =
            |name: &str, cpu: &str| json!({"name": name, "resources": {"requests": {"cpu": cpu}}});
        let two = json!({"containers": [with("a", "100m"), with("b", "1")],
            "initContainers": [with("once", "9")]});
        let mut sidecar = two.clone();
        sidecar["initContainers"][0]["restartPolicy"] = json!("Always");
        let mut whole = two.clone();
        whole["resources"] = json!({"requests": {"cpu": "2"}});
        whole["overhead"] = json!({"cpu": "5m"});
        let lacking = json!({"containers": [with("a", "1"), {"name": "b"}]});
        let table = [
            (two.clone(), "", Ok(1100)),
            (two.clone(), "b", Ok(1000)),
            (sidecar, "", Ok(10_100)),
            (whole.clone(), "", Ok(2005)),
            (whole, "a", Ok(100)),
            (lacking.clone(), "", Err("missing request for cpu in container b of Pod p")),
            (lacking, "a", Ok(1000)),
            (two, "c", Err("container c not found in Pod p")),
        ];
        for (spec, container, expected) in table {
            let found = requests(&pod(spec.clone()), container, "cpu");
            let found = found.map(|all| all["p"]);
            assert_eq!(found, expected.map_err(str::to_owned), "{container:?} of {spec}");
        }
    }
}
