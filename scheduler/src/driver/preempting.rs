//! Makes room for a pod: what a preemption decided is told to the API server.
//!
//! Mirrors `prepareCandidateAsync` (`k8s.io/kubernetes/pkg/scheduler/framework/preemption`).

use super::Scheduler;
use crate::pod::{PodInfo, scheduler_of};
use control::{Action, EventType, execute, pods};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use runtime::clock;
use serde_json::json;
use std::sync::Arc;

impl Scheduler {
    /// Sends `victims` away from `node`, in favour of `pod`.
    pub(super) async fn make_room(&self, pod: &PodInfo, node: &str, victims: &[Arc<PodInfo>]) {
        self.forget_lesser_nominations(pod, node).await;
        for victim in victims.iter().filter(|victim| !pods::is_terminating(&victim.pod)) {
            if let Err(error) = self.evict(pod, node, victim).await {
                tracing::warn!(pod = %victim.key, %error, "it was not sent away");
                return;
            }
        }
    }

    async fn evict(&self, pod: &PodInfo, node: &str, victim: &PodInfo) -> Result<(), kube::Error> {
        let scheduler = scheduler_of(&pod.pod);
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": format!("{scheduler}: preempting to accommodate a higher priority pod"),
            "lastProbeTime": null, "lastTransitionTime": Time(clock::now()),
            "observedGeneration": victim.pod.metadata.generation,
        });
        let patch = json!({
            "metadata": {"uid": victim.uid}, "status": {"conditions": [condition]},
        });
        let wrote = execute(&self.client, &Action::patch_status(&*victim.pod, patch)).await;
        match wrote {
            Err(error) if client::is_not_found(&error) => return Ok(()),
            wrote => drop(wrote?),
        }
        execute(&self.client, &Action::delete(&*victim.pod)).await?;
        let message = format!("Preempted by pod {} on node {node}", pod.uid);
        let kind = EventType::Normal;
        self.recorder(&pod.pod).tell_doing_for(
            &*victim.pod,
            &*pod.pod,
            kind,
            "Preempted",
            "Preempting",
            message,
        );
        tracing::debug!(pod = %victim.key, by = %pod.key, node, "sent away");
        Ok(())
    }

    /// Less important pods may not fit any more where room was made for them: they look again.
    async fn forget_lesser_nominations(&self, pod: &PodInfo, node: &str) {
        let nominated = self.cache().snapshot().nominated;
        let lesser: Vec<_> = nominated
            .get(node)
            .into_iter()
            .flatten()
            .filter(|other| other.priority < pod.priority && other.uid != pod.uid)
            .collect();
        for other in lesser {
            self.cache().withdraw(&other.uid);
            let patch = json!({"status": {"nominatedNodeName": null}});
            if let Err(error) =
                execute(&self.client, &Action::patch_status(&*other.pod, patch)).await
                && !client::is_not_found(&error)
            {
                tracing::warn!(pod = %other.key, %error, "its nomination stands");
            }
        }
    }
}
