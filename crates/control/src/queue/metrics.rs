//! What a named queue counts: `workqueue_*` on `/metrics`.
//!
//! Mirrors `k8s.io/client-go/util/workqueue/metrics.go` and the families of
//! `k8s.io/component-base/metrics/prometheus/workqueue`. How long work in progress has lasted is
//! measured when the page is read, where upstream measures it twice a second.

use runtime::clock::{self, Instant};
use runtime::metrics::{Counter, Gauge, Histogram, Registry};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Ten powers of ten from ten nanoseconds on, in seconds.
const BUCKETS: [f64; 10] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];
const LABELS: &[&str] = &["name"];

/// The metrics of one queue, and since when its keys wait and are worked on.
#[derive(Debug)]
pub(super) struct Metrics<K> {
    depth: Arc<Gauge>,
    adds: Arc<Counter>,
    waited: Arc<Histogram>,
    worked: Arc<Histogram>,
    unfinished: Arc<Gauge>,
    longest: Arc<Gauge>,
    retries: Arc<Counter>,
    added: HashMap<K, Instant>,
    started: HashMap<K, Instant>,
}

impl<K: Clone + Eq + Hash> Metrics<K> {
    /// Those of the queue `name` in `registry`.
    pub(super) fn new(registry: &Registry, name: &str) -> Self {
        let gauge = |family, help| registry.gauge(family, help, LABELS).with(&[name]);
        let counter = |family, help| registry.counter(family, help, LABELS).with(&[name]);
        let histogram =
            |family, help| registry.histogram(family, help, LABELS, &BUCKETS).with(&[name]);
        Self {
            depth: gauge("workqueue_depth", "[BETA] Current depth of workqueue"),
            adds: counter(
                "workqueue_adds_total",
                "[BETA] Total number of adds handled by workqueue",
            ),
            waited: histogram(
                "workqueue_queue_duration_seconds",
                "[BETA] How long in seconds an item stays in workqueue before being requested.",
            ),
            worked: histogram(
                "workqueue_work_duration_seconds",
                "[BETA] How long in seconds processing an item from workqueue takes.",
            ),
            unfinished: gauge(
                "workqueue_unfinished_work_seconds",
                "[BETA] How many seconds of work has done that is in progress and hasn't been \
                 observed by work_duration. Large values indicate stuck threads. One can deduce \
                 the number of stuck threads by observing the rate at which this increases.",
            ),
            longest: gauge(
                "workqueue_longest_running_processor_seconds",
                "[BETA] How many seconds has the longest running processor for workqueue been \
                 running.",
            ),
            retries: counter(
                "workqueue_retries_total",
                "[BETA] Total number of retries handled by workqueue",
            ),
            added: HashMap::new(),
            started: HashMap::new(),
        }
    }

    /// `key` waits from now on.
    pub(super) fn add(&mut self, key: &K) {
        self.adds.increment();
        self.depth.add(1.0);
        self.added.entry(key.clone()).or_insert_with(clock::monotonic);
    }

    /// `key` is worked on from now on.
    pub(super) fn take(&mut self, key: &K) {
        self.depth.add(-1.0);
        self.started.insert(key.clone(), clock::monotonic());
        if let Some(since) = self.added.remove(key) {
            self.waited.observe_duration(since.elapsed());
        }
    }

    /// The work on `key` is over.
    pub(super) fn finish(&mut self, key: &K) {
        if let Some(since) = self.started.remove(key) {
            self.worked.observe_duration(since.elapsed());
        }
    }

    /// A key is to come again later.
    pub(super) fn retry(&self) {
        self.retries.increment();
    }

    /// Measures the work in progress.
    pub(super) fn refresh(&self) {
        let ages = self.started.values().map(|since| since.elapsed().as_secs_f64());
        let (total, oldest) =
            ages.fold((0.0, 0.0_f64), |(total, oldest), age| (total + age, oldest.max(age)));
        self.unfinished.set(total);
        self.longest.set(oldest);
    }
}
