//! What job-controller counts: `job/metrics` of upstream's controllers, as far as it is stable there.

use k8s_openapi::api::batch::v1::{Job, JobStatus};
use runtime::metrics::Registry;
use std::time::Duration;

/// Upper bounds of the time that a sync takes, in seconds.
const SYNC_SECONDS: [f64; 15] = [
    0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384,
    32.768, 65.536,
];

fn completion_mode(job: &Job) -> &str {
    let mode = job.spec.as_ref().and_then(|spec| spec.completion_mode.as_deref());
    mode.unwrap_or("NonIndexed")
}

/// A sync of `job` was done, or not.
pub(super) fn synced(job: &Job, is_ok: bool, action: &str, took: Duration) {
    let labels = [completion_mode(job), if is_ok { "success" } else { "error" }, action];
    let (registry, names) = (Registry::global(), &["completion_mode", "result", "action"]);
    let syncs = registry.counter(
        "job_controller_job_syncs_total",
        "[STABLE] The number of job syncs",
        names,
    );
    syncs.with(&labels).increment();
    let times = registry.histogram(
        "job_controller_job_sync_duration_seconds",
        "[STABLE] The time it took to sync a job",
        names,
        &SYNC_SECONDS,
    );
    times.with(&labels).observe_duration(took);
}

/// The status of `old` is that of `new` now: what has ended since is counted.
pub(super) fn status_written(old: &Job, new: &Job) {
    let none = JobStatus::default();
    let before = old.status.as_ref().unwrap_or(&none);
    let Some(now) = &new.status else { return };
    let pods = Registry::global().counter(
        "job_controller_job_pods_finished_total",
        "[STABLE] The number of finished Pods that are fully tracked",
        &["completion_mode", "result"],
    );
    for (result, before, now) in
        [("succeeded", before.succeeded, now.succeeded), ("failed", before.failed, now.failed)]
    {
        let more = now.unwrap_or(0) - before.unwrap_or(0);
        pods.with(&[completion_mode(new), result]).add(u64::try_from(more).unwrap_or(0));
    }
    let jobs = Registry::global().counter(
        "job_controller_jobs_finished_total",
        "[STABLE] The number of finished jobs",
        &["completion_mode", "result", "reason"],
    );
    for (kind, result) in [("Complete", "succeeded"), ("Failed", "failed")] {
        let mut conditions = now.conditions.iter().flatten();
        let end = conditions.find(|one| one.type_ == kind && one.status == "True");
        if let Some(end) = end {
            let reason = end.reason.as_deref().unwrap_or_default();
            jobs.with(&[completion_mode(new), result, reason]).increment();
        }
    }
}
