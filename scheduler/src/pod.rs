//! A pod as the scheduler looks at it: what is computed once and asked for often.

use crate::class::Class;
use crate::resources::Resources;
use crate::terms::Terms;
use control::Key;
use control::selector::Matcher;
use control::volumes::claims_of;
use k8s_openapi::api::core::v1::{Pod, PodSpec};
use std::sync::{Arc, LazyLock};

/// The scheduler of pods that name none.
pub(crate) const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// A port of the host that a pod takes for itself: address, protocol, number.
pub(crate) type HostPort = (String, String, i32);

/// A pod, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct PodInfo {
    pub(crate) pod: Arc<Pod>,
    pub(crate) key: Key,
    pub(crate) uid: String,
    pub(crate) request: Resources,
    pub(crate) scored: Resources,
    pub(crate) ports: Vec<HostPort>,
    pub(crate) priority: i32,
    /// What selects the pods that it is spread with; known only while it waits for a node.
    pub(crate) kin: Vec<Matcher>,
    /// Its wishes about other pods.
    pub(crate) terms: Arc<Terms>,
    /// What counts it together with pods like it.
    pub(crate) class: Arc<Class>,
    /// The claims for volumes that it uses.
    pub(crate) claims: Vec<Key>,
}

impl PodInfo {
    pub(crate) fn new(pod: Arc<Pod>) -> Self {
        Self {
            key: Key::of(&*pod),
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            request: Resources::of_pod(&pod),
            scored: Resources::scored_of_pod(&pod),
            ports: host_ports(&pod),
            terms: Arc::new(Terms::of(&pod)),
            class: Arc::new(Class::of(&pod)),
            claims: claims_of(&pod).map(|(key, _)| key).collect(),
            priority: pod.spec.as_ref().and_then(|spec| spec.priority).unwrap_or(0),
            kin: Vec::new(),
            pod,
        }
    }

    pub(crate) fn spec(&self) -> &PodSpec {
        static EMPTY: LazyLock<PodSpec> = LazyLock::new(PodSpec::default);
        self.pod.spec.as_ref().unwrap_or(&EMPTY)
    }
}

/// The name of the profile that `pod` asks for.
pub(crate) fn scheduler_of(pod: &Pod) -> &str {
    let named = pod.spec.as_ref().and_then(|spec| spec.scheduler_name.as_deref());
    named.unwrap_or(DEFAULT_SCHEDULER)
}

fn host_ports(pod: &Pod) -> Vec<HostPort> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let restartable = spec
        .init_containers
        .iter()
        .flatten()
        .filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(restartable).flat_map(|c| c.ports.iter().flatten());
    ports
        .filter_map(|port| {
            let number = port.host_port.filter(|number| *number > 0)?;
            let address = port.host_ip.clone().filter(|ip| !ip.is_empty());
            Some((
                address.unwrap_or_else(|| "0.0.0.0".into()),
                port.protocol.clone().unwrap_or_else(|| "TCP".into()),
                number,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_names_its_scheduler() {
        for (named, expected) in [(None, "default-scheduler"), (Some("batch"), "batch")] {
            let spec = PodSpec { scheduler_name: named.map(str::to_owned), ..PodSpec::default() };
            let pod = Pod { spec: Some(spec), ..Pod::default() };
            assert_eq!(scheduler_of(&pod), expected);
        }
        assert_eq!(scheduler_of(&Pod::default()), DEFAULT_SCHEDULER);
    }
}
