//! What to do for one CronJob: pure.
//!
//! Mirrors `syncCronJob` and `mostRecentScheduleTime` of
//! `k8s.io/kubernetes/pkg/controller/cronjob`.

use super::schedule::{Schedule, zone_named};
use control::EventType;
use control::owner::controller_ref;
use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// More missed times than this are told of: a clock may be wrong.
const MISSED_MAX: i64 = 100;

/// Added to a wait, so that the time has surely come when it is over.
const SLACK: Duration = Duration::from_millis(100);

/// For when a Job was due.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// What is known of a CronJob.
pub(super) struct Snapshot<'a> {
    pub(super) cron: &'a CronJob,
    /// The Jobs that it controls.
    pub(super) jobs: Vec<Arc<Job>>,
    /// The zone of schedules that name none: this process's.
    pub(super) zone: TimeZone,
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
        ("Complete", spec.successful_jobs_history_limit),
        ("Failed", spec.failed_jobs_history_limit),
    ] {
        let Some(limit) = limit else { continue };
        let mut jobs: Vec<&Arc<Job>> =
            snapshot.jobs.iter().filter(|job| end(job) == Some(kind)).collect();
        jobs.sort_by_key(|job| {
            let start = job.status.as_ref().and_then(|status| status.start_time.clone());
            // One that never started is the youngest.
            (start.is_none(), start.map(|time| time.0), job.metadata.name.clone())
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
    let zone = spec.time_zone.as_deref();
    if let Some(zone) = zone
        && let Err(error) = zone_named(zone)
    {
        return plan.warn("UnknownTimeZone", format!("invalid timeZone: {zone:?}: {error}"));
    }
    if spec.suspend == Some(true) {
        return;
    }
    if spec.schedule.contains("TZ") {
        let text = format!(
            "CRON_TZ or TZ used in schedule {:?} is not officially supported, see \
             https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
            spec.schedule
        );
        plan.warn("UnsupportedSchedule", text);
    }
    let schedule = match read(snapshot.cron, &snapshot.zone) {
        Ok(schedule) => schedule,
        Err(error) => {
            let text = format!("unparseable schedule: {:?} : {error}", spec.schedule);
            return plan.warn("UnparseableSchedule", text);
        }
    };
    let recent = match recent(snapshot.cron, &schedule, now, true) {
        Ok(recent) => recent,
        Err(error) => {
            let text = format!("invalid schedule: {} : {error}", spec.schedule);
            return plan.warn("InvalidSchedule", text);
        }
    };
    plan.look_again = wait(snapshot.cron, &schedule, now);
    let Some(due) = recent.due else { return };
    if recent.missed > MISSED_MAX {
        let text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or \
                    check clock skew";
        plan.warn("TooManyMissedTimes", text.into());
    }
    if let Some(limit) = spec.starting_deadline_seconds
        && now.duration_since(due) > SignedDuration::from_secs(limit)
    {
        let due = due.strftime("%a, %d %b %Y %H:%M:%S +0000");
        return plan.warn("MissSchedule", format!("Missed scheduled time to start a job: {due}"));
    }
    start(snapshot, due, status, plan);
}

/// Plans the Job that is due, unless it was made, or its policy is against it.
fn start(snapshot: &Snapshot<'_>, due: Timestamp, status: &mut CronJobStatus, plan: &mut Plan) {
    let spec = &snapshot.cron.spec;
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

impl Plan {
    fn warn(&mut self, reason: &'static str, text: String) {
        self.tell.push((EventType::Warning, reason, text));
    }
}

/// The schedule of `cron`: in the zone that it names itself, else in its `timeZone`, else in
/// `zone`.
fn read(cron: &CronJob, zone: &TimeZone) -> Result<Schedule, String> {
    let own = cron.spec.time_zone.as_deref().and_then(|name| zone_named(name).ok());
    Schedule::parse(&cron.spec.schedule, own.as_ref().unwrap_or(zone))
}

/// Until the time after the last that was due: how long a CronJob waits whose schedule is another
/// now.
pub(super) fn wait_after_change(
    cron: &CronJob,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Duration> {
    wait(cron, &read(cron, zone).ok()?, now)
}

/// Until `cron` is to be looked at again.
fn wait(cron: &CronJob, schedule: &Schedule, now: Timestamp) -> Option<Duration> {
    let from = match recent(cron, schedule, now, false) {
        Ok(Recent { due: Some(due), .. }) => due,
        Ok(Recent { earliest, missed: 0, .. }) => earliest,
        _ => now,
    };
    let wait = Duration::try_from(schedule.next(from)?.duration_since(now)).unwrap_or_default();
    Some(wait + SLACK)
}

/// What was due of late.
struct Recent {
    /// From when on it is looked.
    earliest: Timestamp,
    /// The last time that was due.
    due: Option<Timestamp>,
    /// About how many were due and have no Job.
    missed: i64,
}

/// What was due until `now`. Unless `within_deadline`, times that may not be made up for any more
/// are among them.
fn recent(
    cron: &CronJob,
    schedule: &Schedule,
    now: Timestamp,
    within_deadline: bool,
) -> Result<Recent, String> {
    let spec = &cron.spec;
    let last = cron.status.as_ref().and_then(|status| status.last_schedule_time.as_ref());
    let start = last.or(cron.metadata.creation_timestamp.as_ref());
    let mut earliest = start.map_or(now, |start| start.0);
    if let Some(limit) = spec.starting_deadline_seconds.filter(|_| within_deadline)
        && let Ok(deadline) = now.checked_sub(SignedDuration::from_secs(limit))
    {
        earliest = earliest.max(deadline);
    }
    let never = || "time difference between two schedules is less than 1 second".to_owned();
    let first = schedule.next(earliest).ok_or_else(never)?;
    if now < first {
        return Ok(Recent { earliest, due: None, missed: 0 });
    }
    let second = schedule.next(first).ok_or_else(never)?;
    if now < second {
        return Ok(Recent { earliest, due: Some(first), missed: 0 });
    }
    let period = second.duration_since(first).as_secs();
    if period < 1 {
        return Err(never());
    }
    let missed = now.duration_since(first).as_secs() / period + 1;
    let back = SignedDuration::from_secs((missed - 2).max(0).saturating_mul(period));
    // Of an uneven schedule this guess may be off: from it on, each is looked at.
    let guess = first.checked_add(back).unwrap_or(first);
    let mut due = None;
    let mut from = guess;
    while let Some(next) = schedule.next(from).filter(|next| *next <= now) {
        (from, due) = (next, Some(next));
    }
    Ok(Recent { earliest, due, missed })
}

/// The same time gives the same name: no time is run twice.
fn job_name(cron: &CronJob, due: Timestamp) -> String {
    format!("{}-{}", cron.metadata.name.as_deref().unwrap_or_default(), due.as_second() / 60)
}

fn new_job(cron: &CronJob, name: String, due: Timestamp) -> Job {
    let template = cron.spec.job_template.clone();
    let meta = template.metadata.unwrap_or_default();
    let mut annotations = meta.annotations.unwrap_or_default();
    let zone = zone_named(cron.spec.time_zone.as_deref().unwrap_or_default());
    let local = due.to_zoned(zone.unwrap_or(TimeZone::UTC));
    let form = if local.offset().is_zero() { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    annotations.insert(SCHEDULED.into(), local.strftime(form).to_string());
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
mod tests;
