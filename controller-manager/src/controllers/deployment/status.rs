//! What a Deployment's status says: counts, and conditions in upstream's words.
//!
//! Mirrors `calculateStatus` (`sync.go`) and `progress.go` of `pkg/controller/deployment`.

use super::bounds::{max_unavailable, wanted};
use super::strategy::{available, replicas};
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet, ReplicaSetStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use std::time::Duration;

const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "Available";
const FAILURE: &str = "ReplicaFailure";
const NEW_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// The seconds after which a rollout without progress has failed, where that is asked for.
pub(super) fn progress_deadline(deployment: &Deployment) -> Option<i32> {
    let seconds = deployment.spec.as_ref().and_then(|spec| spec.progress_deadline_seconds);
    seconds.filter(|seconds| *seconds != i32::MAX)
}

/// Sets the condition of the type `kind`, unless its status and reason are there already.
pub(super) fn set(
    status: &mut DeploymentStatus,
    kind: &str,
    value: &str,
    reason: &str,
    message: String,
    now: Timestamp,
) {
    let old = condition(status, kind).cloned();
    let same_status = old.as_ref().is_some_and(|old| old.status == value);
    if same_status && old.as_ref().is_some_and(|old| old.reason.as_deref() == Some(reason)) {
        return;
    }
    let moved = old.filter(|_| same_status).and_then(|old| old.last_transition_time);
    put(
        status,
        DeploymentCondition {
            type_: kind.into(),
            status: value.into(),
            reason: Some(reason.into()),
            message: Some(message),
            last_update_time: Some(Time(now)),
            last_transition_time: moved.or(Some(Time(now))),
        },
    );
}

fn put(status: &mut DeploymentStatus, new: DeploymentCondition) {
    remove(status, &new.type_);
    status.conditions.get_or_insert_default().push(new);
}

fn remove(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != kind);
        if conditions.is_empty() {
            status.conditions = None;
        }
    }
}

pub(super) fn condition<'a>(
    status: &'a DeploymentStatus,
    kind: &str,
) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

pub(super) fn has_progress_condition(deployment: &Deployment) -> bool {
    deployment.status.as_ref().is_some_and(|status| condition(status, PROGRESSING).is_some())
}

/// Says that progress was made: `reason` and `message` tell how.
pub(super) fn note_progress(
    deployment: &mut Deployment,
    reason: &str,
    message: String,
    now: Timestamp,
) {
    let status = deployment.status.get_or_insert_default();
    set(status, PROGRESSING, "True", reason, message, now);
}

/// Says that a Deployment was paused or goes on again, so that the pause is not held against it.
pub(super) fn note_pause(deployment: &mut Deployment, now: Timestamp) {
    if progress_deadline(deployment).is_none() {
        return;
    }
    let is_paused = deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true);
    let status = deployment.status.get_or_insert_default();
    let reason = condition(status, PROGRESSING).and_then(|old| old.reason.clone());
    match (is_paused, reason.as_deref()) {
        (_, Some(TIMED_OUT)) | (true, Some(PAUSED)) => {}
        (true, _) => {
            set(status, PROGRESSING, "Unknown", PAUSED, "Deployment is paused".into(), now);
        }
        (false, Some(PAUSED)) => {
            let message = "Deployment is resumed".into();
            set(status, PROGRESSING, "Unknown", "DeploymentResumed", message, now);
        }
        (false, _) => {}
    }
}

/// The counts, and whether enough is available. Other conditions are kept.
pub(super) fn counted(
    deployment: &Deployment,
    old: &[ReplicaSet],
    new: Option<&ReplicaSet>,
    now: Timestamp,
) -> DeploymentStatus {
    let sets = || old.iter().chain(new);
    let sum = |field: &dyn Fn(&ReplicaSetStatus) -> i32| -> i32 {
        sets().filter_map(|set| set.status.as_ref()).map(field).sum()
    };
    let serving: i32 = sets().map(available).sum();
    let asked: i32 = sets().map(replicas).sum();
    let updated = new.and_then(|set| set.status.as_ref()).map_or(0, |status| status.replicas);
    let before = deployment.status.clone().unwrap_or_default();
    let some = |count: i32| Some(count).filter(|count| *count != 0);
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: some(sum(&|status| status.replicas)),
        updated_replicas: some(updated),
        ready_replicas: some(sum(&|status| status.ready_replicas.unwrap_or(0))),
        available_replicas: some(serving),
        unavailable_replicas: some((asked - serving).max(0)),
        terminating_replicas: terminating(sets()),
        collision_count: before.collision_count,
        conditions: before.conditions,
    };
    if serving >= wanted(deployment) - max_unavailable(deployment) {
        let message = "Deployment has minimum availability.".into();
        set(&mut status, AVAILABLE, "True", "MinimumReplicasAvailable", message, now);
    } else {
        let message = "Deployment does not have minimum availability.".into();
        set(&mut status, AVAILABLE, "False", "MinimumReplicasUnavailable", message, now);
    }
    status
}

/// The sum over all sets; unknown as long as one that was looked at does not say it.
fn terminating<'a>(sets: impl Iterator<Item = &'a ReplicaSet>) -> Option<i32> {
    let mut total = 0;
    for status in sets.filter_map(|set| set.status.as_ref()) {
        match status.terminating_replicas {
            Some(count) => total += count,
            None if status.observed_generation.unwrap_or(0) == 0 => {}
            None => return None,
        }
    }
    Some(total)
}

/// The status during a rollout: [`counted`], and how far it has come.
pub(super) fn rollout(
    deployment: &Deployment,
    old: &[ReplicaSet],
    new: Option<&ReplicaSet>,
    now: Timestamp,
) -> DeploymentStatus {
    let mut status = counted(deployment, old, new, now);
    let before = deployment.status.clone().unwrap_or_default();
    let current = condition(&before, PROGRESSING).cloned();
    let was_complete = status.replicas == status.updated_replicas
        && current.as_ref().is_some_and(|now| now.reason.as_deref() == Some(NEW_SET_AVAILABLE));
    match progress_deadline(deployment) {
        None => remove(&mut status, PROGRESSING),
        Some(_) if was_complete => {}
        Some(deadline) => {
            let who = match new.and_then(|set| set.metadata.name.as_deref()) {
                Some(name) => format!("ReplicaSet {name:?}"),
                None => {
                    let name = deployment.metadata.name.as_deref().unwrap_or_default();
                    format!("Deployment {name:?}")
                }
            };
            if is_complete(deployment, &status) {
                let message = format!("{who} has successfully progressed.");
                set(&mut status, PROGRESSING, "True", NEW_SET_AVAILABLE, message, now);
            } else if has_progressed(&before, &status) {
                let steady = current.filter(|current| current.status == "True");
                put(
                    &mut status,
                    DeploymentCondition {
                        type_: PROGRESSING.into(),
                        status: "True".into(),
                        reason: Some("ReplicaSetUpdated".into()),
                        message: Some(format!("{who} is progressing.")),
                        last_update_time: Some(Time(now)),
                        last_transition_time: steady
                            .and_then(|current| current.last_transition_time)
                            .or(Some(Time(now))),
                    },
                );
            } else if has_timed_out(&status, deadline, now) {
                let message = format!("{who} has timed out progressing.");
                set(&mut status, PROGRESSING, "False", TIMED_OUT, message, now);
            }
        }
    }
    let failed = |set: &ReplicaSet| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        conditions.iter().find(|condition| condition.type_ == FAILURE).cloned()
    };
    match new.and_then(failed).or_else(|| old.iter().find_map(failed)) {
        Some(failure) => {
            let known = condition(&status, FAILURE)
                .is_some_and(|old| old.status == failure.status && old.reason == failure.reason);
            if !known {
                put(
                    &mut status,
                    DeploymentCondition {
                        type_: FAILURE.into(),
                        status: failure.status,
                        reason: failure.reason,
                        message: failure.message,
                        last_update_time: failure.last_transition_time.clone(),
                        last_transition_time: failure.last_transition_time,
                    },
                );
            }
        }
        None => remove(&mut status, FAILURE),
    }
    status
}

/// Whether every pod is there, new and available.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = wanted(deployment);
    status.updated_replicas.unwrap_or(0) == wanted
        && status.replicas.unwrap_or(0) == wanted
        && status.available_replicas.unwrap_or(0) == wanted
        && status.observed_generation >= deployment.metadata.generation
}

fn has_progressed(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let updated = |status: &DeploymentStatus| status.updated_replicas.unwrap_or(0);
    let outdated = |status: &DeploymentStatus| status.replicas.unwrap_or(0) - updated(status);
    updated(now) > updated(before)
        || outdated(now) < outdated(before)
        || now.ready_replicas.unwrap_or(0) > before.ready_replicas.unwrap_or(0)
        || now.available_replicas.unwrap_or(0) > before.available_replicas.unwrap_or(0)
}

fn has_timed_out(status: &DeploymentStatus, deadline_seconds: i32, now: Timestamp) -> bool {
    let Some(current) = condition(status, PROGRESSING) else { return false };
    match current.reason.as_deref() {
        Some(NEW_SET_AVAILABLE) => false,
        Some(TIMED_OUT) => true,
        _ => current.last_update_time.as_ref().is_some_and(|time| {
            now.duration_since(time.0) > SignedDuration::from_secs(deadline_seconds.into())
        }),
    }
}

/// When a rollout that stands still should be looked at again.
pub(super) fn recheck(
    deployment: &Deployment,
    status: &DeploymentStatus,
    now: Timestamp,
) -> Option<Duration> {
    let deadline = progress_deadline(deployment)?;
    let current = condition(status, PROGRESSING)?;
    if is_complete(deployment, status) || current.reason.as_deref() == Some(TIMED_OUT) {
        return None;
    }
    let due = SignedDuration::from_secs(deadline.into());
    let left = due - now.duration_since(current.last_update_time.as_ref()?.0);
    Some(Duration::try_from(left).unwrap_or_default() + Duration::from_secs(1))
}

/// The Deployment after its new ReplicaSet's name was taken by another's.
pub(super) fn after_collision(deployment: &Deployment) -> Deployment {
    let mut deployment = deployment.clone();
    let status = deployment.status.get_or_insert_default();
    status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
    deployment
}

/// The Deployment after its new ReplicaSet was refused.
pub(super) fn after_create_error(
    deployment: &Deployment,
    message: String,
    now: Timestamp,
) -> Option<Deployment> {
    progress_deadline(deployment)?;
    let mut deployment = deployment.clone();
    let status = deployment.status.get_or_insert_default();
    set(status, PROGRESSING, "False", "ReplicaSetCreateError", message, now);
    Some(deployment)
}
