//! NodeVolumeLimits: a CSI driver attaches only so many volumes to a node.
//!
//! Mirrors `plugins/nodevolumelimits`. Counted are the volumes of the node's pods; attachments
//! that no pod of the node uses (any more) are not.

use crate::node::NodeInfo;
use crate::plugin::{Events, Filter, Plugin, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use crate::surroundings::Surroundings;
use crate::volumes::class_of;
use control::Key;
use std::collections::{BTreeMap, BTreeSet};

const EXCEEDED: &str = "node(s) exceed max volume count";

pub(crate) struct NodeVolumeLimits;

/// A driver, and what it calls a volume.
type Handle = (String, String);

impl Plugin for NodeVolumeLimits {
    fn name(&self) -> &'static str {
        "NodeVolumeLimits"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot) -> Filter<'a> {
        let wanted = handles(pod, &nodes.around);
        if wanted.is_empty() {
            return Filter::Skip;
        }
        Filter::Check(Box::new(move |node| {
            let limits = limits(node, &nodes.around);
            if limits.is_empty() {
                return Verdict::Fits;
            }
            let mut all: BTreeSet<Handle> =
                node.pods.iter().flat_map(|other| handles(other, &nodes.around)).collect();
            let before = all.len();
            all.extend(wanted.iter().cloned());
            if all.len() == before {
                return Verdict::Fits;
            }
            let is_exceeded = limits.iter().any(|(driver, limit)| {
                let count = all.iter().filter(|(own, _)| own == driver).count();
                wanted.iter().any(|(own, _)| own == driver) && count > *limit
            });
            match is_exceeded {
                true => Verdict::crowded(vec![EXCEEDED.into()]),
                false => Verdict::Fits,
            }
        }))
    }

    fn events(&self) -> Events {
        Events::CSI_NODE.and(Events::POD_DELETED).and(Events::CLAIM).and(Events::NODE_ADDED)
    }
}

fn limits(node: &NodeInfo, around: &Surroundings) -> BTreeMap<String, usize> {
    let csi = around.csi_nodes.get(&Key::new("", node.name.clone()));
    let drivers = csi.map(|csi| csi.spec.drivers.as_slice()).unwrap_or_default();
    drivers
        .iter()
        .filter_map(|driver| {
            let count = driver.allocatable.as_ref()?.count?;
            Some((driver.name.clone(), usize::try_from(count).ok()?))
        })
        .collect()
}

/// The CSI volumes of `pod`; one that is yet to be made goes by its claim's name.
fn handles(pod: &PodInfo, around: &Surroundings) -> Vec<Handle> {
    pod.claims
        .iter()
        .filter_map(|key| {
            let claim = around.claims.get(key)?;
            let name = claim.spec.as_ref().and_then(|spec| spec.volume_name.clone());
            let volume = name.and_then(|name| around.volumes.get(&Key::new("", name)));
            match volume {
                Some(volume) => {
                    let csi = volume.spec.as_ref()?.csi.as_ref()?;
                    Some((csi.driver.clone(), csi.volume_handle.clone()))
                }
                None => Some((class_of(claim, around)?.provisioner.clone(), key.to_string())),
            }
        })
        .collect()
}
