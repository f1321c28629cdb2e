//! VolumeRestrictions: a disk that only one can write to, and a claim that only one pod may use.
//!
//! Mirrors `plugins/volumerestrictions`.

use crate::plugin::{Events, Filter, Plugin, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use control::Key;
use k8s_openapi::api::core::v1::Volume;

const DISK: &str = "node(s) had no available disk";
const ONE_POD: &str = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod \
                       access mode already in-use by another pod";

pub(crate) struct VolumeRestrictions;

impl Plugin for VolumeRestrictions {
    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot) -> Filter<'a> {
        let volumes = pod.spec().volumes.as_deref().unwrap_or_default();
        let mut is_taken = false;
        for named in volumes.iter().filter_map(|volume| volume.persistent_volume_claim.as_ref()) {
            let key = Key::new(pod.class.namespace.clone(), named.claim_name.clone());
            let Some(claim) = nodes.around.claims.get(&key) else {
                return Filter::Refuse(format!("persistentvolumeclaim {:?} not found", key.name));
            };
            let modes = claim.spec.as_ref().and_then(|spec| spec.access_modes.as_deref());
            let is_for_one = modes.unwrap_or_default().iter().any(|m| m == "ReadWriteOncePod");
            is_taken |= is_for_one && nodes.tallies().is_claim_used(&key);
        }
        let disks: Vec<&Volume> = volumes.iter().filter(|volume| is_disk(volume)).collect();
        if disks.is_empty() && !is_taken {
            return Filter::Skip;
        }
        Filter::Check(Box::new(move |node| {
            let taken = node.pods.iter().flat_map(|pod| pod.spec().volumes.iter().flatten());
            for other in taken.filter(|volume| is_disk(volume)) {
                if disks.iter().any(|volume| is_conflict(volume, other)) {
                    return Verdict::crowded(vec![DISK.into()]);
                }
            }
            if is_taken {
                return Verdict::crowded(vec![ONE_POD.into()]);
            }
            Verdict::Fits
        }))
    }

    fn events(&self) -> Events {
        Events::POD_DELETED.and(Events::NODE_ADDED).and(Events::CLAIM)
    }
}

fn is_disk(volume: &Volume) -> bool {
    volume.gce_persistent_disk.is_some()
        || volume.aws_elastic_block_store.is_some()
        || volume.iscsi.is_some()
        || volume.rbd.is_some()
}

/// Whether the two can't be mounted on one node.
fn is_conflict(one: &Volume, other: &Volume) -> bool {
    let is_written =
        |one: Option<bool>, other: Option<bool>| !(one.unwrap_or(false) && other.unwrap_or(false));
    if let (Some(one), Some(other)) = (&one.gce_persistent_disk, &other.gce_persistent_disk)
        && one.pd_name == other.pd_name
        && is_written(one.read_only, other.read_only)
    {
        return true;
    }
    if let (Some(one), Some(other)) = (&one.aws_elastic_block_store, &other.aws_elastic_block_store)
        && one.volume_id == other.volume_id
    {
        return true;
    }
    if let (Some(one), Some(other)) = (&one.iscsi, &other.iscsi)
        && one.iqn == other.iqn
        && is_written(one.read_only, other.read_only)
    {
        return true;
    }
    if let (Some(one), Some(other)) = (&one.rbd, &other.rbd) {
        let pool = |pool: &Option<String>| pool.as_deref().unwrap_or("rbd").to_owned();
        return one.monitors.iter().any(|monitor| other.monitors.contains(monitor))
            && pool(&one.pool) == pool(&other.pool)
            && one.image == other.image
            && is_written(one.read_only, other.read_only);
    }
    false
}
