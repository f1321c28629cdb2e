//! How far a recommendation may be followed: pure but for the memory.
//!
//! Mirrors `normalizeDesiredReplicas`, `normalizeDesiredReplicasWithBehaviors` and what they call in
//! `k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go`, word for word in what it says.

use super::memory::Memory;
use k8s_openapi::api::autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscalerBehavior};
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// Without rules of its own, an autoscaler at most doubles, and always may go to four.
const GROWTH_FACTOR: i32 = 2;
const GROWTH_MIN: i32 = 4;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) current: i32,
    pub(super) recommended: i32,
    pub(super) min: i32,
    pub(super) max: i32,
    pub(super) behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub(super) down_window: SignedDuration,
    pub(super) now: Timestamp,
}

/// A reason and a message of a condition.
pub(super) type Words = (&'static str, &'static str);

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) replicas: i32,
    /// For the condition `AbleToScale`, which is true.
    pub(super) able: Words,
    /// For the condition `ScalingLimited`, and whether it is.
    pub(super) limited: (bool, Words),
}

const READY: Words = ("ReadyForNewScale", "recommended size matches current size");
const UP_STABILIZED: Words = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const DOWN_STABILIZED: Words = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const IN_RANGE: Words = ("DesiredWithinRange", "the desired count is within the acceptable range");
const UP_LIMIT: Words =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: Words = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
);
const TOO_MANY: Words =
    ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const TOO_FEW: Words =
    ("TooFewReplicas", "the desired replica count is less than the minimum replica count");

/// Answers `question`; what is recommended goes into `memory`.
pub(super) fn normalize(question: &Question<'_>, memory: &mut Memory) -> Answer {
    let (steady, stabilized, (replicas, words)) = match question.behavior {
        None => {
            let steady = memory.highest(question.recommended, question.down_window, question.now);
            (steady, DOWN_STABILIZED, plain(question, steady))
        }
        Some(behavior) => {
            let windows = windows(behavior, question.down_window);
            let (current, recommended) = (question.current, question.recommended);
            let steady = memory.steady(current, recommended, windows, question.now);
            let words = if recommended >= current { UP_STABILIZED } else { DOWN_STABILIZED };
            (steady, words, by_rules(question, behavior, steady, memory))
        }
    };
    let able = if steady == question.recommended { READY } else { stabilized };
    Answer { replicas, able, limited: (replicas != steady, words) }
}

fn windows(
    behavior: &HorizontalPodAutoscalerBehavior,
    down_default: SignedDuration,
) -> (SignedDuration, SignedDuration) {
    let window = |rules: &Option<HPAScalingRules>, default| {
        let seconds = rules.as_ref().and_then(|rules| rules.stabilization_window_seconds);
        seconds.map_or(default, |seconds| SignedDuration::from_secs(seconds.into()))
    };
    (window(&behavior.scale_up, SignedDuration::ZERO), window(&behavior.scale_down, down_default))
}

fn plain(question: &Question<'_>, desired: i32) -> (i32, Words) {
    let limit = question.current.saturating_mul(GROWTH_FACTOR).max(GROWTH_MIN);
    let (most, words) =
        if question.max > limit { (limit, UP_LIMIT) } else { (question.max, TOO_MANY) };
    if desired < question.min {
        (question.min, TOO_FEW)
    } else if desired > most {
        (most, words)
    } else {
        (desired, IN_RANGE)
    }
}

fn by_rules(
    question: &Question<'_>,
    behavior: &HorizontalPodAutoscalerBehavior,
    desired: i32,
    memory: &Memory,
) -> (i32, Words) {
    let current = question.current;
    if desired > current {
        let limit = limit(question, behavior.scale_up.as_ref(), memory, true).max(current);
        let (most, words) =
            if question.max > limit { (limit, UP_LIMIT) } else { (question.max, TOO_MANY) };
        if desired > most {
            return (most, words);
        }
    } else if desired < current {
        let limit = limit(question, behavior.scale_down.as_ref(), memory, false).min(current);
        let (least, words) =
            if question.min < limit { (limit, DOWN_LIMIT) } else { (question.min, TOO_FEW) };
        if desired < least {
            return (least, words);
        }
    }
    (desired, IN_RANGE)
}

/// How far the policies of one direction let go.
fn limit(
    question: &Question<'_>,
    rules: Option<&HPAScalingRules>,
    memory: &Memory,
    up: bool,
) -> i32 {
    let select = rules.and_then(|rules| rules.select_policy.as_deref()).unwrap_or("Max");
    if select == "Disabled" {
        return question.current;
    }
    let policies = rules.and_then(|rules| rules.policies.as_deref()).unwrap_or_default();
    let proposals = policies.iter().map(|policy| {
        let before = memory.before(question.current, policy.period_seconds, question.now);
        let share = f64::from(policy.value) / 100.0;
        match (policy.type_.as_str(), up) {
            ("Percent", true) => (f64::from(before) * (1.0 + share)).ceil() as i32,
            ("Percent", false) => (f64::from(before) * (1.0 - share)) as i32,
            (_, true) => before.saturating_add(policy.value),
            (_, false) => before.saturating_sub(policy.value),
        }
    });
    let (highest, none) = match (up, select == "Min") {
        (true, true) => (false, i32::MAX),
        (true, false) => (true, i32::MIN),
        (false, true) => (true, i32::MIN),
        (false, false) => (false, i32::MAX),
    };
    let best = if highest { proposals.max() } else { proposals.min() };
    best.unwrap_or(none)
}

#[cfg(test)]
mod tests;
