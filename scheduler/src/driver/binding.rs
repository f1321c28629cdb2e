//! Gives a pod the node that was found for it, beside the cycles that follow; what goes wrong puts
//! it back.
//!
//! Mirrors `bindingCycle` and `assume` (`k8s.io/kubernetes/pkg/scheduler/schedule_one.go`).

use super::Scheduler;
use crate::metrics::{self, Outcome};
use crate::plugin::Events;
use crate::pod::PodInfo;
use crate::profile::Profile;
use crate::queue::Taken;
use crate::volumes::Step;
use control::{Action, EventType, execute, pods};
use k8s_openapi::api::core::v1::Pod;
use kube::Resource;
use runtime::Shutdown;
use runtime::clock::Instant;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

impl Scheduler {
    /// Takes the pod to be on `node`, and binds it there beside the cycles that follow.
    pub(super) async fn begin_binding(
        &self,
        taken: Taken,
        node: String,
        steps: Vec<Step>,
        profile: Arc<Profile>,
        began: Instant,
        shutdown: &Shutdown,
    ) {
        self.cache().place(taken.pod.clone(), &node);
        self.assume_volumes(&steps, &node);
        let Ok(permit) = self.bindings.clone().acquire_owned().await else { return };
        let scheduler = self.clone();
        shutdown.spawn("binding", async move {
            let attempts = taken.attempts;
            let bound = scheduler.bind(taken, &node, &steps, profile.volumes_timeout).await;
            let outcome = if bound { Outcome::Scheduled } else { Outcome::Error };
            metrics::attempt(&profile.name, outcome, began);
            if bound {
                metrics::scheduled_after(attempts);
            }
            drop(permit);
        });
    }

    /// Whether the pod has its node now.
    async fn bind(&self, taken: Taken, node: &str, steps: &[Step], timeout: Duration) -> bool {
        let (pod, key) = (&taken.pod.pod, &taken.pod.key);
        let path = Pod::url_path(&(), key.namespace());
        let body = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": key.name, "namespace": key.namespace, "uid": pod.metadata.uid},
            "target": {"kind": "Node", "name": node},
        });
        let action = Action::Create { path: format!("{path}/{}/binding", key.name), body };
        if !steps.is_empty() {
            self.tell_expected(&taken, node).await;
        }
        if let Err(why) = self.bind_volumes(steps, node, timeout).await {
            self.restore_volumes(steps);
            let message = format!("running PreBind plugin \"VolumeBinding\": {why}");
            self.give_back(taken, &message).await;
            return false;
        }
        match execute(&self.client, &action).await {
            Ok(_) => {
                self.queue.settled(&taken);
                let message = format!("Successfully assigned {key} to {node}");
                self.recorder(pod).tell_doing(
                    &**pod,
                    EventType::Normal,
                    "Scheduled",
                    "Binding",
                    message,
                );
                tracing::debug!(pod = %key, node, "bound");
                true
            }
            Err(error) => {
                let why = client::message(&error);
                let message = format!("running Bind plugin \"DefaultBinder\": {why}");
                self.give_back(taken, &message).await;
                false
            }
        }
    }

    /// The pod got no node, though one was found: it is tried again as it is now, if it is there.
    async fn give_back(&self, mut taken: Taken, message: &str) {
        self.cache().remove_pod(&taken.pod.uid);
        self.queue.happened(Events::POD_DELETED);
        let newest = self.pods.get(&taken.pod.key).filter(|pod| {
            pod.metadata.uid.as_deref() == Some(&*taken.pod.uid) && pods::node_name(pod).is_empty()
        });
        let Some(newest) = newest else { return self.queue.settled(&taken) };
        taken.pod = Arc::new(PodInfo::new(newest));
        self.queue.refused(&taken, taken.pod.clone(), Events::NONE);
        self.tell_refusal(&taken, "SchedulerError", message, Some("")).await;
    }
}
