//! persistentvolumeclaim-protection-controller: a claim stays as long as a pod uses it.
//!
//! A finalizer holds a claim that is being deleted until no pod that has a node uses it, pods that
//! have ended among them. The server is asked once more before the finalizer comes off. Mirrors
//! `k8s.io/kubernetes/pkg/controller/volume/pvcprotection`.

use super::protection::{is_bare, is_waiting, plan, write};
use crate::context::Context;
use control::volumes::{claims_of, uses};
use control::{Change, Informer, Key, Outcome, Queue, SyncError, pods, run_workers};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::ListParams;
use kube::{Api, Client};
use std::sync::Arc;

const FINALIZER: &str = "kubernetes.io/pvc-protection";

struct Controller {
    client: Client,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    pods: Arc<Informer<Pod>>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        claims: context.informers.of::<PersistentVolumeClaim>(),
        pods: context.informers.of::<Pod>(),
    });
    let queue = Queue::named("pvcprotection");
    let add = queue.clone();
    controller.claims.on_change(move |change| {
        let claim = change.object();
        if is_waiting(&**claim, FINALIZER) || is_bare(&**claim, FINALIZER) {
            add.add(Key::of(&**claim));
        }
    });
    let add = queue.clone();
    controller.pods.on_change(move |change| {
        let pod = change.object();
        let is_gone = matches!(change, Change::Deleted(_));
        if is_gone || pods::is_finished(pod) || pods::node_name(pod).is_empty() || is_shut(pod) {
            claims_of(pod).for_each(|(key, _)| add.add(key));
        }
    });
    run_workers("persistentvolumeclaim-protection", 1, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.claims.synced().await;
            controller.pods.synced().await;
            controller.sync(key).await
        }
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(claim) = self.claims.get(&key) else { return Ok(Outcome::Done) };
        let is_used = is_waiting(&*claim, FINALIZER) && self.is_used(&claim, &key).await?;
        write(&self.client, plan(&*claim, FINALIZER, || is_used)).await
    }

    async fn is_used(&self, claim: &PersistentVolumeClaim, key: &Key) -> Result<bool, SyncError> {
        if self.pods.list_in(&key.namespace).iter().any(|pod| holds(pod, claim)) {
            return Ok(true);
        }
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &key.namespace);
        let all = api.list(&ListParams::default()).await?;
        Ok(all.items.iter().any(|pod| holds(pod, claim)))
    }
}

/// Whether `pod` still needs `claim`.
fn holds(pod: &Pod, claim: &PersistentVolumeClaim) -> bool {
    let is_own = claims_of(pod).any(|(key, is_own)| is_own && key == Key::of(claim));
    !pods::node_name(pod).is_empty() && uses(pod, claim) && !(is_own && is_shut(pod))
}

/// Whether its kubelet is done with it, and only its object is left: a claim of its own need not
/// wait for that, since the object may wait for the claim.
fn is_shut(pod: &Pod) -> bool {
    pods::is_terminating(pod) && pod.metadata.deletion_grace_period_seconds == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn claim(extra: Value) -> PersistentVolumeClaim {
        let mut meta = json!({"name": "p-data", "namespace": "ns", "uid": "c"});
        for (key, value) in extra.as_object().expect("an object") {
            meta[key] = value.clone();
        }
        serde_json::from_value(json!({"metadata": meta})).expect("a claim")
    }

    #[test]
    fn a_finalizer_is_put_on_and_waited_for() {
        let gone = json!("2026-01-01T00:00:00Z");
        let table = [
            (json!({}), (false, true)),
            (json!({"finalizers": [FINALIZER]}), (false, false)),
            (json!({"finalizers": [FINALIZER, "x"], "deletionTimestamp": gone}), (true, false)),
            (json!({"finalizers": ["x"], "deletionTimestamp": gone}), (false, false)),
        ];
        for (extra, expected) in table {
            let claim = claim(extra.clone());
            assert_eq!((is_waiting(&claim, FINALIZER), is_bare(&claim, FINALIZER)), expected);
        }
    }

    #[test]
    fn a_pod_with_a_node_holds_its_claims() {
        let own = json!({"ownerReferences": [
            {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "p", "controller": true}]});
        let shut = json!({"deletionTimestamp": "2026-01-01T00:00:00Z",
            "deletionGracePeriodSeconds": 0});
        let by_name = json!({"name": "v", "persistentVolumeClaim": {"claimName": "p-data"}});
        let ephemeral = json!({"name": "data", "ephemeral": {}});
        let other = json!({"name": "v", "persistentVolumeClaim": {"claimName": "other"}});
        let table = [
            (&by_name, "n", json!({}), json!({}), true),
            (&by_name, "", json!({}), json!({}), false),
            (&other, "n", json!({}), json!({}), false),
            (&by_name, "n", shut.clone(), json!({}), true),
            (&ephemeral, "n", json!({}), own.clone(), true),
            (&ephemeral, "n", json!({}), json!({}), false),
            (&ephemeral, "n", shut, own, false),
        ];
        for (volume, node, meta, extra, expected) in table {
            let mut value = json!({
                "metadata": {"name": "p", "namespace": "ns", "uid": "p"},
                "spec": {"nodeName": node, "containers": [], "volumes": [volume]},
                "status": {"phase": "Succeeded"},
            });
            for (key, field) in meta.as_object().expect("an object") {
                value["metadata"][key] = field.clone();
            }
            let pod: Pod = serde_json::from_value(value).expect("a pod");
            assert_eq!(holds(&pod, &claim(extra)), expected, "{volume} {node}");
        }
    }
}
