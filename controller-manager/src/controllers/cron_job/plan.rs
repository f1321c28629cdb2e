//! What to do for one CronJob: pure.
//!
//! Mirrors `syncCronJob` and `mostRecentScheduleTime` of `k8s.io/kubernetes/pkg/controller/cronjob`.

use super::schedule::Schedule;
use control::EventType;
use control::owner::controller_ref;
use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// More missed times than this are told of: a clock may be wrong.
const MISSED_MAX: i64 = 100;

/// Added to a wait, so that the time has surely come when it is over.
const SLACK: Duration = Duration::from_millis(100);

/// What is known of a CronJob.
pub(super) struct Snapshot<'a> {
    pub(super) cron: &'a CronJob,
    /// The Jobs that it controls.
    pub(super) jobs: Vec<Arc<Job>>,
}

/// The answer to a snapshot.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The Job to make, and the time that it is for.
    pub(super) create: Option<(Job, Time)>,
    pub(super) delete: Vec<Arc<Job>>,
    /// The CronJob with its new status, the Job to be made not yet in it.
    pub(super) status: Option<CronJob>,
    pub(super) tell: Vec<(EventType, &'static str, String)>,
    pub(super) look_again: Option<Duration>,
}

/// How a Job ended, where it has.
fn end(job: &Job) -> Option<&str> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let finished = conditions.iter().find(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    });
    finished.map(|condition| condition.type_.as_str())
}

/// Plans for `snapshot` at the time `now`.
pub(super) fn plan(snapshot: &Snapshot<'_>, now: Timestamp) -> Plan {
    let cron = snapshot.cron;
    let mut plan = Plan { delete: clean_up(snapshot), ..Plan::default() };
    let mut status = cron.status.clone().unwrap_or_default();
    follow_jobs(snapshot, &mut status, &mut plan);
    if cron.metadata.deletion_timestamp.is_none() {
        schedule(snapshot, &mut status, &mut plan, now);
    }
    if cron.status.clone().unwrap_or_default() != status {
        plan.status = Some(CronJob { status: Some(status), ..cron.clone() });
    }
    plan
}

/// Finished Jobs beyond the limits, oldest first.
fn clean_up(snapshot: &Snapshot<'_>) -> Vec<Arc<Job>> {
    let spec = &snapshot.cron.spec;
    let mut gone = Vec::new();
    for (kind, limit) in [
        ("Complete", spec.successful_jobs_history_limit.unwrap_or(3)),
        ("Failed", spec.failed_jobs_history_limit.unwrap_or(1)),
    ] {
        let mut jobs: Vec<&Arc<Job>> =
            snapshot.jobs.iter().filter(|job| end(job) == Some(kind)).collect();
        jobs.sort_by_key(|job| {
            let start = job.status.as_ref().and_then(|status| status.start_time.clone());
            (start.map(|time| time.0), job.metadata.name.clone())
        });
        let surplus = jobs.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        let alive = jobs.into_iter().take(surplus).cloned();
        gone.extend(alive.filter(|job| job.metadata.deletion_timestamp.is_none()));
    }
    gone
}

/// Takes out of the status what has ended or is gone.
fn follow_jobs(snapshot: &Snapshot<'_>, status: &mut CronJobStatus, plan: &mut Plan) {
    let active = status.active.get_or_insert_default();
    for job in &snapshot.jobs {
        let name = job.metadata.name.as_deref().unwrap_or_default();
        let position = active.iter().position(|one| one.uid == job.metadata.uid);
        match (end(job), position) {
            (Some(how), Some(index)) => {
                active.remove(index);
                let text = format!("Saw completed job: {name}, condition: {how}");
                plan.tell.push((EventType::Normal, "SawCompletedJob", text));
            }
            (None, None) if job.metadata.deletion_timestamp.is_none() => {
                let text =
                    format!("Saw a job that the controller did not create or forgot: {name}");
                plan.tell.push((EventType::Warning, "UnexpectedJob", text));
            }
            _ => {}
        }
        let completed = job.status.as_ref().and_then(|status| status.completion_time.clone());
        if end(job) == Some("Complete") && completed > status.last_successful_time {
            status.last_successful_time = completed;
        }
    }
    active.retain(|one| {
        let is_there = snapshot.jobs.iter().any(|job| job.metadata.uid == one.uid);
        if !is_there {
            let text =
                format!("Active job went missing: {}", one.name.as_deref().unwrap_or_default());
            plan.tell.push((EventType::Normal, "MissingJob", text));
        }
        is_there
    });
    if active.is_empty() {
        status.active = None;
    }
}

fn schedule(snapshot: &Snapshot<'_>, status: &mut CronJobStatus, plan: &mut Plan, now: Timestamp) {
    let spec = &snapshot.cron.spec;
    if let Some(zone) = spec.time_zone.as_deref()
        && !matches!(zone, "UTC" | "Etc/UTC")
    {
        let text = format!("invalid timeZone: {zone:?}: only UTC is known to this controller");
        plan.tell.push((EventType::Warning, "UnknownTimeZone", text));
        return;
    }
    if spec.suspend == Some(true) {
        return;
    }
    let schedule = match Schedule::parse(&spec.schedule) {
        Ok(schedule) => schedule,
        Err(error) => {
            let text = format!("unparseable schedule: {:?} : {error}", spec.schedule);
            plan.tell.push((EventType::Warning, "UnparseableSchedule", text));
            return;
        }
    };
    let Some(next) = schedule.next(now) else {
        let text = format!("invalid schedule: {} : it is never due", spec.schedule);
        plan.tell.push((EventType::Warning, "InvalidSchedule", text));
        return;
    };
    let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
    plan.look_again = Some(wait + SLACK);
    let Some((due, missed)) = most_recent(snapshot.cron, &schedule, now) else { return };
    if missed > MISSED_MAX {
        let text = format!(
            "too many missed start times: {missed}. Set or decrease .spec.startingDeadlineSeconds \
             or check clock skew"
        );
        plan.tell.push((EventType::Warning, "TooManyMissedTimes", text));
    }
    if let Some(limit) = spec.starting_deadline_seconds
        && now.duration_since(due) > SignedDuration::from_secs(limit)
    {
        let text = format!("Missed scheduled time to start a job: {due}");
        plan.tell.push((EventType::Warning, "MissSchedule", text));
        return;
    }
    let name = job_name(snapshot.cron, due);
    let active = status.active.clone().unwrap_or_default();
    let is_done = status.last_schedule_time.as_ref().is_some_and(|time| time.0 == due)
        || active.iter().any(|one| one.name.as_deref() == Some(&name));
    if is_done {
        return;
    }
    match spec.concurrency_policy.as_deref() {
        Some("Forbid") if !active.is_empty() => {
            let text = "Not starting job because prior execution is running and concurrency policy \
                        is Forbid";
            plan.tell.push((EventType::Normal, "JobAlreadyActive", text.into()));
            return;
        }
        Some("Replace") => {
            let running = |job: &&Arc<Job>| active.iter().any(|one| one.uid == job.metadata.uid);
            plan.delete.extend(snapshot.jobs.iter().filter(running).cloned());
            status.active = None;
        }
        _ => {}
    }
    plan.create = Some((new_job(snapshot.cron, name, due), Time(due)));
}

/// The last time that was due and has no Job, and how many were.
fn most_recent(cron: &CronJob, schedule: &Schedule, now: Timestamp) -> Option<(Timestamp, i64)> {
    let spec = &cron.spec;
    let last = cron.status.as_ref().and_then(|status| status.last_schedule_time.as_ref());
    let mut earliest = last.or(cron.metadata.creation_timestamp.as_ref())?.0;
    if let Some(limit) = spec.starting_deadline_seconds
        && let Ok(deadline) = now.checked_sub(SignedDuration::from_secs(limit))
    {
        earliest = earliest.max(deadline);
    }
    let first = schedule.next(earliest).filter(|first| *first <= now)?;
    let Some(second) = schedule.next(first).filter(|second| *second <= now) else {
        return Some((first, 1));
    };
    let period = second.duration_since(first).as_secs().max(1);
    let missed = now.duration_since(first).as_secs() / period + 1;
    let back = SignedDuration::from_secs((missed - 2).max(0).saturating_mul(period));
    let mut recent = first.checked_add(back).unwrap_or(first);
    // Of an uneven schedule this guess may be off: begin where a time surely is.
    recent = schedule.next(recent).filter(|next| *next <= now).unwrap_or(second);
    while let Some(next) = schedule.next(recent).filter(|next| *next <= now) {
        recent = next;
    }
    Some((recent, missed))
}

/// The same time gives the same name: no time is run twice.
fn job_name(cron: &CronJob, due: Timestamp) -> String {
    format!("{}-{}", cron.metadata.name.as_deref().unwrap_or_default(), due.as_second() / 60)
}

fn new_job(cron: &CronJob, name: String, due: Timestamp) -> Job {
    let template = cron.spec.job_template.clone();
    let meta = template.metadata.unwrap_or_default();
    let mut annotations = meta.annotations.unwrap_or_default();
    annotations.insert("batch.kubernetes.io/cronjob-scheduled-timestamp".into(), due.to_string());
    Job {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: cron.metadata.namespace.clone(),
            labels: meta.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![controller_ref(cron)]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn cron(extra: Value, status: Value) -> CronJob {
        let mut spec = json!({"schedule": "*/5 * * * *",
            "jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}});
        for (key, value) in extra.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        serde_json::from_value(json!({
            "metadata": {"name": "c", "namespace": "ns", "uid": "c",
                         "creationTimestamp": "2026-01-01T00:01:00Z"},
            "spec": spec, "status": status,
        }))
        .expect("a cron job")
    }

    fn job(name: &str, end: Option<&str>) -> Arc<Job> {
        let conditions: Vec<_> =
            end.iter().map(|kind| json!({"type": kind, "status": "True"})).collect();
        let value = json!({
            "metadata": {"name": name, "namespace": "ns", "uid": name},
            "status": {"conditions": conditions, "startTime": "2026-01-01T00:00:00Z"},
        });
        Arc::new(serde_json::from_value(value).expect("a job"))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn reasons(plan: &Plan) -> Vec<&str> {
        plan.tell.iter().map(|(_, reason, _)| *reason).collect()
    }

    #[test]
    fn a_due_time_makes_one_job_and_the_last_of_many_counts() {
        let early = plan(
            &Snapshot { cron: &cron(json!({}), json!({})), jobs: vec![] },
            at("2026-01-01T00:04:00Z"),
        );
        assert!(early.create.is_none());
        assert_eq!(early.look_again, Some(Duration::from_secs(60) + SLACK));
        let late = at("2026-01-01T03:17:00Z");
        let due = plan(&Snapshot { cron: &cron(json!({}), json!({})), jobs: vec![] }, late);
        let (job, time) = due.create.expect("due");
        assert_eq!(time.0, at("2026-01-01T03:15:00Z"));
        assert_eq!(job.metadata.name.as_deref(), Some("c-29453955"));
        let done = json!({"lastScheduleTime": "2026-01-01T03:15:00Z"});
        let again = plan(&Snapshot { cron: &cron(json!({}), done), jobs: vec![] }, late);
        assert!(again.create.is_none());
    }

    #[test]
    fn concurrency_is_as_asked() {
        let running = json!({"active": [{"name": "old", "uid": "old"}]});
        let now = at("2026-01-01T00:06:00Z");
        for (policy, creates, deletes) in
            [("Allow", true, 0), ("Forbid", false, 0), ("Replace", true, 1)]
        {
            let cron = cron(json!({"concurrencyPolicy": policy}), running.clone());
            let plan = plan(&Snapshot { cron: &cron, jobs: vec![job("old", None)] }, now);
            assert_eq!((plan.create.is_some(), plan.delete.len()), (creates, deletes), "{policy}");
        }
    }

    #[test]
    fn what_has_ended_leaves_the_status_and_old_jobs_go() {
        let status =
            json!({"active": [{"name": "a", "uid": "a"}, {"name": "lost", "uid": "lost"}]});
        let jobs = vec![
            job("a", Some("Complete")),
            job("b", Some("Complete")),
            job("c", Some("Complete")),
            job("d", Some("Complete")),
            job("e", Some("Failed")),
        ];
        let cron = cron(json!({"suspend": true}), status);
        let plan = plan(&Snapshot { cron: &cron, jobs }, at("2026-01-01T00:06:00Z"));
        assert_eq!(reasons(&plan), ["SawCompletedJob", "MissingJob"]);
        let gone: Vec<_> = plan.delete.iter().map(|job| job.metadata.name.clone()).collect();
        assert_eq!(gone, [Some("a".to_owned())]);
        assert!(plan.status.expect("changed").status.expect("a status").active.is_none());
    }

    #[test]
    fn a_late_start_and_bad_schedules_are_told() {
        let now = at("2026-01-01T00:06:00Z");
        let table = [
            (json!({"startingDeadlineSeconds": 10}), vec![]),
            (json!({"schedule": "nonsense"}), vec!["UnparseableSchedule"]),
            (json!({"schedule": "59 23 31 2 *"}), vec!["InvalidSchedule"]),
            (json!({"timeZone": "Europe/Oslo"}), vec!["UnknownTimeZone"]),
        ];
        for (extra, expected) in table {
            let cron = cron(extra.clone(), json!({}));
            let plan = plan(&Snapshot { cron: &cron, jobs: vec![] }, now);
            assert!(plan.create.is_none(), "{extra}");
            assert_eq!(reasons(&plan), expected, "{extra}");
        }
    }
}
