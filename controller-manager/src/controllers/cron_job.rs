//! cronjob-controller: a Job each time a schedule says so.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/cronjob`.

mod fields;
mod plan;
mod schedule;

use crate::context::Context;
use control::{
    Action, Change, EventType, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError,
    events, execute, owner, run_workers,
};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Client;
use plan::{Plan, Snapshot, plan};
use runtime::clock;
use runtime::metrics::Registry;
use serde_json::Value;
use std::sync::Arc;

/// Upper bounds of how late a Job is made, in seconds.
const SKEW_SECONDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

struct Controller {
    client: Client,
    crons: Arc<Informer<CronJob>>,
    jobs: Arc<Informer<Job>>,
    /// Statuses and Jobs that were written and don't show yet.
    written: Expectations,
    jobs_written: Expectations,
    recorder: Recorder,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        crons: context.informers.of::<CronJob>(),
        jobs: context.informers.of::<Job>(),
        written: Expectations::default(),
        jobs_written: Expectations::default(),
        recorder: context.recorder(),
    });
    let queue = Queue::named("cronjob");
    let add = queue.clone();
    controller.crons.on_change(move |change| {
        let key = Key::of(&**change.object());
        match change {
            // The new schedule begins now: what it had been due of before is not made up for.
            Change::Updated(old, new) if schedule_of(old) != schedule_of(new) => {
                let zone = clock::zone();
                if let Some(wait) = plan::wait_after_change(new, &zone, clock::now()) {
                    return add.add_after(key, wait);
                }
                add.add(key);
            }
            _ => add.add(key),
        }
    });
    let add = queue.clone();
    controller.jobs.on_change(move |change| {
        let job = change.object();
        if let Some(found) = owner::controller_of(&**job).filter(|owner| owner.kind == "CronJob") {
            add.add(Key::new(job.metadata.namespace.clone().unwrap_or_default(), &found.name));
        }
    });
    let workers = context.options.concurrency.cron_jobs;
    run_workers("cronjob-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.crons.synced().await;
            controller.jobs.synced().await;
            controller.sync(key).await
        }
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(cron) = self.crons.get(&key) else {
            self.written.forget(&key);
            self.jobs_written.forget(&key);
            return Ok(Outcome::Done);
        };
        // Of an older status a Job would seem to be lost, or not to be the CronJob's.
        if !self.written.are_met(&key, &self.crons) || !self.jobs_written.are_met(&key, &self.jobs)
        {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let jobs = self.jobs.controlled_by(cron.metadata.uid.as_deref().unwrap_or_default());
        let plan = plan(&Snapshot { cron: &cron, jobs, zone: clock::zone() }, clock::now());
        let look_again = plan.look_again;
        Box::pin(self.execute(&key, &cron, plan)).await?;
        Ok(look_again.map_or(Outcome::Done, Outcome::Again))
    }

    async fn execute(&self, key: &Key, cron: &CronJob, plan: Plan) -> Result<(), SyncError> {
        for (kind, reason, text) in plan.tell {
            self.recorder.tell(cron, kind, reason, text);
        }
        let mut failure = None;
        for job in &plan.delete {
            match execute(&self.client, &Action::delete(&**job)).await {
                Ok(_) => {
                    let name = job.metadata.name.as_deref().unwrap_or_default();
                    let text = format!("Deleted job {name}");
                    self.recorder.tell(cron, EventType::Normal, "SuccessfulDelete", text);
                }
                Err(error) => {
                    let text = format!("Deleted job: {}", client::message(&error));
                    self.recorder.tell(cron, EventType::Warning, "FailedDelete", text);
                    failure = Some(error);
                }
            }
        }
        // A Job that could not be replaced runs on, and the status knows it.
        let (create, mut status) = match failure {
            Some(_) if plan.create.is_some() => (None, None),
            _ => (plan.create, plan.status),
        };
        if let Some((job, scheduled)) = &create {
            let name = job.metadata.name.as_deref().unwrap_or_default();
            match execute(&self.client, &Action::create(job)).await {
                Ok(answer) => {
                    if answer.is_some() {
                        count_skew(scheduled);
                        let text = format!("Created job {name}");
                        self.recorder.tell(cron, EventType::Normal, "SuccessfulCreate", text);
                    }
                    self.jobs_written.wrote(key, &self.jobs, std::slice::from_ref(&answer));
                    if let Some(made) = self.made(cron, answer, name) {
                        let mut next = status.unwrap_or_else(|| cron.clone());
                        let own = next.status.get_or_insert_default();
                        own.active.get_or_insert_default().push(events::reference(&made));
                        own.last_schedule_time = Some(scheduled.clone());
                        status = Some(next);
                    }
                }
                Err(error) if client::is_refused_by_ending(&error) => {}
                Err(error) => {
                    let text = format!("Error creating job: {}", client::message(&error));
                    self.recorder.tell(cron, EventType::Warning, "FailedCreate", text);
                    failure = Some(error);
                }
            }
        }
        if let Some(status) = status.filter(|status| status != cron) {
            let answer = execute(&self.client, &Action::update_status(&status)).await?;
            self.written.wrote(key, &self.crons, &[answer]);
        }
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The Job that was made now, or by an attempt that didn't get to its status.
    fn made(&self, cron: &CronJob, answer: Option<Value>, name: &str) -> Option<Job> {
        match answer {
            Some(answer) => control::decode(&answer).ok(),
            None => {
                let key = Key::new(cron.metadata.namespace.clone()?, name);
                let job = self.jobs.get(&key)?;
                owner::is_controlled_by(&*job, cron).then(|| (*job).clone())
            }
        }
    }
}

/// How late a Job was made, which was due at `scheduled`.
fn count_skew(scheduled: &Time) {
    let late = Registry::global().histogram(
        "cronjob_controller_job_creation_skew_duration_seconds",
        "[STABLE] Time between when a cronjob is scheduled to be run, and when the corresponding \
         job is created",
        &[],
        &SKEW_SECONDS,
    );
    late.with(&[]).observe(clock::now().duration_since(scheduled.0).as_secs_f64());
}

/// What says when it is due.
fn schedule_of(cron: &CronJob) -> (&str, Option<&str>) {
    (&cron.spec.schedule, cron.spec.time_zone.as_deref())
}
