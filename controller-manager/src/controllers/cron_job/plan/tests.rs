//! When a Job is made, when not, and what is told of it.

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

fn snapshot(cron: &CronJob, jobs: Vec<Arc<Job>>) -> Snapshot<'_> {
    Snapshot { cron, jobs, zone: TimeZone::UTC }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn reasons(plan: &Plan) -> Vec<&str> {
    plan.tell.iter().map(|(_, reason, _)| *reason).collect()
}

#[test]
fn a_due_time_makes_one_job_and_the_last_of_many_counts() {
    let early = plan(&snapshot(&cron(json!({}), json!({})), vec![]), at("2026-01-01T00:04:00Z"));
    assert!(early.create.is_none());
    assert_eq!(early.look_again, Some(Duration::from_secs(60) + SLACK));
    let late = at("2026-01-01T03:17:00Z");
    let due = plan(&snapshot(&cron(json!({}), json!({})), vec![]), late);
    let (job, time) = due.create.expect("due");
    assert_eq!(time.0, at("2026-01-01T03:15:00Z"));
    assert_eq!(job.metadata.name.as_deref(), Some("c-29453955"));
    let done = json!({"lastScheduleTime": "2026-01-01T03:15:00Z"});
    let again = plan(&snapshot(&cron(json!({}), done), vec![]), late);
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
        let plan = plan(&snapshot(&cron, vec![job("old", None)]), now);
        assert_eq!((plan.create.is_some(), plan.delete.len()), (creates, deletes), "{policy}");
    }
}

#[test]
fn what_has_ended_leaves_the_status_and_old_jobs_go() {
    let status = json!({"active": [{"name": "a", "uid": "a"}, {"name": "lost", "uid": "lost"}]});
    let jobs = vec![
        job("a", Some("Complete")),
        job("b", Some("Complete")),
        job("c", Some("Complete")),
        job("d", Some("Complete")),
        job("e", Some("Failed")),
    ];
    let cron = cron(
        json!({"suspend": true, "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1}),
        status,
    );
    let plan = plan(&snapshot(&cron, jobs), at("2026-01-01T00:06:00Z"));
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
        (json!({"timeZone": "Europe/Nowhere"}), vec!["UnknownTimeZone"]),
        (json!({"schedule": "TZ=UTC * * * *"}), vec!["UnsupportedSchedule", "UnparseableSchedule"]),
    ];
    for (extra, expected) in table {
        let cron = cron(extra.clone(), json!({}));
        let plan = plan(&snapshot(&cron, vec![]), now);
        assert!(plan.create.is_none(), "{extra}");
        assert_eq!(reasons(&plan), expected, "{extra}");
    }
}

#[test]
fn a_time_zone_moves_the_times() {
    let extra = json!({"timeZone": "Asia/Kolkata", "schedule": "0 9 * * *"});
    let done = json!({"lastScheduleTime": "2026-01-01T03:30:00Z"});
    let cron = cron(extra, done);
    let early = plan(&snapshot(&cron, vec![]), at("2026-01-02T03:29:00Z"));
    assert_eq!((early.create.is_none(), early.look_again), (true, Some(MINUTE + SLACK)));
    let due = plan(&snapshot(&cron, vec![]), at("2026-01-02T03:31:00Z"));
    let (job, _) = due.create.expect("due");
    let annotations = job.metadata.annotations.expect("annotations");
    assert_eq!(annotations[SCHEDULED], "2026-01-02T09:00:00+05:30");
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_counts_from_the_last_time() {
    let every = json!({"schedule": "@every 1h", "startingDeadlineSeconds": 600});
    let done = json!({"lastScheduleTime": "2026-01-01T00:10:00Z"});
    let cron = cron(every, done);
    let early = plan(&snapshot(&cron, vec![]), at("2026-01-01T01:09:00Z"));
    assert_eq!((early.create.is_none(), early.look_again), (true, Some(MINUTE + SLACK)));
    let change = wait_after_change(&cron, &TimeZone::UTC, at("2026-01-01T01:20:00Z"));
    assert_eq!(change, Some(50 * MINUTE + SLACK), "what is over is not made up for");
}

#[test]
fn many_missed_times_are_told_of_and_a_late_one_too() {
    let now = at("2026-01-03T00:02:00Z");
    let all = plan(&snapshot(&cron(json!({}), json!({})), vec![]), now);
    assert_eq!(reasons(&all), ["TooManyMissedTimes"]);
    let (_, due) = all.create.expect("the last");
    assert_eq!(due.0, at("2026-01-03T00:00:00Z"));
    let late = cron(json!({"schedule": "0 0 * * *", "startingDeadlineSeconds": 130}), json!({}));
    assert!(plan(&snapshot(&late, vec![]), now).create.is_some());
    assert!(plan(&snapshot(&late, vec![]), at("2026-01-03T00:02:11Z")).create.is_none());
}
