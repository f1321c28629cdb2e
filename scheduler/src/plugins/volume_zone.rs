//! VolumeZone: a node in another zone than the pod's volume can't reach it.
//!
//! Mirrors `plugins/volumezone`: what counts are the labels of volumes and nodes, the old names of
//! the labels too.

use crate::node::NodeInfo;
use crate::plugin::{Events, Filter, Plugin, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use crate::volumes::class_of;
use control::Key;
use std::collections::BTreeSet;

const CONFLICT: &str = "node(s) had no available volume zone";

/// The labels, each with the name that replaced it.
const LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

pub(crate) struct VolumeZone;

/// A label that the node must have, under either name, with one of these values.
type Wanted = (&'static str, &'static str, BTreeSet<String>);

impl Plugin for VolumeZone {
    fn name(&self) -> &'static str {
        "VolumeZone"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot) -> Filter<'a> {
        let wanted = match wanted(pod, nodes) {
            Ok(wanted) if wanted.is_empty() => return Filter::Skip,
            Ok(wanted) => wanted,
            Err(reason) => return Filter::Refuse(reason),
        };
        Filter::Check(Box::new(move |node| {
            let is_somewhere = LABELS.iter().any(|(label, _)| node.label(label).is_some());
            if is_somewhere && !wanted.iter().all(|wanted| is_met(wanted, node)) {
                return Verdict::never(CONFLICT);
            }
            Verdict::Fits
        }))
    }

    fn events(&self) -> Events {
        let volumes = Events::CLAIM.and(Events::VOLUME).and(Events::STORAGE_CLASS);
        volumes.and(Events::NODE_ADDED).and(Events::NODE_LABELS)
    }
}

fn is_met((label, newer, values): &Wanted, node: &NodeInfo) -> bool {
    let value = node.label(label).or_else(|| node.label(newer));
    value.is_some_and(|value| values.contains(value))
}

fn wanted(pod: &PodInfo, nodes: &Snapshot) -> Result<Vec<Wanted>, String> {
    let mut all = Vec::new();
    let volumes = pod.spec().volumes.iter().flatten();
    for named in volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref()) {
        let key = Key::new(pod.class.namespace.clone(), named.claim_name.clone());
        let missing = || format!("persistentvolumeclaim {:?} not found", key.name);
        let claim = nodes.around.claims.get(&key).ok_or_else(missing)?;
        let name = claim.spec.as_ref().and_then(|spec| spec.volume_name.as_deref());
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let mode = class_of(claim, &nodes.around)
                .and_then(|class| class.volume_binding_mode.as_deref());
            if mode == Some("WaitForFirstConsumer") {
                continue;
            }
            return Err("PersistentVolume had no name".into());
        };
        let Some(volume) = nodes.around.volumes.get(&Key::new("", name)) else {
            return Err(format!("persistentvolume {name:?} not found"));
        };
        for (label, newer) in LABELS {
            if let Some(value) = volume.metadata.labels.as_ref().and_then(|own| own.get(label)) {
                // Several zones are joined by two underscores.
                all.push((label, newer, value.split("__").map(str::to_owned).collect()));
            }
        }
    }
    Ok(all)
}
