//! ephemeral-volume-controller: makes the claims of pods' ephemeral volumes.
//!
//! The claim belongs to the pod and goes with it. One of that name that is not the pod's is left
//! alone, and told of. Mirrors `k8s.io/kubernetes/pkg/controller/volume/ephemeral`.

use crate::context::Context;
use control::volumes::{claims_of, ephemeral_name, is_made_for};
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute, owner,
    pods, run_workers,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use std::sync::Arc;

struct Controller {
    client: Client,
    pods: Arc<Informer<Pod>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    recorder: Recorder,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        pods: context.informers.of::<Pod>(),
        claims: context.informers.of::<PersistentVolumeClaim>(),
        recorder: context.recorder_as("ephemeral_volume"),
    });
    let queue = Queue::named("ephemeral_volume");
    let add = queue.clone();
    controller.pods.on_change(move |change| {
        // The volumes of a pod never change.
        if let Change::Added(pod) = change
            && claims_of(pod).any(|(_, is_own)| is_own)
        {
            add.add(Key::of(&***pod));
        }
    });
    let (add, all) = (queue.clone(), controller.pods.clone());
    controller.claims.on_change(move |change| {
        if let Change::Deleted(claim) = change
            && let Some(found) = owner::controller_of(&***claim)
        {
            let namespace = claim.metadata.namespace.clone().unwrap_or_default();
            let key = Key::new(namespace, &found.name);
            if found.kind == "Pod" && all.get(&key).is_some() {
                add.add(key);
            }
        }
    });
    let workers = context.options.concurrency.ephemeral_volumes;
    run_workers("ephemeral-volume-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.pods.synced().await;
            controller.claims.synced().await;
            controller.sync(key).await
        }
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let pod = self.pods.get(&key).filter(|pod| !pods::is_terminating(pod));
        let Some(pod) = pod else { return Ok(Outcome::Done) };
        for (volume, claim) in claims(&pod) {
            let name = claim.metadata.name.clone().unwrap_or_default();
            let known = self.claims.get(&Key::new(key.namespace.as_str(), &name));
            let trouble = match known {
                Some(known) if is_made_for(&known, &pod) => continue,
                Some(_) => format!(
                    "PVC {}/{name} was not created for pod {key} (pod is not owner)",
                    key.namespace
                ),
                None => match execute(&self.client, &Action::create(&claim)).await {
                    Err(error) if client::is_refused_by_ending(&error) => continue,
                    Err(error) => format!("create PVC {name}: {}", client::message(&error)),
                    // One that was there already is looked at when it shows.
                    Ok(None) => return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK)),
                    Ok(Some(_)) => continue,
                },
            };
            let text = format!("ephemeral volume {volume}: {trouble}");
            self.recorder.tell(&*pod, EventType::Warning, "FailedBinding", text.clone());
            return Err(SyncError::Other(format!("pod {key}, {text}")));
        }
        Ok(Outcome::Done)
    }
}

/// The claims of a pod's ephemeral volumes, each with its volume's name.
fn claims(pod: &Pod) -> Vec<(String, PersistentVolumeClaim)> {
    let pod_name = pod.metadata.name.as_deref().unwrap_or_default();
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let claim = |volume: &k8s_openapi::api::core::v1::Volume| {
        let template = volume.ephemeral.as_ref()?.volume_claim_template.clone()?;
        let meta = template.metadata.unwrap_or_default();
        let claim = PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(ephemeral_name(pod_name, &volume.name)),
                namespace: pod.metadata.namespace.clone(),
                labels: meta.labels,
                annotations: meta.annotations,
                owner_references: Some(vec![owner::controller_ref(pod)]),
                ..ObjectMeta::default()
            },
            spec: Some(template.spec),
            status: None,
        };
        Some((volume.name.clone(), claim))
    };
    volumes.filter_map(claim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_ephemeral_volume_has_a_claim_of_the_pods_own() {
        let spec = json!({"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}});
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
            "spec": {"containers": [], "volumes": [
                {"name": "plain", "emptyDir": {}},
                {"name": "data", "ephemeral": {"volumeClaimTemplate":
                    {"metadata": {"labels": {"a": "b"}}, "spec": spec}}},
            ]},
        }))
        .expect("a pod");
        let made = claims(&pod);
        assert_eq!(made.len(), 1);
        let (volume, claim) = &made[0];
        assert_eq!((volume.as_str(), claim.metadata.name.as_deref()), ("data", Some("p-data")));
        assert!(is_made_for(claim, &pod));
        assert_eq!(serde_json::to_value(&claim.spec).expect("JSON"), spec);
    }
}
