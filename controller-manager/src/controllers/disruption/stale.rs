//! Takes back the word that a pod is about to be disrupted, where it wasn't.
//!
//! Whoever wants a pod gone says so first, by the condition `DisruptionTarget`. When the pod is
//! still there some time later, the condition is set to `False`; a kubelet's word stands.

use crate::context::Context;
use control::{Action, Change, Informer, Key, Outcome, Queue, execute, pods, run_workers};
use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use runtime::clock;
use std::sync::Arc;
use std::time::Duration;

const STALE_AFTER: SignedDuration = SignedDuration::from_mins(2);
const CONDITION: &str = "DisruptionTarget";

/// Starts it.
pub(super) fn start(context: &Context, all: &Arc<Informer<Pod>>) {
    let queue = Queue::named("stale_pod_disruption");
    let add = queue.clone();
    all.on_change(move |change| {
        let pod = change.object();
        if !matches!(change, Change::Deleted(_)) && left(pod, clock::now()).is_some() {
            add.add(Key::of(&**pod));
        }
    });
    let (client, all) = (context.client(), all.clone());
    run_workers("stale-pod-disruption", 1, queue, &context.shutdown, move |key: Key| {
        let (client, all) = (client.clone(), all.clone());
        async move {
            let now = clock::now();
            let Some(pod) = all.get(&key) else { return Ok(Outcome::Done) };
            match left(&pod, now) {
                None => Ok(Outcome::Done),
                Some(left) if !left.is_zero() => Ok(Outcome::Again(left)),
                Some(_) => {
                    execute(&client, &Action::update_status(&reset(&pod, now))).await?;
                    Ok(Outcome::Done)
                }
            }
        }
    });
}

/// How long the word still counts; `None` when there is none to take back.
fn left(pod: &Pod, now: Timestamp) -> Option<Duration> {
    if pods::is_terminating(pod) || pods::is_finished(pod) {
        return None;
    }
    let said = pods::condition(pod, CONDITION)?;
    if said.status != "True" || said.reason.as_deref() == Some("TerminationByKubelet") {
        return None;
    }
    let since = said.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    Some(Duration::try_from(STALE_AFTER - now.duration_since(since)).unwrap_or_default())
}

fn reset(pod: &Pod, now: Timestamp) -> Pod {
    let mut pod = pod.clone();
    let conditions = pod.status.get_or_insert_default().conditions.get_or_insert_default();
    for known in conditions.iter_mut().filter(|known| known.type_ == CONDITION) {
        *known = PodCondition {
            type_: CONDITION.into(),
            status: "False".into(),
            observed_generation: pod.metadata.generation,
            last_transition_time: Some(Time(now)),
            ..PodCondition::default()
        };
    }
    pod
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(status: &str, reason: &str, more: Value) -> Pod {
        let mut pod = json!({"metadata": {"name": "p", "generation": 3}, "status": {
            "phase": "Running",
            "conditions": [
                {"type": "Ready", "status": "True"},
                {"type": CONDITION, "status": status, "reason": reason, "message": "said",
                 "lastTransitionTime": "1970-01-01T00:00:10Z"}]}});
        for (key, value) in more.as_object().into_iter().flatten() {
            pod[key.split('.').next().expect("a part")][key.split('.').nth(1).expect("a field")] =
                value.clone();
        }
        serde_json::from_value(pod).expect("a pod")
    }

    #[test]
    fn only_a_word_that_nothing_followed_is_taken_back() {
        let at = |second| Timestamp::from_second(second).expect("valid");
        let evicted = "EvictionByEvictionAPI";
        let table = [
            (pod("True", evicted, json!({})), 40, Some(90)),
            (pod("True", evicted, json!({})), 200, Some(0)),
            (pod("False", evicted, json!({})), 200, None),
            (pod("True", "TerminationByKubelet", json!({})), 200, None),
            (pod("True", evicted, json!({"status.phase": "Failed"})), 200, None),
            (
                pod("True", evicted, json!({"metadata.deletionTimestamp": "1970-01-01T00:00:11Z"})),
                200,
                None,
            ),
        ];
        for (pod, now, expected) in table {
            assert_eq!(left(&pod, at(now)), expected.map(Duration::from_secs));
        }
    }

    #[test]
    fn what_is_taken_back_has_no_reason() {
        let now = Timestamp::from_second(200).expect("valid");
        let reset = reset(&pod("True", "PreemptionByScheduler", json!({})), now);
        let conditions = reset.status.and_then(|status| status.conditions).expect("conditions");
        assert_eq!(conditions[0].status, "True");
        assert_eq!((conditions[1].status.as_str(), &conditions[1].reason), ("False", &None));
        assert_eq!(conditions[1].message, None);
        assert_eq!(left(&pod("False", "", json!({})), now), None);
    }
}
