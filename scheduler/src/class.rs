//! What selectors can tell a pod from others by. Pods of one class are counted, never looked at.

use control::selector::Labels;
use k8s_openapi::api::core::v1::Pod;

/// What tells pods apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    pub(crate) namespace: String,
    pub(crate) labels: Labels,
    /// Whether they are being deleted.
    pub(crate) is_terminating: bool,
    /// Their wishes about other pods, as JSON.
    pub(crate) affinity: String,
}

impl Class {
    pub(crate) fn of(pod: &Pod) -> Self {
        let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
        let wishes = affinity.map(|all| (&all.pod_affinity, &all.pod_anti_affinity));
        let wishes = wishes.filter(|(with, without)| with.is_some() || without.is_some());
        Self {
            namespace: pod.metadata.namespace.clone().unwrap_or_default(),
            labels: pod.metadata.labels.clone().unwrap_or_default(),
            is_terminating: pod.metadata.deletion_timestamp.is_some(),
            affinity: wishes
                .map(|wishes| serde_json::to_string(&wishes).expect("plain JSON"))
                .unwrap_or_default(),
        }
    }
}
