//! What a hollow node does next for one pod: pure.

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// The next write for a pod.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// It is as it should be.
    Nothing,
    /// Its status should be this.
    Status(Value),
    /// Its deletion can be ended: it runs no more.
    Finish,
}

/// A hollow pod ends (as failed or succeeded) when this annotation says so.
const PHASE_ANNOTATION: &str = "hollow.orlop.dev/phase";

/// Decides for `pod`, whose address is `address` on the node at `host`.
pub(crate) fn next_step(pod: &Pod, host: &str, address: &str, now: Timestamp) -> Step {
    if pod.metadata.deletion_timestamp.is_some() {
        return Step::Finish;
    }
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let annotations = pod.metadata.annotations.as_ref();
    let wanted = annotations.and_then(|all| all.get(PHASE_ANNOTATION)).map(String::as_str);
    let wanted = wanted.unwrap_or("Running");
    if phase == Some(wanted) || matches!(phase, Some("Succeeded" | "Failed")) {
        return Step::Nothing;
    }
    Step::Status(status(pod, host, address, wanted, now))
}

fn status(pod: &Pod, host: &str, address: &str, phase: &str, now: Timestamp) -> Value {
    let spec = pod.spec.clone().unwrap_or_default();
    let is_running = phase == "Running";
    let now = rounded(now);
    let ready = if is_running { "True" } else { "False" };
    let condition = |kind: &str, status: &str| {
        json!({"type": kind, "status": status, "lastTransitionTime": now,
               "observedGeneration": pod.metadata.generation})
    };
    let own = if spec.host_network == Some(true) { host } else { address };
    let gates = spec.readiness_gates.is_some();
    let containers: Vec<Value> =
        spec.containers.iter().map(|container| container_status(container, phase, &now)).collect();
    let init: Vec<Value> = spec
        .init_containers
        .iter()
        .flatten()
        .map(|container| {
            let kept = container.restart_policy.as_deref() == Some("Always");
            container_status(container, if kept { phase } else { "Succeeded" }, &now)
        })
        .collect();
    let mut status = json!({
        "phase": phase,
        "observedGeneration": pod.metadata.generation,
        "conditions": [
            condition("PodReadyToStartContainers", ready),
            condition("Initialized", "True"),
            condition("Ready", if gates { "False" } else { ready }),
            condition("ContainersReady", ready),
            condition("PodScheduled", "True"),
        ],
        "hostIP": host, "hostIPs": [{"ip": host}],
        "podIP": own, "podIPs": [{"ip": own}],
        "startTime": now,
        "containerStatuses": containers,
    });
    if !init.is_empty() {
        status["initContainerStatuses"] = Value::Array(init);
    }
    status
}

fn container_status(container: &Container, phase: &str, now: &str) -> Value {
    let image = container.image.clone().unwrap_or_default();
    let id = format!("hollow://{}", container.name);
    let state = match phase {
        "Running" => json!({"running": {"startedAt": now}}),
        ended => {
            let failed = ended == "Failed";
            json!({"terminated": {"exitCode": i32::from(failed), "startedAt": now,
                "finishedAt": now, "containerID": id,
                "reason": if failed { "Error" } else { "Completed" }}})
        }
    };
    let is_running = phase == "Running";
    json!({"name": container.name, "image": image, "imageID": image, "containerID": id,
           "ready": is_running, "started": is_running, "restartCount": 0, "state": state})
}

/// Times in objects have whole seconds.
fn rounded(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(value: Value) -> Pod {
        serde_json::from_value(value).expect("a pod")
    }

    #[test]
    fn a_pod_runs_then_rests_then_ends() {
        let at = Timestamp::UNIX_EPOCH;
        let mut value = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]},
                               "status": {"phase": "Pending"}});
        let Step::Status(status) = next_step(&pod(value.clone()), "h", "10.88.1.2", at) else {
            panic!("a status")
        };
        assert_eq!(status["podIP"], "10.88.1.2");
        assert_eq!(status["containerStatuses"][0]["ready"], true);
        value["status"] = status;
        assert_eq!(next_step(&pod(value.clone()), "h", "a", at), Step::Nothing);
        value["metadata"]["annotations"] = json!({PHASE_ANNOTATION: "Succeeded"});
        let Step::Status(status) = next_step(&pod(value.clone()), "h", "a", at) else {
            panic!("a status")
        };
        assert_eq!(status["containerStatuses"][0]["state"]["terminated"]["exitCode"], 0);
        value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(next_step(&pod(value), "h", "a", at), Step::Finish);
    }
}
