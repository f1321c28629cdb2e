//! A queue of keys: each at most once in it, none worked on twice at a time, with delays.
//!
//! Mirrors `k8s.io/client-go/util/workqueue` (rate limiting, delaying, deduplicating). A key that
//! is added while it is worked on waits until that work is done, and then comes again. A queue
//! with a name is counted in the process's metrics.

mod metrics;

use crate::limits::{BACKOFF_BASE, BACKOFF_MAX};
use metrics::Metrics;
use runtime::clock::{self, Instant};
use runtime::metrics::Registry;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A shared queue. Clones are the same queue.
#[derive(Debug)]
pub struct Queue<K> {
    shared: Arc<Shared<K>>,
}

impl<K> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

#[derive(Debug)]
struct Shared<K> {
    state: Mutex<State<K>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<K> {
    /// In the order in which they are handed out; each is in `waiting` too.
    ready: VecDeque<K>,
    /// Keys that want work: those in `ready`, and those that came while they were worked on.
    waiting: HashSet<K>,
    working: HashSet<K>,
    /// Keys that become ready at a time; `delay_of` holds each key's earliest.
    delayed: BTreeSet<(Instant, K)>,
    delay_of: HashMap<K, Instant>,
    failures: HashMap<K, u32>,
    backoff_max: Duration,
    metrics: Option<Metrics<K>>,
}

impl<K: Clone + Eq + Hash + Ord> Default for Queue<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + Eq + Hash + Ord> Queue<K> {
    /// An empty queue.
    pub fn new() -> Self {
        let state = State {
            ready: VecDeque::new(),
            waiting: HashSet::new(),
            working: HashSet::new(),
            delayed: BTreeSet::new(),
            delay_of: HashMap::new(),
            failures: HashMap::new(),
            backoff_max: BACKOFF_MAX,
            metrics: None,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }) }
    }

    /// An empty queue that `/metrics` shows under `name`: upstream's for the same work.
    pub fn named(name: &str) -> Self
    where
        K: Send + 'static,
    {
        Self::counted(name, Registry::global())
    }

    /// The same, where no key that failed waits longer than `longest`.
    #[must_use]
    pub fn retried_within(self, longest: Duration) -> Self {
        self.state().backoff_max = longest;
        self
    }

    fn counted(name: &str, registry: &Registry) -> Self
    where
        K: Send + 'static,
    {
        let queue = Self::new();
        queue.state().metrics = Some(Metrics::new(registry, name));
        let shared = Arc::downgrade(&queue.shared);
        registry.before_print(move || {
            let Some(shared) = shared.upgrade() else { return false };
            let queue = Self { shared };
            queue.state().metrics.iter().for_each(Metrics::refresh);
            true
        });
        queue
    }

    /// Asks for work on `key` now.
    pub fn add(&self, key: K) {
        if self.state().add(key) {
            self.shared.changed.notify_one();
        }
    }

    /// Asks for work on `key` after `delay`, or sooner where that was asked for before.
    pub fn add_after(&self, key: K, delay: Duration) {
        if let Some(metrics) = &self.state().metrics {
            metrics.retry();
        }
        if delay.is_zero() {
            return self.add(key);
        }
        self.state().delay(key, clock::monotonic() + delay);
        self.shared.changed.notify_one();
    }

    /// Asks for work on `key` after its own backoff, which doubles with each call.
    pub fn add_failed(&self, key: K) {
        let delay = self.state().next_backoff(&key);
        self.add_after(key, delay);
    }

    /// Ends the backoff of `key`: its work went well.
    pub fn forget(&self, key: &K) {
        self.state().failures.remove(key);
    }

    /// How often `key` has failed since it last went well.
    pub fn failures(&self, key: &K) -> u32 {
        self.state().failures.get(key).copied().unwrap_or(0)
    }

    /// How many keys are ready or delayed.
    pub fn len(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.delayed.len()
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next key; nobody else is given it until [`Queue::done`].
    pub async fn next(&self) -> K {
        loop {
            let notified = self.shared.changed.notified();
            let (found, due, more) = {
                let mut state = self.state();
                let found = state.take(clock::monotonic());
                (found, state.delayed.first().map(|(at, _)| *at), !state.ready.is_empty())
            };
            if let Some(key) = found {
                if more {
                    // One notification may have stood for several keys.
                    self.shared.changed.notify_one();
                }
                return key;
            }
            match due {
                Some(at) => {
                    tokio::select! {
                        () = notified => {}
                        () = clock::sleep_until(at) => {}
                    }
                }
                None => notified.await,
            }
        }
    }

    /// Ends the work on `key`; it is ready again when it was asked for meanwhile.
    pub fn done(&self, key: &K) {
        if self.state().finish(key) {
            self.shared.changed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash + Ord> State<K> {
    fn add(&mut self, key: K) -> bool {
        if !self.waiting.insert(key.clone()) {
            return false;
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.add(&key);
        }
        if self.working.contains(&key) {
            return false;
        }
        self.ready.push_back(key);
        true
    }

    fn delay(&mut self, key: K, at: Instant) {
        if let Some(earlier) = self.delay_of.get(&key).copied() {
            if earlier <= at {
                return;
            }
            self.delayed.remove(&(earlier, key.clone()));
        }
        self.delay_of.insert(key.clone(), at);
        self.delayed.insert((at, key));
    }

    fn next_backoff(&mut self, key: &K) -> Duration {
        let failures = self.failures.entry(key.clone()).or_insert(0);
        let delay = BACKOFF_BASE.saturating_mul(1u32 << (*failures).min(24)).min(self.backoff_max);
        *failures = failures.saturating_add(1);
        delay
    }

    fn take(&mut self, now: Instant) -> Option<K> {
        while self.delayed.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, key)) = self.delayed.pop_first() {
                self.delay_of.remove(&key);
                self.add(key);
            }
        }
        let key = self.ready.pop_front()?;
        self.waiting.remove(&key);
        if let Some(metrics) = &mut self.metrics {
            metrics.take(&key);
        }
        self.working.insert(key.clone());
        Some(key)
    }

    fn finish(&mut self, key: &K) -> bool {
        self.working.remove(key);
        if let Some(metrics) = &mut self.metrics {
            metrics.finish(key);
        }
        let again = self.waiting.contains(key);
        if again {
            self.ready.push_back(key.clone());
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn next_now(queue: &Queue<&'static str>) -> Option<&'static str> {
        clock::timeout(Duration::from_millis(1), queue.next()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_in_it_once_and_held_while_worked_on() {
        let queue = Queue::new();
        queue.add("a");
        queue.add("a");
        queue.add("b");
        assert_eq!(next_now(&queue).await, Some("a"));
        queue.add("a");
        assert_eq!(next_now(&queue).await, Some("b"));
        assert_eq!(next_now(&queue).await, None);
        queue.done(&"a");
        assert_eq!(next_now(&queue).await, Some("a"));
        queue.done(&"a");
        queue.done(&"b");
        assert_eq!(next_now(&queue).await, None);
        assert!(queue.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_earlier_of_two_delays_counts() {
        let queue = Queue::new();
        queue.add_after("a", Duration::from_secs(60));
        queue.add_after("a", Duration::from_secs(5));
        queue.add_after("a", Duration::from_secs(30));
        assert_eq!(next_now(&queue).await, None);
        clock::sleep(Duration::from_secs(5)).await;
        assert_eq!(next_now(&queue).await, Some("a"));
        queue.done(&"a");
        clock::sleep(Duration::from_secs(100)).await;
        assert_eq!(next_now(&queue).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn backoff_doubles_until_the_key_is_forgotten() {
        let queue: Queue<&str> = Queue::new();
        let waits: Vec<_> = (0..4).map(|_| queue.state().next_backoff(&"a").as_millis()).collect();
        assert_eq!(waits, [5, 10, 20, 40]);
        assert_eq!(queue.state().next_backoff(&"b").as_millis(), 5);
        for _ in 0..40 {
            queue.state().next_backoff(&"a");
        }
        assert_eq!(queue.state().next_backoff(&"a"), BACKOFF_MAX);
        queue.forget(&"a");
        assert_eq!(queue.state().next_backoff(&"a").as_millis(), 5);
        let queue = queue.retried_within(Duration::from_millis(7));
        assert_eq!(queue.state().next_backoff(&"a").as_millis(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_named_queue_counts_what_upstreams_counts() {
        let registry = Registry::default();
        let queue = Queue::counted("web", &registry);
        queue.add("a");
        queue.add("a");
        queue.add_after("b", Duration::from_secs(60));
        clock::sleep(Duration::from_millis(500)).await;
        assert_eq!(next_now(&queue).await, Some("a"));
        queue.add("a");
        clock::sleep(Duration::from_secs(2)).await;
        let has = |text: &str, line: &str| {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        };
        let text = registry.text();
        has(&text, "workqueue_depth{name=\"web\"} 1");
        has(&text, "workqueue_adds_total{name=\"web\"} 2");
        has(&text, "workqueue_retries_total{name=\"web\"} 1");
        has(&text, "workqueue_queue_duration_seconds_bucket{name=\"web\",le=\"0.1\"} 0");
        has(&text, "workqueue_queue_duration_seconds_bucket{name=\"web\",le=\"1\"} 1");
        has(&text, "workqueue_work_duration_seconds_count{name=\"web\"} 0");
        has(&text, "workqueue_unfinished_work_seconds{name=\"web\"} 2");
        has(&text, "workqueue_longest_running_processor_seconds{name=\"web\"} 2");
        queue.done(&"a");
        let text = registry.text();
        has(&text, "workqueue_work_duration_seconds_sum{name=\"web\"} 2");
        has(&text, "workqueue_unfinished_work_seconds{name=\"web\"} 0");
    }

    #[tokio::test]
    async fn many_workers_get_every_key() {
        let queue = Queue::new();
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let _workers: Vec<_> = (0..4)
            .map(|_| {
                let (queue, sender) = (queue.clone(), sender.clone());
                runtime::spawn("worker", async move {
                    loop {
                        let key: u32 = queue.next().await;
                        sender.send(key).expect("the test listens");
                        queue.done(&key);
                    }
                })
            })
            .collect();
        (0..100).for_each(|key| queue.add(key));
        let mut seen = BTreeSet::new();
        while seen.len() < 100 {
            seen.insert(receiver.recv().await.expect("workers live"));
        }
    }
}
