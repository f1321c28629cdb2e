//! job-controller: pods that run to their end, as many times as a Job asks for.
//!
//! A pod that ends is counted exactly once: its finalizer stays until its UID stands in the Job's
//! status, and its UID stays there until the finalizer is seen to be gone. Mirrors
//! `k8s.io/kubernetes/pkg/controller/job`.

mod backoff;
mod indexes;
mod metrics;
mod plan;
mod pod;
mod policy;
mod surplus;

use super::adoption;
use super::pod_control::PodControl;
use crate::context::Context;
use control::selector::Matcher;
use control::{
    Action, Change, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    owner, run_workers,
};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use plan::{Memory, Plan, Snapshot, plan};
use runtime::clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

struct Controller {
    client: Client,
    jobs: Arc<Informer<Job>>,
    pods: Arc<Informer<Pod>>,
    /// The pods that were made and deleted, and the Job's own status.
    expectations: Expectations,
    written: Expectations,
    memory: Mutex<HashMap<Key, Memory>>,
    recorder: Recorder,
    orphans: Queue<Key>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        jobs: context.informers.of::<Job>(),
        pods: context.informers.of::<Pod>(),
        expectations: Expectations::default(),
        written: Expectations::default(),
        memory: Mutex::default(),
        recorder: context.recorder(),
        orphans: Queue::named("job_orphan_pod"),
    });
    let queue = Queue::named("job");
    watch(&controller, &queue);
    let workers = context.options.concurrency.jobs;
    let own = controller.clone();
    run_workers("job-controller", workers, queue, &context.shutdown, move |key| {
        let controller = own.clone();
        async move {
            controller.jobs.synced().await;
            controller.pods.synced().await;
            controller.sync(key).await
        }
    });
    let orphans = controller.orphans.clone();
    run_workers("job-controller orphans", 1, orphans, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.jobs.synced().await;
            controller.release_orphan(&key).await
        }
    });
}

fn watch(controller: &Controller, queue: &Queue<Key>) {
    let add = queue.clone();
    controller.jobs.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, jobs, orphans) = (queue.clone(), controller.jobs.clone(), controller.orphans.clone());
    controller.pods.on_change(move |change| {
        let pod = change.object();
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        if let Some(found) = owner::controller_of(&**pod) {
            if found.kind == "Job" {
                add.add(Key::new(namespace, &found.name));
                let job = jobs.get(&Key::new(namespace, &found.name));
                let is_lost = jobs.has_synced()
                    && job.is_none_or(|job| job.metadata.uid.as_ref() != Some(&found.uid));
                if is_lost && pod::is_tracked(pod) {
                    orphans.add(Key::of(&**pod));
                }
            }
            return;
        }
        if pod::is_tracked(pod) && !matches!(change, Change::Deleted(_)) {
            orphans.add(Key::of(&**pod));
        }
        for job in jobs.list_in(namespace) {
            let selector = job.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            let matches = selector.is_some_and(|selector| {
                Matcher::new(selector).is_ok_and(|m| m.matches(pod.metadata.labels.as_ref()))
            });
            if matches {
                add.add(Key::of(&*job));
            }
        }
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        // A plan on an older status would make pods again for ends that it doesn't know of.
        if !self.written.are_met(&key, &self.jobs) {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let Some(job) = self.jobs.get(&key) else {
            self.forget(&key);
            self.release_all(&key);
            return Ok(Outcome::Done);
        };
        let Some(spec) = &job.spec else { return Ok(Outcome::Done) };
        if is_managed_elsewhere(&job) {
            return Ok(Outcome::Done);
        }
        if plan::is_finished(&job) {
            self.forget(&key);
            self.release_all(&key);
            return Ok(Outcome::Done);
        }
        let selector = spec.selector.clone().unwrap_or_default();
        let matcher = Matcher::new(&selector).map_err(SyncError::Other)?;
        let is_met = self.expectations.are_met(&key, &self.pods);
        let pods = self.pods.list_in(&key.namespace);
        let claims = owner::claim_with(&*job, &matcher, pods, Some(pod::FINALIZER));
        if !claims.actions.is_empty() && job.metadata.deletion_timestamp.is_none() {
            adoption::adopt_and_release(&self.client, &*job, &claims.actions).await?;
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let memory = self.recall(&key, &job, &claims.owned);
        let begun = clock::monotonic();
        let snapshot = Snapshot { job: &job, pods: claims.owned, manage: is_met, memory: &memory };
        let plan = plan(&snapshot, clock::now());
        let (look_again, action) = (plan.look_again, plan.action);
        let done = self.execute(&key, &job, plan).await;
        metrics::synced(&job, done.is_ok(), action, begun.elapsed());
        done?;
        match look_again {
            _ if !is_met => Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK)),
            Some(delay) => Ok(Outcome::Again(delay)),
            None => Ok(Outcome::Done),
        }
    }

    /// What is remembered of `job`, less what shows by now in its `pods`.
    fn recall(&self, key: &Key, job: &Job, pods: &[Arc<Pod>]) -> Memory {
        let mut all = self.memories();
        let memory = all.entry(key.clone()).or_default();
        let uid = job.metadata.uid.clone().unwrap_or_default();
        if memory.uid != uid {
            *memory = Memory { uid, ..Memory::default() };
        }
        let tracked = pods.iter().filter(|pod| pod::is_tracked(pod));
        let tracked: Vec<&str> = tracked.filter_map(|pod| pod.metadata.uid.as_deref()).collect();
        memory.released.retain(|uid| tracked.contains(&uid.as_str()));
        memory.clone()
    }

    fn memories(&self) -> MutexGuard<'_, HashMap<Key, Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, key: &Key) {
        self.expectations.forget(key);
        self.written.forget(key);
        self.memories().remove(key);
    }

    /// Nobody counts the pods of a Job that is gone or has ended.
    fn release_all(&self, key: &Key) {
        let is_left = |pod: &&Arc<Pod>| {
            pod::is_tracked(pod)
                && owner::controller_of(&***pod)
                    .is_some_and(|owner| owner.kind == "Job" && owner.name == key.name)
        };
        let pods = self.pods.list_in(&key.namespace);
        pods.iter().filter(is_left).for_each(|pod| self.orphans.add(Key::of(&**pod)));
    }

    /// Pods first, then the status that counts them, and last the finalizers of those that stand
    /// in it: a crash between any two of these loses no count.
    async fn execute(&self, key: &Key, job: &Job, plan: Plan) -> Result<(), SyncError> {
        let control = PodControl {
            client: &self.client,
            pods: &self.pods,
            expectations: &self.expectations,
            recorder: &self.recorder,
            key,
            owner: job,
        };
        let mut failure = None;
        for pod in &plan.delete {
            let gone = self.remove(&pod.actions).await;
            failure = control.deleted(pod.key.clone(), pod.uid.clone(), gone).err().or(failure);
        }
        let (made, failed) = control.create(&plan.create).await;
        failure = failed.or(failure);
        let missing = plan.create.len() - made;
        let status = plan::without(job, plan.status, missing);
        if let Some(status) = &status {
            let answer = execute(&self.client, &Action::update_status(status)).await?;
            metrics::status_written(job, status);
            self.written.wrote(key, &self.jobs, &[answer]);
            if let Some(memory) = self.memories().get_mut(key) {
                memory.backoff = plan.backoff;
            }
        }
        for (kind, reason, text) in plan.tell {
            self.recorder.tell(job, kind, &reason, text);
        }
        for (uid, action) in plan.release {
            match execute(&self.client, &action).await {
                Err(error) if !client::is_not_found(&error) => return Err(error.into()),
                _ => {}
            }
            if let Some(memory) = self.memories().get_mut(key) {
                memory.released.insert(uid);
            }
        }
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Does what makes one pod go; that it is gone is as good.
    async fn remove(&self, actions: &[Action]) -> Result<(), kube::Error> {
        for action in actions {
            match execute(&self.client, action).await {
                Err(error) if client::is_not_found(&error) => break,
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// A pod whose Job is gone or has ended must not wait for it for ever.
    async fn release_orphan(&self, key: &Key) -> Result<Outcome, SyncError> {
        let Some(pod) = self.pods.get(key).filter(|pod| pod::is_tracked(pod)) else {
            return Ok(Outcome::Done);
        };
        if let Some(found) = owner::controller_of(&*pod) {
            let api: Api<Job> = Api::namespaced(self.client.clone(), &key.namespace);
            let job = api.get_opt(&found.name).await?;
            let counts = |job: &Job| {
                job.metadata.uid.as_ref() == Some(&found.uid)
                    && (is_managed_elsewhere(job) || !plan::is_finished(job))
            };
            if found.kind != "Job" || job.as_ref().is_some_and(counts) {
                return Ok(Outcome::Done);
            }
        }
        match execute(&self.client, &pod::release(&pod)).await {
            Err(error) if !client::is_not_found(&error) => Err(error.into()),
            _ => Ok(Outcome::Done),
        }
    }
}

/// Whether it is somebody else's: a field says who.
fn is_managed_elsewhere(job: &Job) -> bool {
    let manager = job.spec.as_ref().and_then(|spec| spec.managed_by.as_deref());
    manager.is_some_and(|manager| manager != "kubernetes.io/job-controller")
}
