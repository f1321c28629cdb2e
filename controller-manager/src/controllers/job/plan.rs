//! What to do for one Job: pure. The order of a sync reads top to bottom.
//!
//! Mirrors `syncJob`, `manageJob` and `trackJobStatusAndRemoveFinalizers` of
//! `k8s.io/kubernetes/pkg/controller/job`.

use super::indexes;
use super::pod::{self, End, end, is_tracked, new_pod, restarts};
use control::{Action, EventType, Key, pods};
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus, UncountedTerminatedPods};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Pods made or deleted in one go.
const BURST_PODS: usize = 500;
/// UIDs that wait in a status to be counted.
const UNCOUNTED_MAX: usize = 500;
/// After the first failure the next pod waits this long, and twice as long after each one more.
const BACKOFF: Duration = Duration::from_secs(10);
const BACKOFF_MAX: Duration = Duration::from_secs(10 * 60);

/// What is known of a Job.
pub(super) struct Snapshot<'a> {
    pub(super) job: &'a Job,
    /// The pods that it controls and selects.
    pub(super) pods: Vec<Arc<Pod>>,
    /// Whether pods may be made and deleted now.
    pub(super) manage: bool,
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
    /// Finalizers to take off, once the status is written.
    pub(super) release: Vec<Action>,
    pub(super) tell: Vec<(EventType, &'static str, String)>,
    pub(super) look_again: Option<Duration>,
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
    work.count();
    let target = work.verdict();
    match target {
        Some(verdict) => work.wind_up(verdict),
        None if snapshot.manage && snapshot.job.metadata.deletion_timestamp.is_none() => {
            work.manage();
        }
        None => {}
    }
    work.finish()
}

/// How a Job ends.
#[derive(Clone, Debug)]
struct Verdict {
    failed: bool,
    reason: String,
    message: String,
}

struct Work<'a> {
    job: &'a Job,
    spec: JobSpec,
    status: JobStatus,
    pods: Vec<Arc<Pod>>,
    active: Vec<Arc<Pod>>,
    /// Ended, counted or about to be.
    succeeded: i32,
    failed: i32,
    done: BTreeSet<i32>,
    last_failure: Option<Timestamp>,
    manage: bool,
    now: Timestamp,
    plan: Plan,
}

impl<'a> Work<'a> {
    fn new(snapshot: &Snapshot<'a>, now: Timestamp) -> Self {
        let active = snapshot.pods.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
        let mut status = snapshot.job.status.clone().unwrap_or_default();
        let spec = snapshot.job.spec.clone().unwrap_or_default();
        if status.start_time.is_none() && spec.suspend != Some(true) {
            status.start_time = Some(Time(now));
        }
        let completions = spec.completions.unwrap_or(0);
        let done =
            indexes::parse(status.completed_indexes.as_deref().unwrap_or_default(), completions);
        Self {
            job: snapshot.job,
            spec,
            status,
            pods: snapshot.pods.clone(),
            active,
            succeeded: 0,
            failed: 0,
            done,
            last_failure: None,
            manage: snapshot.manage,
            now,
            plan: Plan::default(),
        }
    }

    fn is_indexed(&self) -> bool {
        self.spec.completion_mode.as_deref() == Some("Indexed")
    }

    /// Moves ended pods along: unseen, then named in the status, then counted.
    fn count(&mut self) {
        let only_ended = self.spec.pod_replacement_policy.as_deref() == Some("Failed");
        let mut uncounted = self.status.uncounted_terminated_pods.take().unwrap_or_default();
        let tracked: BTreeSet<&str> = self
            .pods
            .iter()
            .filter(|pod| is_tracked(pod))
            .filter_map(|pod| pod.metadata.uid.as_deref())
            .collect();
        let settle = |uids: &mut Option<Vec<String>>, count: &mut Option<i32>| {
            let Some(list) = uids else { return };
            let before = list.len();
            list.retain(|uid| tracked.contains(uid.as_str()));
            let gone = i32::try_from(before - list.len()).unwrap_or(0);
            if gone > 0 {
                *count = Some(count.unwrap_or(0) + gone);
            }
        };
        if !self.is_indexed() {
            settle(&mut uncounted.succeeded, &mut self.status.succeeded);
        }
        settle(&mut uncounted.failed, &mut self.status.failed);

        let mut room = UNCOUNTED_MAX;
        let mut release = Vec::new();
        for pod in &self.pods {
            let uid = pod.metadata.uid.clone().unwrap_or_default();
            let Some(ended) = end(pod, only_ended) else { continue };
            if ended == End::Failed {
                self.last_failure = self.last_failure.max(ended_at(pod));
            }
            if !is_tracked(pod) || room == 0 {
                continue;
            }
            room -= 1;
            match (ended, self.spec.completion_mode.as_deref() == Some("Indexed")) {
                (End::Succeeded, true) => {
                    let total = self.spec.completions.unwrap_or(0);
                    if let Some(index) = pod::index(pod).filter(|index| (0..total).contains(index))
                    {
                        self.done.insert(index);
                    }
                }
                (End::Succeeded, false) => add(&mut uncounted.succeeded, uid),
                (End::Failed, _) => add(&mut uncounted.failed, uid),
            }
            release.push(pod::release(pod));
        }
        self.plan.release = release;
        let waiting = |uids: &Option<Vec<String>>| {
            i32::try_from(uids.as_ref().map_or(0, Vec::len)).unwrap_or(i32::MAX)
        };
        self.failed = self.status.failed.unwrap_or(0) + waiting(&uncounted.failed);
        if self.is_indexed() {
            let count = i32::try_from(self.done.len()).unwrap_or(i32::MAX);
            self.succeeded = count;
            self.status.succeeded = Some(count).filter(|count| *count > 0);
            let text = indexes::format(&self.done);
            self.status.completed_indexes = Some(text).filter(|text| !text.is_empty());
        } else {
            self.succeeded = self.status.succeeded.unwrap_or(0) + waiting(&uncounted.succeeded);
        }
        let is_empty = |uids: &Option<Vec<String>>| uids.as_ref().is_none_or(Vec::is_empty);
        uncounted.succeeded = uncounted.succeeded.filter(|uids| !uids.is_empty());
        uncounted.failed = uncounted.failed.filter(|uids| !uids.is_empty());
        let all_counted = is_empty(&uncounted.succeeded) && is_empty(&uncounted.failed);
        // An empty object says that ends are tracked, as upstream leaves it.
        self.status.uncounted_terminated_pods =
            Some(if all_counted { UncountedTerminatedPods::default() } else { uncounted });
    }

    /// How it ends, where that is decided.
    fn verdict(&mut self) -> Option<Verdict> {
        let known = self.status.conditions.iter().flatten().find(|condition| {
            matches!(condition.type_.as_str(), "FailureTarget" | "SuccessCriteriaMet")
                && condition.status == "True"
        });
        if let Some(known) = known {
            return Some(Verdict {
                failed: known.type_ == "FailureTarget",
                reason: known.reason.clone().unwrap_or_default(),
                message: known.message.clone().unwrap_or_default(),
            });
        }
        let verdict = |failed, reason: &str, message: &str| {
            Some(Verdict { failed, reason: reason.into(), message: message.into() })
        };
        if self.failed > self.spec.backoff_limit.unwrap_or(6) || self.restarts_exceed_limit() {
            let text = "Job has reached the specified backoff limit";
            return verdict(true, "BackoffLimitExceeded", text);
        }
        if let (Some(limit), Some(start)) =
            (self.spec.active_deadline_seconds, self.status.start_time.as_ref())
            && self.spec.suspend != Some(true)
        {
            let left = SignedDuration::from_secs(limit) - self.now.duration_since(start.0);
            if !left.is_positive() {
                let text = "Job was active longer than specified deadline";
                return verdict(true, "DeadlineExceeded", text);
            }
            self.look_again(Duration::try_from(left).unwrap_or_default());
        }
        let is_reached = match self.spec.completions {
            None => self.succeeded > 0 && self.active.is_empty(),
            Some(wanted) => self.succeeded >= wanted && self.active.is_empty(),
        };
        if is_reached && self.manage {
            let text = "Reached expected number of succeeded pods";
            return verdict(false, "CompletionsReached", text);
        }
        None
    }

    fn restarts_exceed_limit(&self) -> bool {
        let template = self.spec.template.spec.as_ref();
        if template.and_then(|spec| spec.restart_policy.as_deref()) != Some("OnFailure") {
            return false;
        }
        let running = self.active.iter().map(|pod| restarts(pod)).sum::<i32>();
        match self.spec.backoff_limit.unwrap_or(6) {
            0 => running > 0,
            limit => running >= limit,
        }
    }

    /// Says how it ends, ends its pods, and when all are counted, says that it has ended.
    fn wind_up(&mut self, verdict: Verdict) {
        let target = if verdict.failed { "FailureTarget" } else { "SuccessCriteriaMet" };
        self.set_condition(target, &verdict.reason, &verdict.message);
        let pods: Vec<Arc<Pod>> = self.active.drain(..).collect();
        let remaining = !pods.is_empty();
        for pod in &pods {
            self.plan.delete.push(removal(pod, false));
        }
        let is_terminating = |pod: &Arc<Pod>| pods::is_terminating(pod) && !pods::is_finished(pod);
        let is_ending = self.pods.iter().any(is_terminating);
        let uncounted = self.status.uncounted_terminated_pods.clone().unwrap_or_default();
        let is_counted = uncounted.failed.is_none() && uncounted.succeeded.is_none();
        let tracked = self.pods.iter().any(|pod| is_tracked(pod));
        if remaining || is_ending || !is_counted || tracked || !self.manage {
            return;
        }
        let last = if verdict.failed { "Failed" } else { "Complete" };
        self.set_condition(last, &verdict.reason, &verdict.message);
        if verdict.failed {
            self.plan.tell.push((EventType::Warning, leak(&verdict.reason), verdict.message));
        } else {
            self.status.completion_time = Some(Time(self.now));
            self.plan.tell.push((EventType::Normal, "Completed", "Job completed".into()));
        }
    }

    /// As many pods as there should be.
    fn manage(&mut self) {
        let is_suspended = self.spec.suspend == Some(true);
        self.note_suspension(is_suspended);
        let parallelism = self.spec.parallelism.unwrap_or(1);
        let active = i32::try_from(self.active.len()).unwrap_or(i32::MAX);
        let wanted = match self.spec.completions {
            _ if is_suspended => 0,
            None if self.succeeded > 0 => active,
            None => parallelism,
            Some(wanted) => (wanted - self.succeeded).clamp(0, parallelism.max(0)),
        };
        let surplus = self.surplus(wanted);
        if !surplus.is_empty() {
            for pod in surplus.into_iter().take(BURST_PODS) {
                self.active.retain(|one| one.metadata.uid != pod.metadata.uid);
                self.plan.delete.push(removal(&pod, true));
            }
            return;
        }
        let ending = if self.spec.pod_replacement_policy.as_deref() == Some("Failed") {
            let is_ending = |pod: &&Arc<Pod>| pods::is_terminating(pod) && !pods::is_finished(pod);
            i32::try_from(self.pods.iter().filter(is_ending).count()).unwrap_or(i32::MAX)
        } else {
            0
        };
        let missing = usize::try_from(wanted - active - ending).unwrap_or(0).min(BURST_PODS);
        if missing == 0 {
            return;
        }
        if let Some(wait) = self.backoff() {
            return self.look_again(wait);
        }
        let template = self.spec.template.clone();
        let pods: Vec<Pod> = if self.is_indexed() {
            let next = self.pending_indexes(missing);
            next.into_iter().map(|index| new_pod(self.job, &template, Some(index))).collect()
        } else {
            vec![new_pod(self.job, &template, None); missing]
        };
        self.plan.create = pods.iter().map(Action::create).collect();
    }

    /// Pods beyond `wanted`, and all but one of each index; the least useful first.
    fn surplus(&self, wanted: i32) -> Vec<Arc<Pod>> {
        let mut active = self.active.clone();
        let mut surplus = Vec::new();
        if self.is_indexed() {
            let total = self.spec.completions.unwrap_or(0);
            let mut seen = self.done.clone();
            active.sort_by_key(|pod| (!pods::is_ready(pod), pod.metadata.name.clone()));
            active.retain(|pod| {
                let is_wanted = pod::index(pod)
                    .is_some_and(|index| index >= 0 && index < total && seen.insert(index));
                if !is_wanted {
                    surplus.push(pod.clone());
                }
                is_wanted
            });
        }
        let keep = usize::try_from(wanted).unwrap_or(0);
        if active.len() > keep {
            active.sort_by_key(|pod| {
                let is_bound = !pods::node_name(pod).is_empty();
                let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
                (
                    is_bound,
                    pods::phase(pod) == "Running",
                    pods::is_ready(pod),
                    std::cmp::Reverse(created),
                )
            });
            surplus.extend(active.drain(..active.len() - keep));
        }
        surplus
    }

    fn pending_indexes(&self, count: usize) -> Vec<i32> {
        let busy: BTreeSet<i32> = self.active.iter().filter_map(|pod| pod::index(pod)).collect();
        let total = self.spec.completions.unwrap_or(0);
        let free = |index: &i32| !self.done.contains(index) && !busy.contains(index);
        (0..total).filter(free).take(count).collect()
    }

    /// What is left of the wait after the last failure.
    fn backoff(&self) -> Option<Duration> {
        let last = self.last_failure?;
        let doublings = u32::try_from((self.failed - 1).clamp(0, 16)).unwrap_or(0);
        let wait = BACKOFF.saturating_mul(1 << doublings).min(BACKOFF_MAX);
        let gone = Duration::try_from(self.now.duration_since(last)).unwrap_or_default();
        Some(wait.saturating_sub(gone)).filter(|left| !left.is_zero())
    }

    fn note_suspension(&mut self, is_suspended: bool) {
        let was = is_true(&self.status, "Suspended");
        let is_known = self.status.conditions.iter().flatten().any(|one| one.type_ == "Suspended");
        if is_suspended && !was {
            self.put_condition("Suspended", "True", "JobSuspended", "Job suspended");
            self.plan.tell.push((EventType::Normal, "Suspended", "Job suspended".into()));
            self.status.start_time = None;
        } else if !is_suspended && was && is_known {
            self.put_condition("Suspended", "False", "JobResumed", "Job resumed");
            self.plan.tell.push((EventType::Normal, "Resumed", "Job resumed".into()));
            self.status.start_time = Some(Time(self.now));
        }
    }

    fn set_condition(&mut self, kind: &str, reason: &str, message: &str) {
        if !is_true(&self.status, kind) {
            self.put_condition(kind, "True", reason, message);
        }
    }

    fn put_condition(&mut self, kind: &str, value: &str, reason: &str, message: &str) {
        let conditions = self.status.conditions.get_or_insert_default();
        conditions.retain(|condition| condition.type_ != kind);
        conditions.push(JobCondition {
            type_: kind.into(),
            status: value.into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_probe_time: Some(Time(self.now)),
            last_transition_time: Some(Time(self.now)),
        });
    }

    fn look_again(&mut self, delay: Duration) {
        let earlier = self.plan.look_again.map_or(delay, |old| old.min(delay));
        self.plan.look_again = Some(earlier);
    }

    fn finish(mut self) -> Plan {
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let active = count(self.active.len() + self.plan.create.len());
        let ready = count(self.active.iter().filter(|pod| pods::is_ready(pod)).count());
        let is_ending = |pod: &&Arc<Pod>| pods::is_terminating(pod) && !pods::is_finished(pod);
        let ending = self.pods.iter().filter(is_ending).count() + self.plan.delete.len();
        self.status.active = Some(active).filter(|count| *count != 0);
        self.status.ready = Some(ready);
        self.status.terminating = Some(count(ending));
        if self.job.status.as_ref() != Some(&self.status) {
            self.plan.status = Some(Job { status: Some(self.status), ..self.job.clone() });
        }
        self.plan
    }
}

/// The reasons of events are few and known.
fn leak(reason: &str) -> &'static str {
    match reason {
        "DeadlineExceeded" => "DeadlineExceeded",
        _ => "BackoffLimitExceeded",
    }
}

fn add(uids: &mut Option<Vec<String>>, uid: String) {
    let uids = uids.get_or_insert_default();
    if !uids.contains(&uid) {
        uids.push(uid);
    }
}

/// A pod that the Job no longer wants is not counted: its finalizer goes first.
fn removal(pod: &Pod, uncounted: bool) -> Removal {
    let mut actions = Vec::new();
    if uncounted && is_tracked(pod) {
        actions.push(pod::release(pod));
    }
    actions.push(Action::delete(pod));
    Removal { key: Key::of(pod), uid: pod.metadata.uid.clone().unwrap_or_default(), actions }
}

fn ended_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref();
    let ends = statuses.into_iter().flatten().filter_map(|container| {
        let ended = container.state.as_ref()?.terminated.as_ref()?;
        ended.finished_at.as_ref().map(|time| time.0)
    });
    let deleted = pod.metadata.deletion_timestamp.as_ref().map(|time| time.0);
    ends.max().or(deleted).or(pod.metadata.creation_timestamp.as_ref().map(|time| time.0))
}

#[cfg(test)]
mod tests;
