//! How long a Job waits after failures before it makes the next pod: pure.
//!
//! Mirrors `backoff_utils.go` of `k8s.io/kubernetes/pkg/controller/job`.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// After the first failure the next pod waits this long, and twice as long after each one more.
const FIRST: Duration = Duration::from_secs(10);
const MAX: Duration = Duration::from_secs(10 * 60);

/// The failures since the last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: i32,
    last: Option<Timestamp>,
}

impl Backoff {
    /// What it becomes with pods that ended since.
    pub(super) fn with(self, succeeded: &[&Pod], failed: &[&Pod]) -> Self {
        let success = succeeded.iter().map(|pod| finished_at(pod)).max();
        let later = failed.iter().map(|pod| finished_at(pod)).filter(|at| Some(*at) > success);
        let (count, last) = later.fold((0, None), |(count, last), at| (count + 1, at.max(last)));
        match success {
            Some(_) => Self { failures: count, last },
            None if count == 0 => self,
            None => Self { failures: self.failures + count, last },
        }
    }

    /// What is left of the wait.
    pub(super) fn wait(self, now: Timestamp) -> Option<Duration> {
        wait(self.failures, self.last, now)
    }
}

/// What is left of the wait after that many failures, of which the last was at `last`.
pub(super) fn wait(failures: i32, last: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let last = last.filter(|_| failures > 0)?;
    let doublings = u32::try_from((failures - 1).clamp(0, 16)).unwrap_or(0);
    let whole = FIRST.saturating_mul(1 << doublings).min(MAX);
    let gone = Duration::try_from(now.duration_since(last)).unwrap_or_default();
    Some(whole.saturating_sub(gone)).filter(|left| !left.is_zero())
}

/// When `pod` ended: by its containers, else when it ceased to be ready, else when its deletion
/// was asked for, else when it was made.
pub(super) fn finished_at(pod: &Pod) -> Option<Timestamp> {
    let deleted = pod.metadata.deletion_timestamp.as_ref().map(|time| {
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
        time.0.checked_sub(SignedDuration::from_secs(grace)).unwrap_or(time.0)
    });
    last_container_end(pod)
        .or_else(|| {
            let ready = control::pods::condition(pod, "Ready")?;
            let since = ready.last_transition_time.as_ref().map(|time| time.0);
            since.filter(|_| ready.status == "False")
        })
        .or(deleted)
        .or_else(|| pod.metadata.creation_timestamp.as_ref().map(|time| time.0))
}

/// When the last container or sidecar ended; `None` while one of them may still run.
fn last_container_end(pod: &Pod) -> Option<Timestamp> {
    let status = pod.status.as_ref()?;
    let is_sidecar = |name: &str| {
        let init = pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
        init.into_iter().any(|container| {
            container.name == name && container.restart_policy.as_deref() == Some("Always")
        })
    };
    let sidecars = status.init_container_statuses.iter().flatten();
    let sidecars = sidecars.filter(|container| is_sidecar(&container.name));
    let all = status.container_statuses.iter().flatten().chain(sidecars);
    let ends: Option<Vec<Timestamp>> = all.map(end).collect();
    ends?.into_iter().max()
}

fn end(container: &ContainerStatus) -> Option<Timestamp> {
    container.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref().map(|time| time.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(second: i64) -> Pod {
        let at = Timestamp::from_second(second).expect("valid");
        serde_json::from_value(json!({"status": {"containerStatuses": [
            {"name": "c", "state": {"terminated": {"exitCode": 1, "finishedAt": at.to_string()}}},
        ]}}))
        .expect("a pod")
    }

    #[test]
    fn each_failure_doubles_the_wait_and_a_success_ends_it() {
        let now = Timestamp::from_second(1000).expect("valid");
        let one = Backoff::default().with(&[], &[&pod(995)]);
        assert_eq!(one.wait(now), Some(Duration::from_secs(5)));
        let three = one.with(&[], &[&pod(1000), &pod(999)]);
        assert_eq!(three.wait(now), Some(Duration::from_secs(40)));
        assert_eq!(three.with(&[], &[]), three);
        assert_eq!(three.with(&[&pod(1000)], &[&pod(999)]).wait(now), None);
        let after = three.with(&[&pod(998)], &[&pod(997), &pod(999)]);
        assert_eq!(after.wait(now), Some(Duration::from_secs(9)));
        assert_eq!(wait(40, Some(now), now), Some(MAX));
        assert_eq!(wait(1, None, now), None);
    }

    #[test]
    fn a_deleted_pod_ended_when_its_deletion_was_asked_for() {
        let pod: Pod = serde_json::from_value(json!({"metadata": {
            "deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}}))
        .expect("a pod");
        assert_eq!(finished_at(&pod), "2026-01-01T00:00:00Z".parse().ok());
    }
}
