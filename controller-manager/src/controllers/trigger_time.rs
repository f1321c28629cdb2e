//! When what endpoints follow changed: whoever programs a network tells from it how long a change
//! takes to get there.
//!
//! Of all that has changed since the last look the earliest counts; of a Service that is new, its
//! own birth. Mirrors `trigger_time_tracker.go` of `k8s.io/endpointslice/util`.

use control::{Key, pods};
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

const ANNOTATION: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// What was seen at the last look at each Service.
#[derive(Debug, Default)]
pub(super) struct TriggerTimes {
    seen: Mutex<HashMap<Key, Seen>>,
}

#[derive(Debug)]
struct Seen {
    born: Option<Timestamp>,
    /// When each pod became ready, or ceased to be.
    pods: HashMap<String, Timestamp>,
}

impl TriggerTimes {
    /// The time of the first change since the last look; `None` when nothing has changed that has
    /// a time.
    pub(super) fn look(&self, key: &Key, service: &Service, all: &[Arc<Pod>]) -> Option<Timestamp> {
        let born = service.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let time = |pod: &Arc<Pod>| {
            let ready = pods::condition(pod, "Ready")?.last_transition_time.as_ref()?.0;
            Some((pod.metadata.name.clone()?, ready))
        };
        let now = Seen { born, pods: all.iter().filter_map(time).collect() };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let first = seen.get(key).map(|before| now.first_since(before));
        seen.insert(key.clone(), now);
        first.unwrap_or(born)
    }

    /// The Service is gone.
    pub(super) fn forget(&self, key: &Key) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Seen {
    fn first_since(&self, before: &Self) -> Option<Timestamp> {
        let changed = self.pods.iter().filter(|(name, at)| before.pods.get(*name) < Some(at));
        changed.map(|(_, at)| *at).chain(self.born.filter(|_| self.born > before.born)).min()
    }
}

/// Notes `time` in what is about to be written, or takes away that of the last change.
pub(super) fn note(meta: &mut ObjectMeta, time: Option<Timestamp>) {
    let annotations = meta.annotations.get_or_insert_default();
    match time {
        Some(time) => drop(annotations.insert(ANNOTATION.into(), time.to_string())),
        None => drop(annotations.remove(ANNOTATION)),
    }
    if annotations.is_empty() {
        meta.annotations = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("valid")
    }

    fn service(second: i64) -> Service {
        let meta = json!({"name": "web", "creationTimestamp": at(second)});
        serde_json::from_value(json!({"metadata": meta})).expect("a service")
    }

    fn pod(name: &str, second: i64) -> Arc<Pod> {
        let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": at(second)});
        let pod = json!({"metadata": {"name": name}, "status": {"conditions": [ready]}});
        Arc::new(serde_json::from_value(pod).expect("a pod"))
    }

    #[test]
    fn the_first_change_since_the_last_look_counts() {
        let (times, key) = (TriggerTimes::default(), Key::new("ns", "web"));
        let table = [
            (5, vec![pod("a", 3)], Some(5), "a new Service"),
            (5, vec![pod("a", 3)], None, "nothing new"),
            (5, vec![pod("a", 9), pod("b", 7)], Some(7), "two pods"),
            (5, vec![pod("b", 7)], None, "one that is gone has no time"),
            (8, vec![pod("b", 7)], Some(8), "another Service of its name"),
        ];
        for (born, pods, expected, what) in table {
            assert_eq!(times.look(&key, &service(born), &pods), expected.map(at), "{what}");
        }
        times.forget(&key);
        assert_eq!(times.look(&key, &service(1), &[pod("b", 9)]), Some(at(1)));
    }

    #[test]
    fn a_note_is_written_as_go_writes_it_and_taken_away() {
        let mut meta = ObjectMeta::default();
        note(&mut meta, Some(at(0)));
        let annotations = meta.annotations.clone().expect("one");
        assert_eq!(annotations[ANNOTATION], "1970-01-01T00:00:00Z");
        note(&mut meta, None);
        assert_eq!(meta.annotations, None);
    }
}
