//! Tells why a pod has no node: an event for people, a condition for programs.
//!
//! Mirrors `handleSchedulingFailure` (`k8s.io/kubernetes/pkg/scheduler/schedule_one.go`).

use super::Scheduler;
use crate::limits::EVENT_NOTE_BYTES_MAX;
use crate::queue::Taken;
use control::{Action, EventType, execute, pods};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use runtime::clock;
use serde_json::{Value, json};

impl Scheduler {
    /// Tells people, and the pod's status, why it has no node.
    /// `nominated` is the node at which room is made, empty for none; `None` leaves it as it is.
    pub(super) async fn tell_refusal(
        &self,
        taken: &Taken,
        reason: &str,
        message: &str,
        nominated: Option<&str>,
    ) {
        let pod = &taken.pod.pod;
        let note = truncated(message, EVENT_NOTE_BYTES_MAX);
        self.recorder(pod).tell_doing(
            &**pod,
            EventType::Warning,
            "FailedScheduling",
            "Scheduling",
            note,
        );
        let Some(patch) = status_patch(pod, reason, message, nominated, Time(clock::now())) else {
            return;
        };
        if let Err(error) = execute(&self.client, &Action::patch_status(&**pod, patch)).await
            && !client::is_not_found(&error)
        {
            tracing::warn!(pod = %taken.pod.key, %error, "the pod's condition was not written");
        }
    }

    /// Tells others that `node` is about to take the pod, which waits for its volumes.
    pub(super) async fn tell_expected(&self, taken: &Taken, node: &str) {
        let pod = &taken.pod.pod;
        let patch = json!({
            "metadata": {"uid": pod.metadata.uid}, "status": {"nominatedNodeName": node},
        });
        if let Err(error) = execute(&self.client, &Action::patch_status(&**pod, patch)).await
            && !client::is_not_found(&error)
        {
            tracing::warn!(pod = %taken.pod.key, %error, "the expected node was not written");
        }
    }
}

/// The patch that sets `PodScheduled` to false, and the node at which room is made; `None` when
/// the status says so already.
fn status_patch(
    pod: &Pod,
    reason: &str,
    message: &str,
    nominated: Option<&str>,
    now: Time,
) -> Option<Value> {
    let old = pods::condition(pod, "PodScheduled");
    let is_same = old.is_some_and(|old| {
        old.status == "False"
            && old.reason.as_deref() == Some(reason)
            && old.message.as_deref() == Some(message)
    });
    let old_node = pod.status.as_ref().and_then(|status| status.nominated_node_name.as_deref());
    let node = nominated.filter(|node| *node != old_node.unwrap_or_default());
    if is_same && node.is_none() {
        return None;
    }
    let moved =
        old.filter(|old| old.status == "False").and_then(|o| o.last_transition_time.clone());
    let mut status = json!({"conditions": [{
        "type": "PodScheduled", "status": "False", "reason": reason, "message": message,
        "lastProbeTime": null, "lastTransitionTime": moved.unwrap_or(now),
        "observedGeneration": pod.metadata.generation,
    }]});
    if let Some(node) = node {
        status["nominatedNodeName"] = if node.is_empty() { Value::Null } else { node.into() };
    }
    Some(json!({"metadata": {"uid": pod.metadata.uid}, "status": status}))
}

fn truncated(message: &str, bytes_max: usize) -> String {
    const DOTS: &str = " ...";
    if message.len() <= bytes_max {
        return message.to_owned();
    }
    let mut end = bytes_max - DOTS.len();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{DOTS}", &message[..end])
}
