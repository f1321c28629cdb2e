//! What to say of one budget: pure.

use super::super::deployment::bounds::scaled;
use control::pods;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long an evicted pod may take to be seen as going; after that it counts again.
const DELETION_TIMEOUT: SignedDuration = SignedDuration::from_mins(2);

const CONDITION: &str = "DisruptionAllowed";

/// How many pods there should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expected {
    /// How many the owners ask for.
    pub(super) pods: i32,
    /// How many of them have to be healthy.
    pub(super) healthy: i32,
    pub(super) has_unmanaged: bool,
}

/// What to write, and whom to tell.
#[derive(Debug)]
pub(super) struct Plan {
    /// The budget with its new status, where that changes.
    pub(super) budget: Option<PodDisruptionBudget>,
    /// Pods that were evicted and didn't go.
    pub(super) not_deleted: Vec<Arc<Pod>>,
    pub(super) look_again: Option<Duration>,
}

/// Whether the budget asks for a share, or for how many may be missing: of what the owners want.
pub(super) fn needs_scale(budget: &PodDisruptionBudget) -> bool {
    let spec = budget.spec.as_ref();
    spec.is_some_and(|spec| {
        spec.max_unavailable.is_some() || matches!(spec.min_available, Some(IntOrString::String(_)))
    })
}

impl Expected {
    /// For a budget that asks for a number of healthy pods, or for nothing.
    pub(super) fn counted(budget: &PodDisruptionBudget, pods: &[Arc<Pod>]) -> Self {
        let min = budget.spec.as_ref().and_then(|spec| spec.min_available.as_ref());
        let (pods, healthy) = match min {
            Some(min) => (i32::try_from(pods.len()).unwrap_or(i32::MAX), scaled(min, 0, true)),
            None => (0, 0),
        };
        Self { pods, healthy, has_unmanaged: false }
    }

    /// For a budget of pods whose owners ask for `pods`.
    pub(super) fn scaled(budget: &PodDisruptionBudget, pods: i32, has_unmanaged: bool) -> Self {
        let spec = budget.spec.as_ref();
        let (max, min) = (
            spec.and_then(|spec| spec.max_unavailable.as_ref()),
            spec.and_then(|spec| spec.min_available.as_ref()),
        );
        let healthy = match (max, min) {
            (Some(max), _) => (pods - scaled(max, pods, true)).max(0),
            (None, Some(min)) => scaled(min, pods, true),
            (None, None) => 0,
        };
        Self { pods, healthy, has_unmanaged }
    }
}

/// Plans for `budget`, which selects `pods`.
pub(super) fn plan(
    budget: &PodDisruptionBudget,
    pods: &[Arc<Pod>],
    expected: &Expected,
    now: Timestamp,
) -> Plan {
    let old = budget.status.clone().unwrap_or_default();
    let (mut disrupted, mut not_deleted) = (BTreeMap::new(), Vec::new());
    let mut look_again: Option<SignedDuration> = None;
    let mut healthy = 0;
    for pod in pods.iter().filter(|pod| !pods::is_terminating(pod)) {
        let name = pod.metadata.name.clone().unwrap_or_default();
        let evicted = old.disrupted_pods.as_ref().and_then(|map| map.get(&name));
        if let Some(at) = evicted {
            let left = DELETION_TIMEOUT - now.duration_since(at.0);
            if left < SignedDuration::ZERO {
                not_deleted.push(pod.clone());
            } else {
                disrupted.insert(name, at.clone());
                look_again = Some(look_again.map_or(left, |known| known.min(left)));
                if left > SignedDuration::ZERO {
                    continue;
                }
            }
        }
        if pods::is_ready(pod) {
            healthy += 1;
        }
    }
    let spare = healthy - expected.healthy;
    let allowed = if expected.pods <= 0 { 0 } else { spare.max(0) };
    let generation = budget.metadata.generation;
    let mut conditions = old.conditions.clone().unwrap_or_default();
    let (status, reason) =
        if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let is_said = conditions.iter().any(|condition| {
        condition.type_ == CONDITION && condition.status == status && condition.reason == reason
    });
    let same = is_said
        && old.current_healthy == Some(healthy)
        && old.desired_healthy == Some(expected.healthy)
        && old.expected_pods == Some(expected.pods)
        && old.disruptions_allowed == Some(allowed)
        && old.disrupted_pods.clone().unwrap_or_default() == disrupted
        && old.observed_generation == generation;
    let new = || {
        set(&mut conditions, status, reason, "", generation, now);
        PodDisruptionBudgetStatus {
            current_healthy: Some(healthy),
            desired_healthy: Some(expected.healthy),
            expected_pods: Some(expected.pods),
            disruptions_allowed: Some(allowed),
            disrupted_pods: Some(disrupted).filter(|map| !map.is_empty()),
            observed_generation: generation,
            conditions: Some(conditions),
        }
    };
    let budget = (!same)
        .then(new)
        .map(|status| PodDisruptionBudget { status: Some(status), ..budget.clone() });
    let look_again = look_again.map(|left| Duration::try_from(left).unwrap_or_default());
    Plan { budget, not_deleted, look_again }
}

/// The budget that lets nobody go, since it could not be counted; `None` when it says so already.
pub(super) fn failed(
    budget: &PodDisruptionBudget,
    why: &str,
    now: Timestamp,
) -> Option<PodDisruptionBudget> {
    let mut failed = budget.clone();
    let status = failed.status.get_or_insert_default();
    status.disruptions_allowed = Some(0);
    let generation = status.observed_generation;
    let conditions = status.conditions.get_or_insert_default();
    set(conditions, "False", "SyncFailed", why, generation, now);
    (failed.status != budget.status).then_some(failed)
}

/// Sets the one condition, as `meta.SetStatusCondition` does.
fn set(
    conditions: &mut Vec<Condition>,
    status: &str,
    reason: &str,
    message: &str,
    generation: Option<i64>,
    now: Timestamp,
) {
    let mut new = Condition {
        type_: CONDITION.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        observed_generation: generation,
        last_transition_time: Time(now),
    };
    match conditions.iter_mut().find(|known| known.type_ == CONDITION) {
        Some(known) => {
            if known.status == status {
                new.last_transition_time = known.last_transition_time.clone();
            }
            *known = new;
        }
        None => conditions.push(new),
    }
}

#[cfg(test)]
mod tests;
