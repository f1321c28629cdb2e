//! VolumeBinding: a pod goes where its volumes are, or can be had.
//!
//! Mirrors `plugins/volumebinding`; what is found is in [`crate::volumes`]. Volumes count nothing
//! in the scores, as upstream without `StorageCapacityScoring`.

use crate::plugin::{Events, Filter, Plugin, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use crate::volumes::PodClaims;

pub(crate) struct VolumeBinding;

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot) -> Filter<'a> {
        if pod.claims.is_empty() {
            return Filter::Skip;
        }
        let claims = match PodClaims::of(pod, &nodes.around) {
            Ok(claims) => claims,
            Err(reason) => return Filter::Refuse(reason),
        };
        Filter::Check(Box::new(move |node| match claims.plan(&nodes.around, node) {
            Ok(_) => Verdict::Fits,
            Err(reasons) => Verdict::Refused { reasons, resolvable: false },
        }))
    }

    fn events(&self) -> Events {
        let volumes = Events::CLAIM.and(Events::VOLUME).and(Events::STORAGE_CLASS);
        volumes.and(Events::NODE_ADDED).and(Events::NODE_LABELS).and(Events::CSI_NODE)
    }
}

#[cfg(test)]
mod tests;
