//! Gives a pod its volumes before it is bound to its node.
//!
//! Mirrors `AssumePodVolumes` and `BindPodVolumes` of `plugins/volumebinding/binder.go`. What is
//! written is counted at once; the binding itself is finished by the controller of volumes.

use super::Scheduler;
use crate::limits::VOLUMES_POLL;
use crate::volumes::{Step, is_bound};
use control::volumes::SELECTED_NODE;
use control::{Action, Key, execute};
use k8s_openapi::api::core::v1::ObjectReference;
use runtime::clock;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

impl Scheduler {
    /// Counts what `steps` will write as if it were written.
    pub(super) fn assume_volumes(&self, steps: &[Step], node: &str) {
        let mut cache = self.cache();
        let around = cache.around();
        for step in steps {
            match step {
                Step::Give { volume, claim } => {
                    let mut volume = (**volume).clone();
                    if let Some(spec) = &mut volume.spec {
                        spec.claim_ref = Some(ObjectReference {
                            namespace: claim.metadata.namespace.clone(),
                            name: claim.metadata.name.clone(),
                            uid: claim.metadata.uid.clone(),
                            ..ObjectReference::default()
                        });
                    }
                    Arc::make_mut(&mut around.volumes).insert(Key::of(&volume), Arc::new(volume));
                }
                Step::Provision { claim } => {
                    let mut claim = (**claim).clone();
                    let annotations = claim.metadata.annotations.get_or_insert_default();
                    annotations.insert(SELECTED_NODE.into(), node.into());
                    Arc::make_mut(&mut around.claims).insert(Key::of(&claim), Arc::new(claim));
                }
            }
        }
    }

    /// Takes back what [`Self::assume_volumes`] counted.
    pub(super) fn restore_volumes(&self, steps: &[Step]) {
        let mut cache = self.cache();
        let around = cache.around();
        for step in steps {
            match step {
                Step::Give { volume, .. } => {
                    let key = Key::of(&**volume);
                    if let Some(known) = self.volumes.get(&key) {
                        Arc::make_mut(&mut around.volumes).insert(key, known);
                    }
                }
                Step::Provision { claim } => {
                    let key = Key::of(&**claim);
                    if let Some(known) = self.claims.get(&key) {
                        Arc::make_mut(&mut around.claims).insert(key, known);
                    }
                }
            }
        }
    }

    /// Writes `steps`, and waits until all claims have their volumes.
    ///
    /// # Errors
    /// The sentence that says why they don't.
    pub(super) async fn bind_volumes(
        &self,
        steps: &[Step],
        node: &str,
        timeout: Duration,
    ) -> Result<(), String> {
        let mut asked = Vec::new();
        for step in steps {
            let action = match step {
                Step::Give { volume, claim } => Action::patch(&**volume, give(claim, volume)),
                Step::Provision { claim } => Action::patch(
                    &**claim,
                    json!({"metadata": {
                        "annotations": {SELECTED_NODE: node},
                        "resourceVersion": claim.metadata.resource_version,
                    }}),
                ),
            };
            let answer = execute(&self.client, &action).await.map_err(|error| error.to_string())?;
            if let (Step::Provision { claim }, Some(answer)) = (step, answer) {
                let version = answer["metadata"]["resourceVersion"].as_str().unwrap_or_default();
                asked.push((Key::of(&**claim), version.parse().unwrap_or(0)));
            }
        }
        let all_bound = async {
            loop {
                for (key, version) in &asked {
                    self.check_provisioning(key, *version, node)?;
                }
                let are_bound = steps.iter().all(|step| {
                    let (Step::Give { claim, .. } | Step::Provision { claim }) = step;
                    self.claims.get(&Key::of(&**claim)).is_some_and(|claim| is_bound(&claim))
                });
                if are_bound {
                    return Ok(());
                }
                clock::sleep(VOLUMES_POLL).await;
            }
        };
        clock::timeout(timeout, all_bound)
            .await
            .map_err(|_| "binding volumes: context deadline exceeded".to_owned())?
    }

    /// Whether a volume is still being made for the claim named `key`, within reach of `node`, as
    /// was asked for at the revision `version`. Who can't make it takes the request back.
    fn check_provisioning(&self, key: &Key, version: u64, node: &str) -> Result<(), String> {
        let claim = self.claims.get(key);
        let claim = claim.ok_or_else(|| format!("pvc {:?} does not exist any more", key.name))?;
        let seen = claim.metadata.resource_version.as_deref().unwrap_or_default();
        let is_seen = seen.parse::<u64>().is_ok_and(|seen| seen >= version);
        let annotations = claim.metadata.annotations.as_ref();
        let selected = annotations.and_then(|all| all.get(SELECTED_NODE)).map(String::as_str);
        match is_seen && selected != Some(node) {
            true => Err(format!("provisioning failed for PVC {:?}", key.name)),
            false => Ok(()),
        }
    }
}

fn give(
    claim: &k8s_openapi::api::core::v1::PersistentVolumeClaim,
    volume: &k8s_openapi::api::core::v1::PersistentVolume,
) -> Value {
    let given = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
    let mut patch = json!({
        "metadata": {"resourceVersion": volume.metadata.resource_version},
        "spec": {"claimRef": {
            "kind": "PersistentVolumeClaim", "apiVersion": "v1",
            "namespace": claim.metadata.namespace, "name": claim.metadata.name,
            "uid": claim.metadata.uid, "resourceVersion": claim.metadata.resource_version,
        }},
    });
    // One that a person has promised to the claim is not the controller's.
    if given.is_none() {
        patch["metadata"]["annotations"] = json!({BOUND_BY_CONTROLLER: "yes"});
    }
    patch
}
