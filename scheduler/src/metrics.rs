//! What is counted of the scheduler's work, under upstream's names.
//!
//! Mirrors the stable part of `k8s.io/kubernetes/pkg/scheduler/metrics`; what counts upstream's own
//! extension points and queues in detail is not here.

use crate::queue::Queue;
use runtime::clock::{self, Instant};
use runtime::metrics::{Counter, Family, Gauge, Histogram, Registry};
use std::sync::{Arc, LazyLock, Weak};

/// What became of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Scheduled,
    Unschedulable,
    Error,
}

struct Metrics {
    attempts: Arc<Family<Counter>>,
    duration: Arc<Family<Histogram>>,
    algorithm: Arc<Family<Histogram>>,
    tries: Arc<Family<Histogram>>,
    preemptions: Arc<Family<Counter>>,
    victims: Arc<Family<Histogram>>,
    pending: Arc<Family<Gauge>>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let all = Registry::global();
    let seconds = doubled(0.001, 15);
    Metrics {
        attempts: all.counter(
            "scheduler_schedule_attempts_total",
            "Attempts to find nodes for pods, by what became of them.",
            &["profile", "result"],
        ),
        duration: all.histogram(
            "scheduler_scheduling_attempt_duration_seconds",
            "How long attempts took, from the queue to the binding, in seconds.",
            &["profile", "result"],
            &seconds,
        ),
        algorithm: all.histogram(
            "scheduler_scheduling_algorithm_duration_seconds",
            "How long the decisions took, in seconds.",
            &[],
            &seconds,
        ),
        tries: all.histogram(
            "scheduler_pod_scheduling_attempts",
            "How many attempts a pod took that has its node.",
            &[],
            &[1.0, 2.0, 4.0, 8.0, 16.0],
        ),
        preemptions: all.counter(
            "scheduler_preemption_attempts_total",
            "How often it was looked whether less important pods could make room.",
            &[],
        ),
        victims: all.histogram(
            "scheduler_preemption_victims",
            "How many pods had to make room at once.",
            &[],
            &doubled(1.0, 7),
        ),
        pending: all.gauge(
            "scheduler_pending_pods",
            "Pods that wait for a node, by the queue they are in.",
            &["queue"],
        ),
    }
});

/// An attempt that `began` then has ended.
pub(crate) fn attempt(profile: &str, outcome: Outcome, began: Instant) {
    let result = match outcome {
        Outcome::Scheduled => "scheduled",
        Outcome::Unschedulable => "unschedulable",
        Outcome::Error => "error",
    };
    METRICS.attempts.with(&[profile, result]).increment();
    let took = clock::monotonic().duration_since(began);
    METRICS.duration.with(&[profile, result]).observe_duration(took);
}

/// A decision that `began` then was made.
pub(crate) fn decided(began: Instant) {
    let took = clock::monotonic().duration_since(began);
    METRICS.algorithm.with(&[]).observe_duration(took);
}

/// A pod has its node after so many attempts.
pub(crate) fn scheduled_after(attempts: u32) {
    METRICS.tries.with(&[]).observe(attempts.into());
}

/// It was looked for room; `victims` are to go, where that helps.
pub(crate) fn preemption(victims: Option<usize>) {
    METRICS.preemptions.with(&[]).increment();
    if let Some(victims) = victims {
        METRICS.victims.with(&[]).observe(victims as f64);
    }
}

/// Counts who waits in `queue` whenever somebody asks, as long as it is there.
pub(crate) fn watch(queue: &Arc<Queue>) {
    let queue: Weak<Queue> = Arc::downgrade(queue);
    let pending = METRICS.pending.clone();
    Registry::global().before_print(move || {
        let Some(queue) = queue.upgrade() else { return false };
        for (name, count) in queue.counts() {
            pending.with(&[name]).set(count as f64);
        }
        true
    });
}

fn doubled(first: f64, count: i32) -> Vec<f64> {
    (0..count).map(|step| first * 2f64.powi(step)).collect()
}
