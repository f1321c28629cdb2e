//! What to do for one claim: pure.
//!
//! Mirrors `syncUnboundClaim`, `syncBoundClaim` and `provisionClaim` of
//! `k8s.io/kubernetes/pkg/controller/volume/persistentvolume`.

use super::binding::{BOUND_BY_CONTROLLER, bind, set_claim_status};
use super::matching;
use super::plugins::{self, PROVISIONER, PROVISIONER_BETA};
use control::volumes::{
    BIND_COMPLETED, SELECTED_NODE, annotation, claim_class, has_class, is_meant_for, volume_name,
};
use control::{Action, EventType};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use std::sync::Arc;

/// What is known of a claim.
pub(super) struct Snapshot<'a> {
    pub(super) claim: &'a PersistentVolumeClaim,
    pub(super) volumes: &'a [Arc<PersistentVolume>],
    /// The class that it names.
    pub(super) class: Option<Arc<StorageClass>>,
    /// The class for claims that name none.
    pub(super) default_class: Option<Arc<StorageClass>>,
    /// The pods that use it and have no node yet.
    pub(super) waiting_pods: Vec<String>,
    /// Whether volumes are made for claims: `--enable-dynamic-provisioning`.
    pub(super) provisions: bool,
}

/// The answer to a snapshot: writes in order, then what to tell about the claim.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) actions: Vec<Action>,
    pub(super) tell: Vec<(EventType, &'static str, String)>,
}

impl Plan {
    fn telling(mut self, kind: EventType, reason: &'static str, text: impl Into<String>) -> Self {
        self.tell.push((kind, reason, text.into()));
        self
    }
}

/// Plans for `snapshot`.
///
/// # Errors
/// What has to be tried again.
pub(super) fn plan(snapshot: &Snapshot<'_>) -> Result<Plan, String> {
    let claim = snapshot.claim;
    let keys = [PROVISIONER, PROVISIONER_BETA];
    if let Some(annotations) = plugins::migrated(&claim.metadata.annotations, &keys) {
        let mut changed = claim.clone();
        changed.metadata.annotations = annotations;
        return Ok(writing([Action::update(&changed)]));
    }
    let name = volume_name(claim);
    let volume = snapshot.volumes.iter().find(|own| own.metadata.name.as_deref() == Some(name));
    let is_bound = annotation(&claim.metadata.annotations, BIND_COMPLETED).is_some();
    match (is_bound, name) {
        (true, _) => bound(claim, volume),
        (false, "") => unbound(snapshot),
        (false, _) => promised(claim, volume),
    }
}

/// A claim that had its volume.
fn bound(
    claim: &PersistentVolumeClaim,
    volume: Option<&Arc<PersistentVolume>>,
) -> Result<Plan, String> {
    let lost = |reason, text: &str| -> Result<Plan, String> {
        let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
        if phase == Some("Lost") {
            return Ok(Plan::default());
        }
        let plan = writing(set_claim_status(claim, "Lost", None)?);
        Ok(plan.telling(EventType::Warning, reason, text))
    };
    if volume_name(claim).is_empty() {
        let text =
            "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
        return lost("ClaimLost", text);
    }
    let Some(volume) = volume else {
        let text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
        return lost("ClaimLost", text);
    };
    match volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()) {
        Some(given) if given.uid != claim.metadata.uid => {
            let text = "Two claims are bound to the same volume, this one is bound incorrectly";
            lost("ClaimMisbound", text)
        }
        _ => Ok(writing(bind(volume, claim)?)),
    }
}

/// A claim that names a volume and hasn't got it.
fn promised(
    claim: &PersistentVolumeClaim,
    volume: Option<&Arc<PersistentVolume>>,
) -> Result<Plan, String> {
    let Some(volume) = volume else { return pending(claim) };
    if is_meant_for(volume, claim) {
        return Ok(writing(bind(volume, claim)?));
    }
    let name = volume_name(claim);
    if volume.spec.as_ref().is_some_and(|spec| spec.claim_ref.is_some()) {
        let text = format!("volume {name:?} already bound to a different claim.");
        let plan = match annotation(&claim.metadata.annotations, BOUND_BY_CONTROLLER) {
            None => pending(claim)?,
            Some(_) => Plan::default(),
        };
        return Ok(plan.telling(EventType::Warning, "FailedBinding", text));
    }
    match matching::check(volume, claim) {
        Ok(()) => Ok(writing(bind(volume, claim)?)),
        Err(why) => {
            let text = format!("Cannot bind to requested volume {name:?}: {why}");
            Ok(pending(claim)?.telling(EventType::Warning, "VolumeMismatch", text))
        }
    }
}

/// A claim that takes what there is.
fn unbound(snapshot: &Snapshot<'_>) -> Result<Plan, String> {
    let claim = snapshot.claim;
    let mode = snapshot.class.as_ref().and_then(|class| class.volume_binding_mode.as_deref());
    let delayed = mode == Some("WaitForFirstConsumer");
    if let Some(volume) = matching::find(claim, snapshot.volumes, delayed)? {
        return Ok(writing(bind(volume, claim)?));
    }
    if let Some(class) = snapshot.default_class.as_ref().filter(|_| !has_class(claim)) {
        let mut changed = claim.clone();
        changed.spec.get_or_insert_default().storage_class_name = class.metadata.name.clone();
        return Ok(writing([Action::update(&changed)]));
    }
    let has_node = annotation(&claim.metadata.annotations, SELECTED_NODE).is_some();
    if delayed && !has_node {
        let (reason, text) = match &snapshot.waiting_pods[..] {
            [] => (
                "WaitForFirstConsumer",
                "waiting for first consumer to be created before binding".to_owned(),
            ),
            [one] => ("WaitForPodScheduled", format!("waiting for pod {one} to be scheduled")),
            all => (
                "WaitForPodScheduled",
                format!("waiting for pods {} to be scheduled", all.join(",")),
            ),
        };
        return Ok(pending(claim)?.telling(EventType::Normal, reason, text));
    }
    if !claim_class(claim).is_empty() {
        return Ok(if snapshot.provisions { provision(snapshot) } else { Plan::default() });
    }
    let text = "no persistent volumes available for this claim and no storage class is set";
    Ok(pending(claim)?.telling(EventType::Normal, "FailedBinding", text))
}

/// Asks for a volume to be made.
fn provision(snapshot: &Snapshot<'_>) -> Plan {
    let claim = snapshot.claim;
    let failed =
        |why: String| Plan::default().telling(EventType::Warning, "ProvisioningFailed", why);
    let Some(class) = &snapshot.class else {
        let name = claim_class(claim);
        return failed(format!("storageclass.storage.k8s.io {name:?} not found"));
    };
    let driver = match plugins::provisioner(&class.provisioner) {
        Ok(driver) => driver,
        Err(why) => return failed(why),
    };
    let mut changed = claim.clone();
    let annotations = changed.metadata.annotations.get_or_insert_default();
    for key in [PROVISIONER, PROVISIONER_BETA] {
        annotations.insert(key.into(), driver.into());
    }
    let write = (changed != *claim).then(|| Action::update(&changed));
    let text = format!(
        "Waiting for a volume to be created either by the external provisioner '{driver}' or \
         manually by the system administrator. If volume creation is delayed, please verify that \
         the provisioner is running and correctly registered."
    );
    writing(write).telling(EventType::Normal, "ExternalProvisioning", text)
}

fn pending(claim: &PersistentVolumeClaim) -> Result<Plan, String> {
    Ok(writing(set_claim_status(claim, "Pending", None)?))
}

fn writing(actions: impl IntoIterator<Item = Action>) -> Plan {
    Plan { actions: actions.into_iter().collect(), tell: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    struct World {
        claim: Value,
        volumes: Vec<Value>,
        class: Value,
        pods: Vec<&'static str>,
    }

    fn world() -> World {
        World {
            claim: json!({"metadata": {"name": "c", "namespace": "ns", "uid": "c"},
                "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
                    "resources": {"requests": {"storage": "1Gi"}}},
                "status": {"phase": "Pending"}}),
            volumes: vec![json!({"metadata": {"name": "v"},
                "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}},
                "status": {"phase": "Available"}})],
            class: json!({"metadata": {"name": "fast"}, "provisioner": "example.com/disk"}),
            pods: vec![],
        }
    }

    impl World {
        fn plan(&self) -> (Vec<String>, Vec<&'static str>, String) {
            let claim = serde_json::from_value(self.claim.clone()).expect("a claim");
            let volumes: Vec<Arc<PersistentVolume>> = self
                .volumes
                .iter()
                .map(|value| Arc::new(serde_json::from_value(value.clone()).expect("a volume")))
                .collect();
            let class: StorageClass = serde_json::from_value(self.class.clone()).expect("a class");
            let class = Arc::new(class);
            let snapshot = Snapshot {
                claim: &claim,
                volumes: &volumes,
                class: Some(class.clone())
                    .filter(|class| class.metadata.name.as_deref() == Some(claim_class(&claim))),
                default_class: Some(class),
                waiting_pods: self.pods.iter().map(|pod| (*pod).to_owned()).collect(),
                provisions: true,
            };
            let plan = plan(&snapshot).expect("a plan");
            let writes = plan.actions.iter().map(|action| {
                let text = action.describe();
                text.rsplit("persistentvolume").next().expect("a part").to_owned()
            });
            let texts: Vec<String> = plan.tell.iter().map(|told| told.2.clone()).collect();
            let reasons = plan.tell.iter().map(|told| told.1).collect();
            (writes.collect(), reasons, texts.join(" "))
        }
    }

    const BOUND: [&str; 4] = ["s/v", "s/v/status", "claims/c", "claims/c/status"];

    #[test]
    fn a_claim_takes_a_volume_or_waits() {
        let mut world = world();
        assert_eq!(world.plan(), (BOUND.map(String::from).to_vec(), vec![], String::new()));
        world.volumes.clear();
        let (writes, reasons, text) = world.plan();
        assert_eq!((writes.len(), reasons), (0, vec!["FailedBinding"]));
        assert_eq!(
            text,
            "no persistent volumes available for this claim and no storage class is set"
        );
        world.claim["spec"]["storageClassName"] = json!(null);
        assert_eq!(world.plan().0, ["claims/c"], "the default class");
        world.claim["spec"]["storageClassName"] = json!("none");
        let (_, reasons, text) = world.plan();
        assert_eq!(reasons, ["ProvisioningFailed"]);
        assert_eq!(text, "storageclass.storage.k8s.io \"none\" not found");
        world.claim["spec"]["storageClassName"] = json!("fast");
        let (writes, reasons, _) = world.plan();
        assert_eq!((writes, reasons), (vec!["claims/c".to_owned()], vec!["ExternalProvisioning"]));
    }

    #[test]
    fn a_delayed_claim_waits_for_its_pod() {
        let mut world = world();
        world.claim["spec"]["storageClassName"] = json!("fast");
        world.volumes[0]["spec"]["storageClassName"] = json!("fast");
        assert_eq!(world.plan().0, BOUND);
        world.class["volumeBindingMode"] = json!("WaitForFirstConsumer");
        assert_eq!(world.plan().1, ["WaitForFirstConsumer"]);
        world.pods = vec!["p", "q"];
        assert_eq!(world.plan().2, "waiting for pods p,q to be scheduled");
        world.claim["metadata"]["annotations"] = json!({SELECTED_NODE: "n"});
        assert_eq!(world.plan().1, ["ExternalProvisioning"]);
        world.class["provisioner"] = json!("kubernetes.io/no-provisioner");
        assert_eq!(world.plan().2, "no volume plugin matched name: kubernetes.io/no-provisioner");
        world.volumes[0]["spec"]["claimRef"] = json!({"namespace": "ns", "name": "c", "uid": "c"});
        assert_eq!(world.plan().0, BOUND[1..], "what the scheduler gave it");
    }

    #[test]
    fn a_claim_that_names_its_volume_gets_that_or_none() {
        let mut world = world();
        world.claim["spec"]["volumeName"] = json!("v");
        assert_eq!(world.plan().0, BOUND);
        world.volumes[0]["spec"]["capacity"] = json!({"storage": "1Mi"});
        let (_, reasons, text) = world.plan();
        assert_eq!(reasons, ["VolumeMismatch"]);
        assert_eq!(text, "Cannot bind to requested volume \"v\": requested PV is too small");
        world.volumes[0]["spec"]["claimRef"] = json!({"namespace": "ns", "name": "other"});
        assert_eq!(world.plan().2, "volume \"v\" already bound to a different claim.");
        world.volumes.clear();
        assert_eq!(world.plan(), (vec![], vec![], String::new()));
    }

    #[test]
    fn a_bound_claim_that_lost_its_volume_says_so_once() {
        let mut world = world();
        world.claim["metadata"]["annotations"] = json!({BIND_COMPLETED: "yes"});
        world.claim["spec"]["volumeName"] = json!("v");
        world.volumes[0]["spec"]["claimRef"] =
            json!({"namespace": "ns", "name": "c", "uid": "former"});
        assert_eq!(world.plan().1, ["ClaimMisbound"]);
        world.volumes.clear();
        assert_eq!(world.plan().1, ["ClaimLost"]);
        world.claim["status"]["phase"] = json!("Lost");
        assert_eq!(world.plan(), (vec![], vec![], String::new()));
    }
}
