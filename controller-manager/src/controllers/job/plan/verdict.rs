//! Whether a Job is at its end, and why: pure. Of several reasons the first in order counts.
//!
//! Mirrors the evaluation of end states in `syncJob` of `k8s.io/kubernetes/pkg/controller/job`.

use super::super::pod::restarts;
use super::super::policy::{self, Ruling, ruling};
use super::{Work, length};
use control::pods;
use k8s_openapi::jiff::SignedDuration;
use std::time::Duration;

/// How a Job ends.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) failed: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Verdict {
    fn failure(reason: &str, message: impl Into<String>) -> Option<Self> {
        Some(Self { failed: true, reason: reason.into(), message: message.into() })
    }

    fn success(reason: &str, message: impl Into<String>) -> Option<Self> {
        Some(Self { failed: false, reason: reason.into(), message: message.into() })
    }
}

impl Work<'_> {
    /// How it ends whatever its active pods would still do.
    pub(super) fn verdict(&mut self) -> Option<Verdict> {
        self.known("SuccessCriteriaMet", false)
            .or_else(|| self.known("FailureTarget", true))
            .or_else(|| self.failing_pod())
            .or_else(|| self.limits())
            .or_else(|| self.indexes())
    }

    /// How it ends when no pod is left to do more.
    pub(super) fn completion(&self) -> Option<Verdict> {
        let is_idle = self.active.is_empty() && self.plan.create.is_empty();
        let is_reached = match self.spec.completions {
            None => self.succeeded > 0,
            Some(wanted) => self.succeeded >= wanted,
        };
        let text = "Reached expected number of succeeded pods";
        (is_idle && is_reached).then(|| Verdict::success("CompletionsReached", text)).flatten()
    }

    /// What an earlier sync decided.
    fn known(&self, kind: &str, failed: bool) -> Option<Verdict> {
        let mut conditions = self.status.conditions.iter().flatten();
        let known = conditions.find(|one| one.type_ == kind && one.status == "True")?;
        Some(Verdict {
            failed,
            reason: known.reason.clone().unwrap_or_default(),
            message: known.message.clone().unwrap_or_default(),
        })
    }

    fn failing_pod(&self) -> Option<Verdict> {
        let failed = self.pods.iter().filter(|pod| self.is_failed(pod));
        let message = failed.into_iter().find_map(|pod| match ruling(&self.spec, pod) {
            Ruling::FailJob(message) => Some(message),
            _ => None,
        })?;
        Verdict::failure("PodFailurePolicy", message)
    }

    fn limits(&mut self) -> Option<Verdict> {
        if self.failed > self.spec.backoff_limit.unwrap_or(6) || self.restarts_exceed_limit() {
            let text = "Job has reached the specified backoff limit";
            return Verdict::failure("BackoffLimitExceeded", text);
        }
        let limit = self.spec.active_deadline_seconds?;
        let start = self.status.start_time.as_ref()?;
        if self.spec.suspend == Some(true) {
            return None;
        }
        let left = SignedDuration::from_secs(limit) - self.now.duration_since(start.0);
        if !left.is_positive() {
            let text = "Job was active longer than specified deadline";
            return Verdict::failure("DeadlineExceeded", text);
        }
        self.look_again(Duration::try_from(left).unwrap_or_default());
        None
    }

    fn restarts_exceed_limit(&self) -> bool {
        let template = self.spec.template.spec.as_ref();
        if template.and_then(|spec| spec.restart_policy.as_deref()) != Some("OnFailure") {
            return false;
        }
        let running =
            self.pods.iter().filter(|pod| matches!(pods::phase(pod), "Running" | "Pending"));
        let count = running.map(|pod| restarts(pod)).sum::<i32>();
        match self.spec.backoff_limit.unwrap_or(6) {
            0 => count > 0,
            limit => count >= limit,
        }
    }

    fn indexes(&self) -> Option<Verdict> {
        let total = self.indexed()?;
        let failed = length(self.failed_indexes.as_ref().map_or(0, |failed| failed.len()));
        if self.spec.max_failed_indexes.is_some_and(|max| failed > max) {
            let text = "Job has exceeded the specified maximal number of failed indexes";
            return Verdict::failure("MaxFailedIndexesExceeded", text);
        }
        if failed > 0 && failed + length(self.done.len()) >= total {
            return Verdict::failure("FailedIndexes", "Job has failed indexes");
        }
        let met = policy::success(self.spec.success_policy.as_ref()?, total, &self.done)?;
        Verdict::success("SuccessPolicy", met)
    }
}
