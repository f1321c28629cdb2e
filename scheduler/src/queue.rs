//! The pods that want a node: ready, backing off, or waiting for something to change.
//!
//! A pod that was refused waits until an event comes that the refusing plugins may care about.
//! Mirrors `k8s.io/kubernetes/pkg/scheduler/backend/queue`; of its hints only the kinds of events.

use crate::limits::UNSCHEDULABLE_MAX;
use crate::plugin::Events;
use crate::pod::PodInfo;
use control::Key;
use runtime::clock::{self, Instant};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a refused pod waits at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) initial: Duration,
    pub(crate) max: Duration,
}

impl Backoff {
    fn after(self, attempts: u32) -> Duration {
        let factor = 1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.initial.saturating_mul(factor).min(self.max)
    }
}

/// A pod that was taken out to be placed.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) pod: Arc<PodInfo>,
    /// How often it was taken, this time included.
    pub(crate) attempts: u32,
    /// The queue's count of events when it was taken.
    moves_at: u64,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    backoff: Backoff,
}

/// The order in which ready pods are taken: priority, then who came first.
type Order = (Reverse<i32>, u64, Key);

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<Key, Waiting>,
    ready: BTreeSet<Order>,
    backing_off: BTreeSet<(Instant, Key)>,
    came: u64,
    /// Events since the start, each with its number, as long as a taken pod may have missed it.
    moves: BTreeMap<u64, Events>,
    next_move: u64,
    taken: BTreeMap<u64, usize>,
}

#[derive(Debug)]
struct Waiting {
    pod: Arc<PodInfo>,
    attempts: u32,
    place: Place,
}

#[derive(Clone, Debug, PartialEq)]
enum Place {
    Ready(u64),
    BackingOff(Instant),
    /// Until one of these events comes, or the time is over.
    Refused {
        wants: Events,
        backoff_until: Instant,
        since: Instant,
    },
    /// Until its scheduling gates are gone.
    Gated,
}

impl Queue {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), backoff }
    }

    /// Takes in `pod`, or its new state. What was refused is tried again when `is_new_spec`.
    pub(crate) fn set(&self, pod: Arc<PodInfo>, is_new_spec: bool) {
        let is_gated = pod.spec().scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
        let mut state = self.state();
        let attempts = state.waiting.get(&pod.key).map_or(0, |waiting| waiting.attempts);
        let old = state.remove(&pod.key);
        let place = match old {
            _ if is_gated => Place::Gated,
            Some(Place::Refused { backoff_until, .. }) if is_new_spec => {
                Place::BackingOff(backoff_until)
            }
            Some(Place::Gated) | None => Place::Ready(state.next_came()),
            Some(place) => place,
        };
        state.insert(Waiting { pod, attempts, place });
        drop(state);
        self.changed.notify_one();
    }

    /// Forgets the pod `key`: it is gone, or has a node.
    pub(crate) fn remove(&self, key: &Key) {
        self.state().remove(key);
    }

    /// The next pod. Whoever takes it gives it to [`Queue::settled`] or [`Queue::refused`].
    pub(crate) async fn take(&self) -> Taken {
        loop {
            let changed = self.changed.notified();
            let (taken, due) = {
                let mut state = self.state();
                (state.take(clock::monotonic()), state.next_due())
            };
            if let Some(taken) = taken {
                return taken;
            }
            match due {
                Some(at) => {
                    tokio::select! {
                        () = changed => {}
                        () = clock::sleep_until(at) => {}
                    }
                }
                None => changed.await,
            }
        }
    }

    /// How many pods wait where, by upstream's names of the queues.
    pub(crate) fn counts(&self) -> [(&'static str, usize); 4] {
        let state = self.state();
        let here = |test: fn(&Place) -> bool| {
            state.waiting.values().filter(|waiting| test(&waiting.place)).count()
        };
        [
            ("active", here(|place| matches!(place, Place::Ready(_)))),
            ("backoff", here(|place| matches!(place, Place::BackingOff(_)))),
            ("unschedulable", here(|place| matches!(place, Place::Refused { .. }))),
            ("gated", here(|place| matches!(place, Place::Gated))),
        ]
    }

    /// The pod was given a node, or is none of ours any more.
    pub(crate) fn settled(&self, taken: &Taken) {
        self.state().release(taken);
    }

    /// The pod was refused by plugins that care about `wants`; with no such events it was an
    /// error, and only time helps.
    pub(crate) fn refused(&self, taken: &Taken, pod: Arc<PodInfo>, wants: Events) {
        let now = clock::monotonic();
        let backoff_until = now + self.backoff.after(taken.attempts);
        let mut state = self.state();
        let missed = state.events_since(taken.moves_at);
        state.release(taken);
        if state.waiting.contains_key(&pod.key) {
            return;
        }
        let place = if wants.is_empty() || missed.meets(wants) {
            Place::BackingOff(backoff_until)
        } else {
            Place::Refused { wants, backoff_until, since: now }
        };
        state.insert(Waiting { pod, attempts: taken.attempts, place });
        drop(state);
        self.changed.notify_one();
    }

    /// Something happened: wakes the pods whose refusal it may end.
    pub(crate) fn happened(&self, events: Events) {
        let now = clock::monotonic();
        let mut state = self.state();
        if !state.taken.is_empty() {
            let number = state.next_move;
            state.moves.insert(number, events);
        }
        state.next_move += 1;
        state.wake(now, |wants, _| events.meets(wants));
        drop(state);
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_came(&mut self) -> u64 {
        self.came += 1;
        self.came
    }

    fn insert(&mut self, waiting: Waiting) {
        let key = waiting.pod.key.clone();
        match waiting.place {
            Place::Ready(came) => {
                self.ready.insert((Reverse(waiting.pod.priority), came, key.clone()));
            }
            Place::BackingOff(until) => {
                self.backing_off.insert((until, key.clone()));
            }
            Place::Refused { .. } | Place::Gated => {}
        }
        self.waiting.insert(key, waiting);
    }

    fn remove(&mut self, key: &Key) -> Option<Place> {
        let old = self.waiting.remove(key)?;
        match old.place {
            Place::Ready(came) => {
                self.ready.remove(&(Reverse(old.pod.priority), came, key.clone()));
            }
            Place::BackingOff(until) => {
                self.backing_off.remove(&(until, key.clone()));
            }
            Place::Refused { .. } | Place::Gated => {}
        }
        Some(old.place)
    }

    fn make_ready(&mut self, key: &Key) {
        let Some(attempts) = self.waiting.get(key).map(|waiting| waiting.attempts) else { return };
        let Some(pod) = self.waiting.get(key).map(|waiting| waiting.pod.clone()) else { return };
        self.remove(key);
        let place = Place::Ready(self.next_came());
        self.insert(Waiting { pod, attempts, place });
    }

    fn take(&mut self, now: Instant) -> Option<Taken> {
        self.wake(now, |_, since| now.duration_since(since) > UNSCHEDULABLE_MAX);
        while let Some((until, key)) = self.backing_off.first().cloned() {
            if until > now {
                break;
            }
            self.make_ready(&key);
        }
        let (_, _, key) = self.ready.first().cloned()?;
        let attempts = self.waiting.get(&key)?.attempts + 1;
        let pod = self.waiting.get(&key)?.pod.clone();
        self.remove(&key);
        *self.taken.entry(self.next_move).or_default() += 1;
        Some(Taken { pod, attempts, moves_at: self.next_move })
    }

    fn wake(&mut self, now: Instant, test: impl Fn(Events, Instant) -> bool) {
        let woken: Vec<(Key, Instant)> = self
            .waiting
            .iter()
            .filter_map(|(key, waiting)| match waiting.place {
                Place::Refused { wants, backoff_until, since } if test(wants, since) => {
                    Some((key.clone(), backoff_until))
                }
                _ => None,
            })
            .collect();
        for (key, until) in woken {
            if until <= now {
                self.make_ready(&key);
            } else if let Some(mut waiting) = self.waiting.remove(&key) {
                waiting.place = Place::BackingOff(until);
                self.insert(waiting);
            }
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let backoff = self.backing_off.first().map(|(until, _)| *until);
        let refused = self.waiting.values().filter_map(|waiting| match waiting.place {
            Place::Refused { since, .. } => Some(since + UNSCHEDULABLE_MAX),
            _ => None,
        });
        refused.chain(backoff).min()
    }

    fn events_since(&self, moves_at: u64) -> Events {
        self.moves.range(moves_at..).fold(Events::NONE, |all, (_, events)| all.and(*events))
    }

    fn release(&mut self, taken: &Taken) {
        if let Some(count) = self.taken.get_mut(&taken.moves_at) {
            *count -= 1;
            if *count == 0 {
                self.taken.remove(&taken.moves_at);
            }
        }
        match self.taken.first_key_value() {
            Some((oldest, _)) => self.moves = self.moves.split_off(&oldest.clone()),
            None => self.moves.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    fn pod(name: &str, priority: i32) -> Arc<PodInfo> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": name, "uid": name},
            "spec": {"priority": priority, "containers": []},
        }))
        .expect("a pod");
        Arc::new(PodInfo::new(Arc::new(pod)))
    }

    fn queue() -> Queue {
        Queue::new(Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(10) })
    }

    async fn take(queue: &Queue) -> Option<Taken> {
        clock::timeout(Duration::from_millis(1), queue.take()).await.ok()
    }

    async fn name(queue: &Queue) -> Option<String> {
        take(queue).await.map(|taken| taken.pod.uid.clone())
    }

    #[tokio::test(start_paused = true)]
    async fn priority_goes_before_age() {
        let queue = queue();
        for (name, priority) in [("a", 0), ("b", 0), ("c", 9)] {
            queue.set(pod(name, priority), false);
        }
        assert_eq!(name(&queue).await.as_deref(), Some("c"));
        assert_eq!(name(&queue).await.as_deref(), Some("a"));
        let counts = [("active", 1), ("backoff", 0), ("unschedulable", 0), ("gated", 0)];
        assert_eq!(queue.counts(), counts);
        queue.remove(&Key::new("", "b"));
        assert_eq!(name(&queue).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_pod_waits_for_its_event_and_its_backoff() {
        let queue = queue();
        queue.set(pod("a", 0), false);
        let taken = take(&queue).await.expect("ready");
        queue.refused(&taken, taken.pod.clone(), Events::NODE_ADDED);
        queue.happened(Events::POD_DELETED);
        clock::sleep(Duration::from_secs(30)).await;
        assert_eq!(name(&queue).await, None);
        queue.happened(Events::NODE_ADDED);
        let again = take(&queue).await.expect("its backoff is over");
        assert_eq!(again.attempts, 2);

        queue.refused(&again, again.pod.clone(), Events::NODE_ADDED);
        queue.happened(Events::NODE_ADDED);
        assert_eq!(name(&queue).await, None, "two seconds of backoff");
        clock::sleep(Duration::from_secs(2)).await;
        assert_eq!(name(&queue).await.as_deref(), Some("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_during_the_attempt_is_not_missed() {
        let queue = queue();
        queue.set(pod("a", 0), false);
        let taken = take(&queue).await.expect("ready");
        queue.happened(Events::NODE_ADDED);
        queue.refused(&taken, taken.pod.clone(), Events::NODE_ADDED);
        clock::sleep(Duration::from_secs(1)).await;
        assert_eq!(name(&queue).await.as_deref(), Some("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_for_ever() {
        let queue = queue();
        queue.set(pod("a", 0), false);
        let taken = take(&queue).await.expect("ready");
        queue.refused(&taken, taken.pod.clone(), Events::NODE_ADDED);
        clock::sleep(UNSCHEDULABLE_MAX + Duration::from_secs(1)).await;
        assert_eq!(name(&queue).await.as_deref(), Some("a"));
    }
}
