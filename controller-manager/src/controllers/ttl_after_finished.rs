//! ttl-after-finished-controller: deletes Jobs some time after they have finished.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/ttlafterfinished`: before it deletes it asks the
//! server once more, since the time may have been changed.

use crate::context::Context;
use control::{Action, Change, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Api;
use runtime::clock;
use serde_json::json;
use std::time::Duration;

/// Starts it.
pub(crate) fn start(context: &Context) {
    let jobs = context.informers.of::<Job>();
    let queue = Queue::named("ttl_jobs_to_delete");
    let add = queue.clone();
    jobs.on_change(move |change| {
        if !matches!(change, Change::Deleted(_)) && left(change.object(), clock::now()).is_some() {
            add.add(Key::of(&**change.object()));
        }
    });
    let client = context.client();
    let workers = context.options.concurrency.ttl_after_finished;
    run_workers("ttl-after-finished-controller", workers, queue, &context.shutdown, {
        move |key: Key| {
            let (jobs, client) = (jobs.clone(), client.clone());
            async move {
                let Some(job) = jobs.get(&key) else { return Ok(Outcome::Done) };
                match left(&job, clock::now()) {
                    None => return Ok(Outcome::Done),
                    Some(left) if !left.is_zero() => return Ok(Outcome::Again(left)),
                    Some(_) => {}
                }
                let api: Api<Job> = Api::namespaced(client.clone(), &key.namespace);
                let Some(fresh) = api.get_opt(&key.name).await? else { return Ok(Outcome::Done) };
                if left(&fresh, clock::now()) != Some(Duration::ZERO) {
                    return Ok(Outcome::Done);
                }
                let Action::Delete { path, .. } = Action::delete(&fresh) else {
                    return Err(SyncError::Other("a delete is a delete".into()));
                };
                let options = json!({
                    "preconditions": {"uid": fresh.metadata.uid,
                        "resourceVersion": fresh.metadata.resource_version},
                    "propagationPolicy": "Foreground",
                });
                execute(&client, &Action::Delete { path, options }).await?;
                Ok(Outcome::Done)
            }
        }
    });
}

/// How long it may stay; `None` when it is not to be deleted, or is already.
fn left(job: &Job, now: Timestamp) -> Option<Duration> {
    let seconds = job.spec.as_ref()?.ttl_seconds_after_finished?;
    if job.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let finished = conditions.iter().find(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    })?;
    let since = now.duration_since(finished.last_transition_time.as_ref()?.0);
    let left = SignedDuration::from_secs(seconds.into()) - since;
    Some(Duration::try_from(left).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finished_jobs_with_a_time_are_counted_down() {
        let job = |ttl: Option<i32>, kind: &str, status: &str| -> Job {
            serde_json::from_value(json!({
                "spec": {"ttlSecondsAfterFinished": ttl, "template": {}},
                "status": {"conditions": [{"type": kind, "status": status,
                    "lastTransitionTime": "1970-01-01T00:00:10Z"}]},
            }))
            .expect("a job")
        };
        let now = Timestamp::from_second(30).expect("valid");
        let table = [
            (job(Some(60), "Complete", "True"), Some(40)),
            (job(Some(5), "Failed", "True"), Some(0)),
            (job(None, "Complete", "True"), None),
            (job(Some(5), "Suspended", "True"), None),
            (job(Some(5), "Complete", "False"), None),
        ];
        for (job, expected) in table {
            assert_eq!(left(&job, now), expected.map(Duration::from_secs));
        }
    }
}
