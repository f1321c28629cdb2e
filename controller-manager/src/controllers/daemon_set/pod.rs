//! A DaemonSet's pod: how it is made for a node, and whether a node fits it.
//!
//! Mirrors `pkg/controller/daemon/util` and `NodeShouldRunDaemonPod`.

use super::super::revisions::HASH_LABEL;
use control::owner::controller_ref;
use control::{node_selector, pods, taints::tolerates};
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, Taint, Toleration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

const GENERATION_ANNOTATION: &str = "deprecated.daemonset.template.generation";
const GENERATION_LABEL: &str = "pod-template-generation";

/// What a daemon puts up with: the taint and its effect.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// The pod of `set` for `node`.
pub(super) fn new_pod(set: &DaemonSet, node: &str, hash: &str) -> Pod {
    let template = set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let meta = template.metadata.unwrap_or_default();
    let mut labels = meta.labels.unwrap_or_default();
    if let Some(generation) = generation(set) {
        labels.insert(GENERATION_LABEL.into(), generation.to_owned());
    }
    labels.insert(HASH_LABEL.into(), hash.to_owned());
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", set.metadata.name.as_deref().unwrap_or_default())),
            namespace: set.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![controller_ref(set)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.map(|mut spec| {
            tolerate(&mut spec);
            bind(&mut spec, node);
            spec
        }),
        status: None,
    }
}

/// Whether `node` should have a pod of `set`, and whether one that is there may stay.
pub(super) fn fits(set: &DaemonSet, node: &Node) -> (bool, bool) {
    let Some(mut spec) = set.spec.as_ref().and_then(|spec| spec.template.spec.clone()) else {
        return (false, false);
    };
    let wanted = spec.node_name.as_deref().filter(|name| !name.is_empty());
    if wanted.is_some() && wanted != node.metadata.name.as_deref() {
        return (false, false);
    }
    if !node_selector::selects(&spec, node) {
        return (false, false);
    }
    tolerate(&mut spec);
    let tolerations = spec.tolerations.unwrap_or_default();
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let untolerated: Vec<&Taint> =
        taints.filter(|taint| !tolerations.iter().any(|one| tolerates(one, taint))).collect();
    let has = |effect: &str| untolerated.iter().any(|taint| taint.effect == effect);
    (!has("NoSchedule") && !has("NoExecute"), !has("NoExecute"))
}

/// The node that `pod` is on, or is meant for.
pub(super) fn target(pod: &Pod) -> Option<&str> {
    let bound = pods::node_name(pod);
    if !bound.is_empty() {
        return Some(bound);
    }
    let terms = node_selector::required(pod.spec.as_ref()?)?;
    let fields = terms.iter().flat_map(|term| term.match_fields.iter().flatten());
    let mut names = fields.filter(|field| field.key == "metadata.name" && field.operator == "In");
    names.next()?.values.as_ref()?.first().map(String::as_str)
}

/// Whether `pod` is of the set's present template.
pub(super) fn is_updated(set: &DaemonSet, pod: &Pod, hash_now: &str) -> bool {
    let label = |name: &str| pod.metadata.labels.as_ref()?.get(name).map(String::as_str);
    label(HASH_LABEL) == Some(hash_now)
        || generation(set).is_some_and(|now| label(GENERATION_LABEL) == Some(now))
}

/// The hash of the template that `pod` was made of.
pub(super) fn hash(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.as_ref()?.get(HASH_LABEL).map(String::as_str)
}

fn generation(set: &DaemonSet) -> Option<&str> {
    set.metadata.annotations.as_ref()?.get(GENERATION_ANNOTATION).map(String::as_str)
}

fn tolerate(spec: &mut PodSpec) {
    let mut wanted = TOLERATED.to_vec();
    if spec.host_network == Some(true) {
        wanted.push(("node.kubernetes.io/network-unavailable", "NoSchedule"));
    }
    let tolerations = spec.tolerations.get_or_insert_default();
    for (key, effect) in wanted {
        let toleration = Toleration {
            key: Some(key.into()),
            operator: Some("Exists".into()),
            effect: Some(effect.into()),
            ..Toleration::default()
        };
        if !tolerations.contains(&toleration) {
            tolerations.push(toleration);
        }
    }
}

/// Replaces the required node affinity with the name of `node`: that it fits is known.
fn bind(spec: &mut PodSpec, node: &str) {
    let affinity = spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
    affinity.required_during_scheduling_ignored_during_execution = Some(NodeSelector {
        node_selector_terms: vec![NodeSelectorTerm {
            match_fields: Some(vec![NodeSelectorRequirement {
                key: "metadata.name".into(),
                operator: "In".into(),
                values: Some(vec![node.into()]),
            }]),
            match_expressions: None,
        }],
    });
}
