//! What was recommended and done for an autoscaler of late: so that it neither flaps nor runs away.
//!
//! Mirrors `stabilizeRecommendation`, `stabilizeRecommendationWithBehaviors` and `storeScaleEvent`
//! of `k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go`. It is lost with the process,
//! there as here.

use k8s_openapi::api::autoscaling::v2::HPAScalingRules;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// The memory of one autoscaler.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    recommended: Vec<(i32, Timestamp)>,
    added: Changes,
    removed: Changes,
}

/// By how many replicas something was changed, and when.
#[derive(Clone, Debug, Default)]
struct Changes(Vec<(i32, Timestamp)>);

impl Memory {
    /// Begins with the number that there is.
    pub(super) fn begin(&mut self, current: i32, now: Timestamp) {
        if self.recommended.is_empty() {
            self.recommended.push((current, now));
        }
    }

    /// The highest recommendation within `window`, `recommended` included, which is noted.
    pub(super) fn highest(
        &mut self,
        recommended: i32,
        window: SignedDuration,
        now: Timestamp,
    ) -> i32 {
        let is_old = |at: &Timestamp| now.duration_since(*at) > window;
        let young = self.recommended.iter().filter(|(_, at)| !is_old(at));
        let highest = young.map(|(count, _)| *count).fold(recommended, i32::max);
        self.recommended.retain(|(_, at)| !is_old(at));
        self.recommended.push((recommended, now));
        highest
    }

    /// `current`, moved as far towards `recommended` as the recommendations within `up` (none
    /// was lower) and within `down` (none was higher) all want; `recommended` is noted.
    pub(super) fn steady(
        &mut self,
        current: i32,
        recommended: i32,
        (up, down): (SignedDuration, SignedDuration),
        now: Timestamp,
    ) -> i32 {
        let (mut lowest, mut highest) = (recommended, recommended);
        for (count, at) in &self.recommended {
            let age = now.duration_since(*at);
            if age < up {
                lowest = lowest.min(*count);
            }
            if age < down {
                highest = highest.max(*count);
            }
        }
        let longer = up.max(down);
        self.recommended.retain(|(_, at)| now.duration_since(*at) <= longer);
        self.recommended.push((recommended, now));
        current.max(lowest).min(highest)
    }

    /// Notes that the replicas went from `before` to `after`.
    pub(super) fn scaled(
        &mut self,
        before: i32,
        after: i32,
        rules: Option<&HPAScalingRules>,
        now: Timestamp,
    ) {
        let changes = if after > before { &mut self.added } else { &mut self.removed };
        let policies = rules.and_then(|rules| rules.policies.as_deref()).unwrap_or_default();
        let longest = policies.iter().map(|policy| policy.period_seconds).max().unwrap_or(0);
        let longest = SignedDuration::from_secs(longest.into());
        changes.0.retain(|(_, at)| now.duration_since(*at) <= longest);
        changes.0.push(((after - before).abs(), now));
    }

    /// How many replicas there were `seconds` ago, by what was done since.
    pub(super) fn before(&self, current: i32, seconds: i32, now: Timestamp) -> i32 {
        current - self.added.within(seconds, now) + self.removed.within(seconds, now)
    }
}

impl Changes {
    fn within(&self, seconds: i32, now: Timestamp) -> i32 {
        let period = SignedDuration::from_secs(seconds.into());
        let young = self.0.iter().filter(|(_, at)| now.duration_since(*at) < period);
        young.map(|(count, _)| count).sum()
    }
}
