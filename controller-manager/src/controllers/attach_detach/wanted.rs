//! Which volumes have to be attached to a node for its pods: pure.
//!
//! Those of CSI drivers, unless the driver says that it needs no attaching, and iSCSI and Fibre
//! Channel volumes, to which nothing is done, and whose kubelet waits for the word all the same.
//! Volumes of clouds that pods name without a claim are left out. Mirrors
//! `desired_state_of_world_populator.go` and `util.go` of
//! `k8s.io/kubernetes/pkg/controller/volume/attachdetach`.

use control::volumes::{claims_of, is_meant_for, uses, volume_name};
use control::{Key, pods};
use k8s_openapi::api::core::v1::{
    ContainerStatus, PersistentVolume, PersistentVolumeClaim, Pod, Volume,
};
use k8s_openapi::api::storage::v1::CSIDriver;
use std::collections::BTreeMap;
use std::sync::Arc;

const KEEP_TERMINATED: &str = "volumes.kubernetes.io/keep-terminated-pod-volumes";

/// How a volume is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attacher {
    /// By a driver, which answers in the VolumeAttachment.
    Csi { driver: String, handle: String },
    /// By nobody.
    None,
}

/// A volume that is to be attached.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// What messages call it: its PersistentVolume, or the name that the pod has for it.
    pub(super) name: String,
    pub(super) attacher: Attacher,
    /// Whether it may be attached to several nodes.
    pub(super) is_shared: bool,
    /// The pods that use it.
    pub(super) pods: Vec<Arc<Pod>>,
}

/// The objects around pods.
pub(super) struct Around<'a> {
    pub(super) claim: &'a (dyn Fn(&Key) -> Option<Arc<PersistentVolumeClaim>> + Send + Sync),
    pub(super) volume: &'a (dyn Fn(&str) -> Option<Arc<PersistentVolume>> + Send + Sync),
    pub(super) driver: &'a (dyn Fn(&str) -> Option<Arc<CSIDriver>> + Send + Sync),
}

/// The volumes of `pods` by the unique names that kubelets have for them.
pub(super) fn wanted(pods: &[Arc<Pod>], around: &Around<'_>) -> BTreeMap<String, Wanted> {
    let mut all: BTreeMap<String, Wanted> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| has_volumes(pod)) {
        let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        let plain = volumes.filter_map(of_pod);
        let claimed = claims_of(pod).filter_map(|(key, _)| {
            let claim = (around.claim)(&key).filter(|claim| uses(pod, claim))?;
            let volume = (around.volume)(volume_name(&claim))?;
            is_meant_for(&volume, &claim).then(|| of_volume(&volume, around)).flatten()
        });
        for (unique, wanted) in plain.chain(claimed) {
            all.entry(unique).or_insert(wanted).pods.push(pod.clone());
        }
    }
    all
}

/// Whether the kubelet may still have use for its volumes.
fn has_volumes(pod: &Pod) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    let keeps = annotations.and_then(|all| all.get(KEEP_TERMINATED)).is_some_and(|v| v == "true");
    keeps || !is_over(pod)
}

/// Whether nothing of it runs, or will.
fn is_over(pod: &Pod) -> bool {
    let runs = |statuses: Option<&Vec<ContainerStatus>>| {
        statuses.into_iter().flatten().any(|container| {
            let state = container.state.as_ref();
            state.is_none_or(|state| state.terminated.is_none() && state.waiting.is_none())
        })
    };
    let status = pod.status.as_ref();
    let is_quiet = || {
        status.is_none_or(|status| {
            !runs(status.init_container_statuses.as_ref())
                && !runs(status.container_statuses.as_ref())
                && !runs(status.ephemeral_container_statuses.as_ref())
        })
    };
    pods::is_finished(pod) || (pods::is_terminating(pod) && is_quiet())
}

/// A volume that a pod describes itself.
fn of_pod(volume: &Volume) -> Option<(String, Wanted)> {
    let unique = match (&volume.iscsi, &volume.fc) {
        (Some(iscsi), _) => iscsi_name(&iscsi.target_portal, &iscsi.iqn, iscsi.lun),
        (None, Some(fc)) => fc_name(fc.target_wwns.as_deref(), fc.lun, fc.wwids.as_deref())?,
        (None, None) => return None,
    };
    let name = volume.name.clone();
    Some((unique, Wanted { name, attacher: Attacher::None, is_shared: true, pods: Vec::new() }))
}

fn of_volume(volume: &PersistentVolume, around: &Around<'_>) -> Option<(String, Wanted)> {
    let spec = volume.spec.as_ref()?;
    let (unique, attacher) = if let Some(csi) = &spec.csi {
        let driver = (around.driver)(&csi.driver);
        if driver.is_some_and(|driver| driver.spec.attach_required == Some(false)) {
            return None;
        }
        let (driver, handle) = (csi.driver.clone(), csi.volume_handle.clone());
        (format!("kubernetes.io/csi/{driver}^{handle}"), Attacher::Csi { driver, handle })
    } else if let Some(iscsi) = &spec.iscsi {
        (iscsi_name(&iscsi.target_portal, &iscsi.iqn, iscsi.lun), Attacher::None)
    } else if let Some(fc) = &spec.fc {
        let unique = fc_name(fc.target_wwns.as_deref(), fc.lun, fc.wwids.as_deref())?;
        (unique, Attacher::None)
    } else {
        return None;
    };
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    let is_shared = modes.is_empty()
        || modes.iter().any(|mode| matches!(mode.as_str(), "ReadWriteMany" | "ReadOnlyMany"));
    let name = volume.metadata.name.clone()?;
    Some((unique, Wanted { name, attacher, is_shared, pods: Vec::new() }))
}

fn iscsi_name(portal: &str, iqn: &str, lun: i32) -> String {
    format!("kubernetes.io/iscsi/{portal}:{iqn}:{lun}")
}

fn fc_name(wwns: Option<&[String]>, lun: Option<i32>, wwids: Option<&[String]>) -> Option<String> {
    let list = |names: &[String]| format!("[{}]", names.join(" "));
    match (wwns, lun, wwids) {
        (Some(wwns), Some(lun), _) if !wwns.is_empty() => {
            Some(format!("kubernetes.io/fc/{}:{lun}", list(wwns)))
        }
        (_, _, Some(wwids)) if !wwids.is_empty() => {
            Some(format!("kubernetes.io/fc/{}", list(wwids)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, volume: Value, status: Value) -> Arc<Pod> {
        let value = json!({"metadata": {"name": name, "namespace": "ns", "uid": name},
            "spec": {"nodeName": "n", "containers": [], "volumes": [volume]}, "status": status});
        Arc::new(serde_json::from_value(value).expect("a pod"))
    }

    fn names(pods: &[Arc<Pod>], attach_required: bool) -> Vec<(String, String, usize)> {
        let claim = |key: &Key| {
            let value = json!({"metadata": {"name": key.name, "namespace": "ns", "uid": "c"},
                "spec": {"volumeName": "pv"}});
            Some(Arc::new(serde_json::from_value(value).expect("a claim")))
        };
        let volume = |name: &str| {
            let value = json!({"metadata": {"name": name}, "spec": {
                "claimRef": {"namespace": "ns", "name": "data", "uid": "c"},
                "csi": {"driver": "d.example.com", "volumeHandle": "h"}}});
            Some(Arc::new(serde_json::from_value(value).expect("a volume")))
        };
        let driver = |_: &str| {
            let value = json!({"spec": {"attachRequired": attach_required}});
            Some(Arc::new(serde_json::from_value(value).expect("a driver")))
        };
        let around = Around { claim: &claim, volume: &volume, driver: &driver };
        let found = wanted(pods, &around).into_iter();
        found.map(|(unique, wanted)| (unique, wanted.name, wanted.pods.len())).collect()
    }

    #[test]
    fn volumes_have_the_names_that_kubelets_know() {
        let own = json!({"name": "v", "persistentVolumeClaim": {"claimName": "data"}});
        let other = json!({"name": "v", "persistentVolumeClaim": {"claimName": "other"}});
        let running = || json!({"phase": "Running"});
        let both = [pod("a", own.clone(), running()), pod("b", own.clone(), running())];
        let found = |unique: &str, name: &str, count| vec![(unique.into(), name.into(), count)];
        let csi = "kubernetes.io/csi/d.example.com^h";
        assert_eq!(names(&both, true), found(csi, "pv", 2));
        assert_eq!(names(&both, false), []);
        assert_eq!(names(&[pod("a", own, json!({"phase": "Failed"}))], true), []);
        assert_eq!(names(&[pod("a", other, running())], true), [], "another claim's volume");
        let iscsi = json!({"name": "v", "iscsi":
            {"targetPortal": "10.0.0.1:3260", "iqn": "iqn.x", "lun": 0}});
        let unique = "kubernetes.io/iscsi/10.0.0.1:3260:iqn.x:0";
        assert_eq!(names(&[pod("a", iscsi, running())], true), found(unique, "v", 1));
        let fc = json!({"name": "v", "fc": {"targetWWNs": ["a", "b"], "lun": 2}});
        let unique = "kubernetes.io/fc/[a b]:2";
        assert_eq!(names(&[pod("a", fc, running())], true), found(unique, "v", 1));
    }
}
