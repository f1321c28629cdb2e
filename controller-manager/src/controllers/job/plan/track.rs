//! How a pod's end gets into a Job's counters, exactly once: pure.
//!
//! Its UID goes into the status, then its finalizer comes off, then it is counted and its UID goes
//! out of the status again. Mirrors `trackJobStatusAndRemoveFinalizers` and `enactJobFinished` of
//! `k8s.io/kubernetes/pkg/controller/job`.

use super::super::indexes;
use super::super::pod;
use super::super::policy::{Ruling, ruling};
use super::verdict::Verdict;
use super::{Work, length, uid};
use control::{EventType, pods};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::collections::BTreeSet;
use std::sync::Arc;

/// UIDs that wait in a status to be counted.
const UNCOUNTED_MAX: usize = 500;

impl Work<'_> {
    /// Counts the pods in the status whose finalizer is seen to be off.
    pub(super) fn settle(&mut self) {
        let tracked: BTreeSet<&str> =
            self.pods.iter().filter(|pod| self.is_tracked(pod)).map(|pod| uid(pod)).collect();
        let settle = |uids: &mut Option<Vec<String>>, count: &mut Option<i32>| {
            let Some(list) = uids else { return };
            let before = list.len();
            list.retain(|uid| tracked.contains(uid.as_str()));
            let gone = length(before - list.len());
            if gone > 0 {
                *count = Some(count.unwrap_or(0) + gone);
            }
            if list.is_empty() {
                *uids = None;
            }
        };
        settle(&mut self.uncounted.succeeded, &mut self.status.succeeded);
        settle(&mut self.uncounted.failed, &mut self.status.failed);
    }

    /// Names what has ended in the status, and says how the Job ends where that is decided.
    pub(super) fn end(&mut self, verdict: Option<&Verdict>) {
        let all = self.track(verdict);
        if self.indexed().is_some() {
            let count = length(self.done.len());
            self.status.succeeded = Some(count).filter(|count| *count > 0);
            let text = indexes::format(&self.done);
            self.status.completed_indexes = Some(text).filter(|text| !text.is_empty());
            self.status.failed_indexes = self.failed_indexes.as_ref().map(indexes::format);
        }
        if let Some(verdict) = verdict {
            self.conclude(verdict, all);
        }
    }

    /// Whether every pod that has ended is in the status now.
    fn track(&mut self, verdict: Option<&Verdict>) -> bool {
        let mut added = 0;
        for pod in self.pods.clone() {
            if !self.is_tracked(&pod) || !self.may_release(&pod, verdict.is_some()) {
                continue;
            }
            if self.room(added) == 0 {
                return false;
            }
            let is_indexed = self.indexed().is_some();
            let known = uid(&pod).to_owned();
            let is_failed = self.is_failed(&pod) || verdict.is_some_and(|verdict| verdict.failed);
            let is_counted_failed = self.uncounted.failed.iter().flatten().any(|one| *one == known);
            if pods::phase(&pod) == "Succeeded" && !is_counted_failed {
                if is_indexed {
                    added += 1;
                } else {
                    add(&mut self.uncounted.succeeded, known);
                }
            } else if is_failed
                && (!is_indexed || self.index(&pod).is_some())
                && ruling(&self.spec, &pod) != Ruling::Ignore
            {
                add(&mut self.uncounted.failed, known);
            }
            self.plan.release.push((uid(&pod).to_owned(), pod::release(&pod)));
        }
        true
    }

    fn room(&self, indexes: usize) -> usize {
        let count = |uids: &Option<Vec<String>>| uids.as_ref().map_or(0, Vec::len);
        let all = indexes + count(&self.uncounted.succeeded) + count(&self.uncounted.failed);
        UNCOUNTED_MAX.saturating_sub(all)
    }

    /// Whether the Job has nothing more to ask of `pod`.
    fn may_release(&self, pod: &Arc<Pod>, is_decided: bool) -> bool {
        if self.job.metadata.deletion_timestamp.is_some()
            || is_decided
            || pods::phase(pod) == "Succeeded"
        {
            return true;
        }
        let held = pod::index(pod).and_then(|index| self.held.get(&index));
        self.is_failed(pod) && held.is_none_or(|held| held.metadata.uid != pod.metadata.uid)
    }

    /// Says at once how it will end, and when all pods are counted and gone, that it has.
    fn conclude(&mut self, verdict: &Verdict, all: bool) {
        let target = if verdict.failed { "FailureTarget" } else { "SuccessCriteriaMet" };
        if !super::is_true(&self.status, target) {
            self.set_condition(target, "True", &verdict.reason, &verdict.message);
        }
        let is_counted = self.uncounted.succeeded.is_none() && self.uncounted.failed.is_none();
        let is_quiet = self.ending() == 0 && self.plan.delete.is_empty();
        if !all || !is_counted || !is_quiet || !self.plan.release.is_empty() {
            return;
        }
        let last = if verdict.failed { "Failed" } else { "Complete" };
        self.set_condition(last, "True", &verdict.reason, &verdict.message);
        if verdict.failed {
            return self.tell(EventType::Warning, &verdict.reason, &verdict.message);
        }
        self.status.completion_time = Some(Time(self.now));
        if self.spec.completions.is_some_and(|wanted| self.status.succeeded > Some(wanted)) {
            let text = "Too many succeeded pods running after completion count reached";
            self.tell(EventType::Warning, "TooManySucceededPods", text);
        }
        self.tell(EventType::Normal, "Completed", "Job completed");
    }
}

fn add(uids: &mut Option<Vec<String>>, uid: String) {
    let uids = uids.get_or_insert_default();
    if !uids.contains(&uid) {
        uids.push(uid);
    }
}
