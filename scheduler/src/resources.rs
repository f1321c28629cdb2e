//! How much a pod asks for and a node has, as whole numbers.
//!
//! Mirrors `PodRequests` (`k8s.io/component-helpers/resource`) and `framework.Resource`
//! (`k8s.io/kubernetes/pkg/scheduler/framework`). While a container is resized in place, it asks for
//! the most of what it has and what it is to have; the same of a whole pod's figures is not looked at.

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use std::collections::BTreeMap;

/// What a container that names no CPU is scored as, in thousandths of a core.
const DEFAULT_MILLI_CPU: i64 = 100;
/// What a container that names no memory is scored as, in bytes.
const DEFAULT_MEMORY_BYTES: i64 = 200 * 1024 * 1024;

type List = BTreeMap<String, Quantity>;

/// An amount of each resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) milli_cpu: i64,
    pub(crate) memory_bytes: i64,
    pub(crate) storage_bytes: i64,
    /// Pods, where it is a node's.
    pub(crate) pods: i64,
    /// Extended resources and huge pages.
    pub(crate) others: BTreeMap<String, i64>,
}

impl Resources {
    /// What a list in an object says.
    pub(crate) fn of(list: Option<&List>) -> Self {
        let mut resources = Self::default();
        for (name, quantity) in list.into_iter().flatten() {
            let value = parse(quantity, name == "cpu");
            match name.as_str() {
                "cpu" => resources.milli_cpu = value,
                "memory" => resources.memory_bytes = value,
                "ephemeral-storage" => resources.storage_bytes = value,
                "pods" => resources.pods = value,
                other => {
                    resources.others.insert(other.to_owned(), value);
                }
            }
        }
        resources
    }

    /// What `pod` asks for.
    pub(crate) fn of_pod(pod: &Pod) -> Self {
        total(pod, |container| Asked::of(pod, container).resources())
    }

    /// What `pod` is scored as: a container that names nothing counts too.
    pub(crate) fn scored_of_pod(pod: &Pod) -> Self {
        total(pod, |container| {
            let asked = Asked::of(pod, container);
            let mut own = asked.resources();
            if !asked.names("cpu") {
                own.milli_cpu = DEFAULT_MILLI_CPU;
            }
            if !asked.names("memory") {
                own.memory_bytes = DEFAULT_MEMORY_BYTES;
            }
            own
        })
    }

    /// How much there is of the resource `name`.
    pub(crate) fn amount(&self, name: &str) -> i64 {
        match name {
            "cpu" => self.milli_cpu,
            "memory" => self.memory_bytes,
            "ephemeral-storage" => self.storage_bytes,
            other => self.others.get(other).copied().unwrap_or(0),
        }
    }

    /// Whether a node is scored by the resource `name` for pods that don't ask for it too.
    pub(crate) fn is_scored_unasked(name: &str) -> bool {
        matches!(name, "cpu" | "memory" | "ephemeral-storage")
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.combine(other, |a, b| a.saturating_add(b));
    }

    pub(crate) fn sub(&mut self, other: &Self) {
        self.combine(other, |a, b| a.saturating_sub(b));
    }

    fn max(&mut self, other: &Self) {
        self.combine(other, i64::max);
    }

    fn combine(&mut self, other: &Self, how: impl Fn(i64, i64) -> i64) {
        self.milli_cpu = how(self.milli_cpu, other.milli_cpu);
        self.memory_bytes = how(self.memory_bytes, other.memory_bytes);
        self.storage_bytes = how(self.storage_bytes, other.storage_bytes);
        self.pods = how(self.pods, other.pods);
        for (name, amount) in &other.others {
            let own = self.others.entry(name.clone()).or_default();
            *own = how(*own, *amount);
        }
    }
}

/// What a container asks for, as several lists say, of which the most counts.
struct Asked<'a>([Option<&'a List>; 3]);

impl<'a> Asked<'a> {
    fn of(pod: &'a Pod, container: &'a Container) -> Self {
        let spec = container.resources.as_ref().and_then(|own| own.requests.as_ref());
        let is_first = pod.spec.as_ref().is_some_and(|spec| {
            spec.init_containers.iter().flatten().any(|first| {
                first.name == container.name && first.restart_policy.as_deref() != Some("Always")
            })
        });
        let all = pod.status.as_ref().filter(|_| !is_first).map(|status| {
            let running = status.container_statuses.iter().flatten();
            running.chain(status.init_container_statuses.iter().flatten())
        });
        let status = all.and_then(|mut all| all.find(|status| status.name == container.name));
        let has = status.and_then(|status| Some((status, status.resources.as_ref()?)));
        let Some((status, resources)) = has else { return Self([spec, None, None]) };
        // What is beyond the node will not come.
        let pending = control::pods::condition(pod, "PodResizePending");
        let is_beyond =
            pending.is_some_and(|pending| pending.reason.as_deref() == Some("Infeasible"));
        let spec = spec.filter(|_| !is_beyond);
        Self([spec, resources.requests.as_ref(), status.allocated_resources.as_ref()])
    }

    fn names(&self, name: &str) -> bool {
        self.0.iter().flatten().any(|list| list.contains_key(name))
    }

    fn resources(&self) -> Resources {
        let mut most = Resources::default();
        self.0.iter().for_each(|list| most.max(&Resources::of(*list)));
        most
    }
}

/// Containers run together; init containers one after the other, beside the restartable ones that
/// were started before them; the pod's own figures and its overhead stand above all.
fn total(pod: &Pod, of: impl Fn(&Container) -> Resources) -> Resources {
    let Some(spec) = &pod.spec else { return Resources::default() };
    let mut together = Resources::default();
    spec.containers.iter().for_each(|container| together.add(&of(container)));
    let mut sidecars = Resources::default();
    let mut starting = Resources::default();
    for container in spec.init_containers.iter().flatten() {
        let mut own = of(container);
        if container.restart_policy.as_deref() == Some("Always") {
            together.add(&own);
            sidecars.add(&own);
            own = sidecars.clone();
        } else {
            own.add(&sidecars);
        }
        starting.max(&own);
    }
    together.max(&starting);
    if let Some(whole) = spec.resources.as_ref().and_then(|whole| whole.requests.as_ref()) {
        let given = Resources::of(Some(whole));
        for name in whole.keys() {
            match name.as_str() {
                "cpu" => together.milli_cpu = given.milli_cpu,
                "memory" => together.memory_bytes = given.memory_bytes,
                other => {
                    let amount = given.others.get(other).copied().unwrap_or(0);
                    together.others.insert(other.to_owned(), amount);
                }
            }
        }
    }
    together.add(&Resources::of(spec.overhead.as_ref()));
    together
}

/// What can't be read counts as nothing: the API server lets no such quantity in.
fn parse(quantity: &Quantity, milli: bool) -> i64 {
    let parsed = object::Quantity::parse(&quantity.0);
    parsed.map_or(0, |parsed| if milli { parsed.milli_value() } else { parsed.value() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(value: serde_json::Value) -> Pod {
        serde_json::from_value(json!({"spec": value})).expect("a pod")
    }

    fn cpu(text: &str) -> serde_json::Value {
        json!({"requests": {"cpu": text}})
    }

    #[test]
    fn what_runs_together_is_added_and_what_runs_first_is_a_floor() {
        let value = json!({
            "containers": [{"name": "a", "resources": cpu("100m")},
                           {"name": "b", "resources": cpu("1")}],
            "initContainers": [{"name": "i", "resources": cpu("2")}],
            "overhead": {"cpu": "10m"},
        });
        assert_eq!(Resources::of_pod(&pod(value)).milli_cpu, 2010);
        let value = json!({
            "containers": [{"name": "a", "resources": cpu("1")}],
            "initContainers": [
                {"name": "s", "restartPolicy": "Always", "resources": cpu("500m")},
                {"name": "i", "resources": cpu("1200m")},
            ],
        });
        assert_eq!(Resources::of_pod(&pod(value)).milli_cpu, 1700);
        let value = json!({"containers": [{"name": "a"}], "resources": cpu("3")});
        assert_eq!(Resources::of_pod(&pod(value)).milli_cpu, 3000);
    }

    #[test]
    fn while_it_is_resized_the_most_counts() {
        let of = |spec: &str, has: &str, allocated: &str, pending: &str| {
            let pod: Pod = serde_json::from_value(json!({
                "spec": {"containers": [{"name": "a", "resources": cpu(spec)}]},
                "status": {
                    "conditions": [{"type": "PodResizePending", "status": "True", "reason": pending}],
                    "containerStatuses": [{"name": "a", "image": "", "imageID": "", "ready": true,
                        "restartCount": 0, "resources": cpu(has),
                        "allocatedResources": {"cpu": allocated}}]},
            }))
            .expect("a pod");
            Resources::of_pod(&pod).milli_cpu
        };
        assert_eq!(of("1", "2", "1", "Deferred"), 2000, "less is asked for, not yet had");
        assert_eq!(of("3", "1", "2", "Deferred"), 3000);
        assert_eq!(of("9", "1", "2", "Infeasible"), 2000);
    }

    #[test]
    fn silence_is_scored_but_not_asked_for() {
        let silent = pod(json!({"containers": [{"name": "a"}, {"name": "b"}]}));
        assert_eq!(Resources::of_pod(&silent), Resources::default());
        assert_eq!(Resources::scored_of_pod(&silent).milli_cpu, 200);
    }
}
