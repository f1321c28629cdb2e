//! What to do for one Job: pure. The order of a sync reads top to bottom.
//!
//! Mirrors `syncJob` and `manageJob` of `k8s.io/kubernetes/pkg/controller/job`.

mod track;
mod verdict;

use super::backoff::{self, Backoff, finished_at};
use super::indexes;
use super::pod::{self, Failures, is_failed, new_pod};
use super::policy::{Ruling, ruling};
use super::surplus::surplus;
use control::{Action, EventType, Key, pods};
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus, UncountedTerminatedPods};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Pods made or deleted in one go.
const BURST_PODS: usize = 500;

/// What is known of a Job.
pub(super) struct Snapshot<'a> {
    pub(super) job: &'a Job,
    /// The pods that it controls and selects.
    pub(super) pods: Vec<Arc<Pod>>,
    /// Whether pods may be made and deleted now.
    pub(super) manage: bool,
    pub(super) memory: &'a Memory,
}

/// What the controller remembers of a Job; forgotten at a restart.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// The Job's UID.
    pub(super) uid: String,
    /// The failures since the last success, where a sync has counted them already.
    pub(super) backoff: Option<Backoff>,
    /// UIDs of pods whose finalizer is off, though that doesn't show yet.
    pub(super) released: HashSet<String>,
}

/// A pod that is to go.
#[derive(Debug)]
pub(super) struct Removal {
    pub(super) key: Key,
    pub(super) uid: String,
    pub(super) actions: Vec<Action>,
}

/// The answer to a snapshot.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) create: Vec<Action>,
    pub(super) delete: Vec<Removal>,
    /// The Job with its new status, where that changes.
    pub(super) status: Option<Job>,
    /// To be remembered once the status is written.
    pub(super) backoff: Option<Backoff>,
    /// Finalizers to take off once the status is written, each with its pod's UID.
    pub(super) release: Vec<(String, Action)>,
    pub(super) tell: Vec<(EventType, String, String)>,
    pub(super) look_again: Option<Duration>,
    /// What this is, in the words of upstream's metrics.
    pub(super) action: &'static str,
}

/// What is to be written of `job` when `missing` of the pods in the `planned` status could not be
/// made.
pub(super) fn without(job: &Job, planned: Option<Job>, missing: usize) -> Option<Job> {
    let mut next = planned.unwrap_or_else(|| job.clone());
    if let Some(status) = &mut next.status {
        let active = status.active.unwrap_or(0) - length(missing);
        status.active = Some(active).filter(|count| *count > 0);
    }
    Some(next).filter(|next| next != job)
}

/// Whether nothing is left to do for it.
pub(super) fn is_finished(job: &Job) -> bool {
    let status = job.status.as_ref();
    status.is_some_and(|status| is_true(status, "Complete") || is_true(status, "Failed"))
}

fn is_true(status: &JobStatus, kind: &str) -> bool {
    status.conditions.iter().flatten().any(|one| one.type_ == kind && one.status == "True")
}

/// Plans for `snapshot` at the time `now`.
pub(super) fn plan(snapshot: &Snapshot<'_>, now: Timestamp) -> Plan {
    let mut work = Work::new(snapshot, now);
    work.plan.action = "reconciling";
    work.settle();
    work.assess();
    if let Some(verdict) = work.verdict() {
        work.stop_all();
        // What doesn't show yet has to show first: there may be more pods to stop.
        work.end(Some(&verdict).filter(|_| snapshot.manage));
    } else {
        let manage = snapshot.manage && snapshot.job.metadata.deletion_timestamp.is_none();
        if manage {
            work.manage();
            work.plan.action = match (&work.plan.create[..], &work.plan.delete[..]) {
                ([], []) => "tracking",
                ([], _) => "pods_deleted",
                _ => "pods_created",
            };
        }
        let verdict = work.completion().filter(|_| snapshot.manage);
        if manage && verdict.is_none() {
            work.note_suspension();
        }
        work.end(verdict.as_ref());
    }
    work.finish()
}

struct Work<'a> {
    job: &'a Job,
    memory: &'a Memory,
    spec: JobSpec,
    status: JobStatus,
    uncounted: UncountedTerminatedPods,
    pods: Vec<Arc<Pod>>,
    active: Vec<Arc<Pod>>,
    /// Only pods that have really ended are failed, and replaced.
    only_ended: bool,
    /// Ended, counted or about to be.
    succeeded: i32,
    failed: i32,
    done: BTreeSet<i32>,
    /// With a limit for each index: those beyond it.
    failed_indexes: Option<BTreeSet<i32>>,
    /// The last failed pod of an index without another: it stays until its successor carries on
    /// its count.
    held: BTreeMap<i32, Arc<Pod>>,
    backoff: Backoff,
    now: Timestamp,
    plan: Plan,
}

impl<'a> Work<'a> {
    fn new(snapshot: &Snapshot<'a>, now: Timestamp) -> Self {
        let mut status = snapshot.job.status.clone().unwrap_or_default();
        let spec = snapshot.job.spec.clone().unwrap_or_default();
        if status.start_time.is_none() && spec.suspend != Some(true) {
            status.start_time = Some(Time(now));
        }
        Self {
            job: snapshot.job,
            memory: snapshot.memory,
            uncounted: status.uncounted_terminated_pods.take().unwrap_or_default(),
            only_ended: spec.pod_replacement_policy.as_deref() == Some("Failed")
                || spec.pod_failure_policy.is_some(),
            spec,
            status,
            pods: snapshot.pods.clone(),
            active: snapshot.pods.iter().filter(|pod| pods::is_active(pod)).cloned().collect(),
            succeeded: 0,
            failed: 0,
            done: BTreeSet::new(),
            failed_indexes: None,
            held: BTreeMap::new(),
            backoff: Backoff::default(),
            now,
            plan: Plan::default(),
        }
    }

    /// The completions of an indexed Job.
    fn indexed(&self) -> Option<i32> {
        let is_indexed = self.spec.completion_mode.as_deref() == Some("Indexed");
        is_indexed.then(|| self.spec.completions.unwrap_or(0))
    }

    /// The index that `pod` works on, where there is one and the Job has it.
    fn index(&self, pod: &Pod) -> Option<i32> {
        pod::index(pod).filter(|index| self.indexed().is_some_and(|total| *index < total))
    }

    fn is_tracked(&self, pod: &Pod) -> bool {
        pod::is_tracked(pod) && !self.memory.released.contains(uid(pod))
    }

    fn is_failed(&self, pod: &Pod) -> bool {
        is_failed(pod, self.only_ended)
    }

    /// Whether the end of `pod` is still to be counted.
    fn is_countable(&self, pod: &Pod) -> bool {
        self.is_tracked(pod) && (self.indexed().is_none() || self.index(pod).is_some())
    }

    /// What has ended so far, pods that only now have among them.
    fn assess(&mut self) {
        let counted = |uids: &Option<Vec<String>>, pod: &Pod| {
            uids.iter().flatten().any(|counted| counted == uid(pod))
        };
        let (mut succeeded, mut failed, mut earlier) = (Vec::new(), Vec::new(), [vec![], vec![]]);
        let before = self.done_before();
        for pod in &self.pods {
            if pods::phase(pod) == "Succeeded" {
                let is_known = counted(&self.uncounted.succeeded, pod)
                    || self.index(pod).is_some_and(|index| before.contains(&index));
                let is_new = self.is_countable(pod) && !is_known;
                if is_new { &mut succeeded } else { &mut earlier[0] }.push(&**pod);
            } else if self.is_failed(pod) {
                let is_new = self.is_countable(pod) && !counted(&self.uncounted.failed, pod);
                if is_new { &mut failed } else { &mut earlier[1] }.push(&**pod);
            }
        }
        let count = |uids: &Option<Vec<String>>| length(uids.as_ref().map_or(0, Vec::len));
        let counts = failed.iter().filter(|pod| ruling(&self.spec, pod) != Ruling::Ignore).count();
        self.failed =
            self.status.failed.unwrap_or(0) + count(&self.uncounted.failed) + length(counts);
        self.succeeded = self.status.succeeded.unwrap_or(0)
            + count(&self.uncounted.succeeded)
            + length(succeeded.len());
        let known = self.memory.backoff;
        let known = known.unwrap_or_else(|| Backoff::default().with(&earlier[0], &earlier[1]));
        self.backoff = known.with(&succeeded, &failed);
        if self.indexed().is_some() {
            self.assess_indexes(before);
        }
    }

    fn done_before(&self) -> BTreeSet<i32> {
        let text = self.status.completed_indexes.as_deref().unwrap_or_default();
        indexes::parse(text, self.indexed().unwrap_or(0))
    }

    fn assess_indexes(&mut self, before: BTreeSet<i32>) {
        self.done = before;
        let ended = self.pods.iter().filter(|pod| pods::phase(pod) == "Succeeded");
        let ended = ended.filter(|pod| self.is_countable(pod));
        let ended: Vec<i32> = ended.filter_map(|pod| self.index(pod)).collect();
        self.done.extend(ended);
        self.succeeded = length(self.done.len());
        let Some(limit) = self.spec.backoff_limit_per_index else { return };
        let text = self.status.failed_indexes.as_deref().unwrap_or_default();
        let mut failed = indexes::parse(text, self.indexed().unwrap_or(0));
        let tracked: Vec<(i32, &Arc<Pod>)> = self
            .pods
            .iter()
            .filter(|pod| self.is_countable(pod) && self.is_failed(pod))
            .filter_map(|pod| Some((self.index(pod)?, pod)))
            .collect();
        for (index, pod) in &tracked {
            let is_beyond = match ruling(&self.spec, pod) {
                Ruling::FailIndex => true,
                Ruling::Ignore => false,
                _ => Failures::before(pod).counted >= limit,
            };
            if is_beyond {
                failed.insert(*index);
            }
        }
        let active: BTreeSet<i32> = self.active.iter().filter_map(|pod| pod::index(pod)).collect();
        for (index, pod) in tracked {
            if self.done.contains(&index) || failed.contains(&index) || active.contains(&index) {
                continue;
            }
            let rank = |pod: &Pod| (Failures::before(pod).all(), finished_at(pod));
            let is_later = self.held.get(&index).is_none_or(|other| {
                let (own, other) = (rank(pod), rank(other));
                own.0 >= other.0 && own.1 >= other.1
            });
            if is_later {
                self.held.insert(index, pod.clone());
            }
        }
        self.failed_indexes = Some(failed);
    }

    /// Ends every active pod; each keeps its finalizer until it is counted.
    fn stop_all(&mut self) {
        for pod in std::mem::take(&mut self.active) {
            self.plan.delete.push(removal(&pod, false));
        }
    }

    /// As many pods as there should be.
    fn manage(&mut self) {
        let active = length(self.active.len());
        let parallelism = self.spec.parallelism.unwrap_or(1);
        let is_suspended = self.spec.suspend == Some(true);
        let wanted = match self.spec.completions {
            _ if is_suspended => 0,
            None if self.succeeded > 0 => active,
            None => parallelism,
            Some(wanted) => (wanted - self.succeeded).clamp(0, parallelism.max(0)),
        };
        let many = usize::try_from(active - wanted).unwrap_or(0);
        let gone = surplus(&self.active, many, self.indexed());
        if !gone.is_empty() || is_suspended {
            for pod in gone.into_iter().take(BURST_PODS) {
                self.active.retain(|one| one.metadata.uid != pod.metadata.uid);
                self.plan.delete.push(removal(&pod, true));
            }
            return;
        }
        let ending = if self.only_ended { length(self.ending()) } else { 0 };
        let missing = usize::try_from(wanted - active - ending).unwrap_or(0).min(BURST_PODS);
        if missing > 0 {
            self.create(missing);
        }
    }

    fn create(&mut self, missing: usize) {
        let is_per_index = self.failed_indexes.is_some();
        if let Some(wait) = self.backoff.wait(self.now).filter(|_| !is_per_index) {
            return self.look_again(wait);
        }
        let Some(total) = self.indexed() else {
            self.plan.create = vec![Action::create(&new_pod(self.job, None)); missing];
            return;
        };
        let mut waits = Vec::new();
        let mut create = Vec::new();
        for index in self.pending_indexes(missing, total) {
            let held = self.held.get(&index);
            let wait = held.and_then(|pod| {
                let failures = Failures::before(pod).all() + 1;
                backoff::wait(failures, finished_at(pod), self.now)
            });
            match wait {
                Some(wait) => waits.push(wait),
                None => {
                    let failures = held.map_or_else(Failures::default, |pod| self.failures(pod));
                    let failures = is_per_index.then_some(failures);
                    create.push(Action::create(&new_pod(self.job, Some((index, failures)))));
                }
            }
        }
        if let Some(wait) = waits.into_iter().min() {
            self.look_again(wait);
        }
        self.plan.create = create;
    }

    /// The failures of its index with the failed `pod` among them.
    fn failures(&self, pod: &Pod) -> Failures {
        let before = Failures::before(pod);
        match ruling(&self.spec, pod) {
            Ruling::Ignore => Failures { ignored: before.ignored + 1, ..before },
            _ => Failures { counted: before.counted + 1, ..before },
        }
    }

    fn pending_indexes(&self, count: usize, total: i32) -> Vec<i32> {
        let mut busy: BTreeSet<i32> =
            self.active.iter().filter_map(|pod| pod::index(pod)).collect();
        if self.only_ended {
            let ending = self.pods.iter().filter(|pod| is_ending(pod));
            busy.extend(ending.filter_map(|pod| pod::index(pod)));
        }
        busy.extend(self.failed_indexes.iter().flatten());
        let is_free = |index: &i32| !self.done.contains(index) && !busy.contains(index);
        (0..total).filter(is_free).take(count).collect()
    }

    /// How many pods are being deleted and still run.
    fn ending(&self) -> usize {
        self.pods.iter().filter(|pod| is_ending(pod)).count()
    }

    fn note_suspension(&mut self) {
        let known = self.status.conditions.iter().flatten().find(|one| one.type_ == "Suspended");
        let known = known.map(|condition| condition.status == "True");
        let is_suspended = self.spec.suspend == Some(true);
        if is_suspended && known != Some(true) {
            self.set_condition("Suspended", "True", "JobSuspended", "Job suspended");
            self.tell(EventType::Normal, "Suspended", "Job suspended");
            self.status.start_time = None;
        } else if !is_suspended && known == Some(true) {
            self.set_condition("Suspended", "False", "JobResumed", "Job resumed");
            self.tell(EventType::Normal, "Resumed", "Job resumed");
            self.status.start_time = Some(Time(self.now));
        }
    }

    /// Sets a condition in the place where it is, or as the last.
    fn set_condition(&mut self, kind: &str, value: &str, reason: &str, message: &str) {
        let condition = JobCondition {
            type_: kind.into(),
            status: value.into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_probe_time: Some(Time(self.now)),
            last_transition_time: Some(Time(self.now)),
        };
        let conditions = self.status.conditions.get_or_insert_default();
        match conditions.iter_mut().find(|one| one.type_ == kind) {
            Some(known) => *known = condition,
            None => conditions.push(condition),
        }
    }

    fn tell(&mut self, kind: EventType, reason: &str, message: &str) {
        self.plan.tell.push((kind, reason.into(), message.into()));
    }

    fn look_again(&mut self, delay: Duration) {
        let earlier = self.plan.look_again.map_or(delay, |old| old.min(delay));
        self.plan.look_again = Some(earlier);
    }

    fn finish(mut self) -> Plan {
        let active = length(self.active.len() + self.plan.create.len());
        let ready = length(self.active.iter().filter(|pod| pods::is_ready(pod)).count());
        self.status.active = Some(active).filter(|count| *count != 0);
        self.status.ready = Some(ready);
        self.status.terminating = Some(length(self.ending() + self.plan.delete.len()));
        self.status.uncounted_terminated_pods = Some(self.uncounted);
        self.plan.backoff = Some(self.backoff);
        if self.job.status.as_ref() != Some(&self.status) {
            self.plan.status = Some(Job { status: Some(self.status), ..self.job.clone() });
        }
        self.plan
    }
}

fn is_ending(pod: &Pod) -> bool {
    pods::is_terminating(pod) && !pods::is_finished(pod)
}

fn uid(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}

fn length(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A pod that the Job no longer wants is not counted: its finalizer goes first.
fn removal(pod: &Pod, uncounted: bool) -> Removal {
    let mut actions = Vec::new();
    if uncounted && pod::is_tracked(pod) {
        actions.push(pod::release(pod));
    }
    actions.push(Action::delete(pod));
    Removal { key: Key::of(pod), uid: uid(pod).to_owned(), actions }
}

#[cfg(test)]
mod tests;
