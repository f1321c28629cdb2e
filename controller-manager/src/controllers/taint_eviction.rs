//! taint-eviction-controller: pods leave a node whose `NoExecute` taints they don't tolerate, at
//! once or when their patience (`tolerationSeconds`) ends.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/tainteviction`: patience is counted from when a taint
//! is first seen to end it, and what was set then stands until it is called off. Taints that were
//! there before this process count from their own time, so that a restart doesn't begin anew.

use crate::context::Context;
use control::taints::tolerates;
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute, pods,
    run_workers,
};
use k8s_openapi::api::core::v1::{Node, Pod, Taint};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Client;
use runtime::clock;
use runtime::metrics::Registry;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const WORKERS: usize = 8;

/// Upper bounds of how late a pod is deleted, in seconds.
const LATE_SECONDS: [f64; 12] =
    [0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 120.0, 180.0, 240.0];

struct Controller {
    client: Client,
    recorder: Recorder,
    nodes: Arc<Informer<Node>>,
    pods: Arc<Informer<Pod>>,
    began: Timestamp,
    /// Pods that leave later, and when.
    leaving: Mutex<HashMap<Key, Timestamp>>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        recorder: context.recorder_as("taint-eviction-controller"),
        nodes: context.informers.of::<Node>(),
        pods: context.informers.of::<Pod>(),
        began: clock::now(),
        leaving: Mutex::default(),
    });
    let queue = Queue::named("noexec_taint_pod");
    let add = queue.clone();
    controller.pods.on_change(move |change| {
        if !pods::node_name(change.object()).is_empty() {
            add.add(Key::of(&**change.object()));
        }
    });
    let (add, on_nodes) = (queue.clone(), controller.pods.clone());
    controller.nodes.on_change(move |change| {
        let changed = match change {
            Change::Added(node) => !no_execute(node).is_empty(),
            Change::Updated(old, new) => no_execute(old) != no_execute(new),
            Change::Deleted(_) => false,
        };
        if changed {
            let name = change.object().metadata.name.as_deref().unwrap_or_default();
            let there = on_nodes.list().into_iter().filter(|pod| pods::node_name(pod) == name);
            there.for_each(|pod| add.add(Key::of(&*pod)));
        }
    });
    run_workers("taint-eviction-controller", WORKERS, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.nodes.synced().await;
            controller.sync(key).await
        }
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(pod) = self.pods.get(&key) else {
            if self.leaving().remove(&key).is_some() {
                // There is no more to say of it than its name.
                let mut pod = Pod::default();
                pod.metadata.name = Some(key.name.clone());
                pod.metadata.namespace = Some(key.namespace.clone());
                self.tell_of_cancelling(&pod, &key);
            }
            return Ok(Outcome::Done);
        };
        let node = self.nodes.get(&Key::new("", pods::node_name(&pod)));
        // Pods of a node that is gone are another controller's, and so are those that go already.
        let Some(node) = node.filter(|_| !pods::is_terminating(&pod)) else {
            return Ok(Outcome::Done);
        };
        let now = clock::now();
        let planned = self.leaving().get(&key).copied();
        let taints = no_execute(&node);
        let (until, is_cancelled) = match patience(&pod, &taints) {
            Patience::Endless => (None, planned.is_some()),
            Patience::None => (Some(now), planned.is_some()),
            Patience::Of(patience) => {
                let begin = since(&pod, &taints, self.began).unwrap_or(now);
                (planned.or(begin.checked_add(patience).ok()), false)
            }
        };
        if is_cancelled {
            self.leaving().remove(&key);
            self.tell_of_cancelling(&pod, &key);
        }
        let Some(until) = until else { return Ok(Outcome::Done) };
        if let Some(left) = left(until, now) {
            self.leaving().insert(key, until);
            return Ok(Outcome::Again(left));
        }
        self.evict(&pod, &key, now).await?;
        self.leaving().remove(&key);
        count(until);
        Ok(Outcome::Done)
    }

    async fn evict(&self, pod: &Pod, key: &Key, now: Timestamp) -> Result<(), SyncError> {
        let message = format!("Marking for deletion Pod {key}");
        self.recorder.tell(pod, EventType::Normal, "TaintManagerEviction", message);
        for action in eviction(pod, now) {
            match execute(&self.client, &action).await {
                Err(error) if client::is_not_found(&error) => break,
                other => drop(other?),
            }
        }
        Ok(())
    }

    fn tell_of_cancelling(&self, pod: &Pod, key: &Key) {
        let message = format!("Cancelling deletion of Pod {key}");
        self.recorder.tell(pod, EventType::Normal, "TaintManagerEviction", message);
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Timestamp>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(due: Timestamp) {
    let registry = Registry::global();
    let deleted = registry.counter(
        "taint_eviction_controller_pod_deletions_total",
        "[ALPHA] Total number of Pods deleted by TaintEvictionController since its start.",
        &[],
    );
    deleted.with(&[]).increment();
    let late = registry.histogram(
        "taint_eviction_controller_pod_deletion_duration_seconds",
        "[ALPHA] Latency, in seconds, between the time when a taint effect has been activated for \
         the Pod and its deletion via TaintEvictionController.",
        &[],
        &LATE_SECONDS,
    );
    late.with(&[]).observe(clock::now().duration_since(due).as_secs_f64());
}

/// How long until then; `None` when it has come.
fn left(until: Timestamp, now: Timestamp) -> Option<Duration> {
    Duration::try_from(until.duration_since(now)).ok().filter(|left| !left.is_zero())
}

fn no_execute(node: &Node) -> Vec<Taint> {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    taints.filter(|taint| taint.effect == "NoExecute").cloned().collect()
}

/// How long a pod puts up with taints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    None,
    Of(SignedDuration),
    Endless,
}

fn patience(pod: &Pod, taints: &[Taint]) -> Patience {
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref());
    let mut shortest: Option<i64> = None;
    for taint in taints {
        let mut meeting =
            tolerations.unwrap_or_default().iter().filter(|one| tolerates(one, taint)).peekable();
        if meeting.peek().is_none() {
            return Patience::None;
        }
        let limits = meeting.filter_map(|toleration| toleration.toleration_seconds);
        shortest = limits.chain(shortest).min();
    }
    match shortest {
        None => Patience::Endless,
        Some(seconds) => Patience::Of(SignedDuration::from_secs(seconds.max(0))),
    }
}

/// When the patience of a pod began that was there, with taints, before `began`.
fn since(pod: &Pod, taints: &[Taint], began: Timestamp) -> Option<Timestamp> {
    let mut since = pod.metadata.creation_timestamp.as_ref()?.0;
    for taint in taints {
        since = since.max(taint.time_added.as_ref()?.0);
    }
    Some(since).filter(|since| *since < began)
}

fn eviction(pod: &Pod, now: Timestamp) -> [Action; 2] {
    let body = json!({
        "metadata": {"uid": pod.metadata.uid},
        "status": {"conditions": [{
            "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
            "lastTransitionTime": now.to_string(),
            "observedGeneration": pod.metadata.generation,
        }]},
    });
    [Action::patch_status(pod, body), Action::delete(pod)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::Value;

    fn pod(tolerations: Value) -> Pod {
        serde_json::from_value(json!({"spec": {"containers": [], "tolerations": tolerations}}))
            .expect("a pod")
    }

    fn taint(added: Option<&str>) -> Taint {
        serde_json::from_value(json!({"key": "a", "effect": "NoExecute", "timeAdded": added}))
            .expect("a taint")
    }

    #[test]
    fn patience_is_the_shortest_of_all() {
        let of = |seconds| Patience::Of(SignedDuration::from_secs(seconds));
        let exists = |limit: Value| {
            json!({"key": "a", "operator": "Exists", "effect": "NoExecute",
                   "tolerationSeconds": limit})
        };
        let table = [
            (json!([]), Patience::None),
            (json!([exists(Value::Null)]), Patience::Endless),
            (json!([exists(json!(300))]), of(300)),
            (json!([exists(json!(300)), exists(json!(90))]), of(90)),
            (json!([exists(json!(-1))]), of(0)),
        ];
        for (tolerations, expected) in table {
            let got = patience(&pod(tolerations.clone()), &[taint(None)]);
            assert_eq!(got, expected, "{tolerations}");
        }
        assert_eq!(patience(&pod(json!([])), &[]), Patience::Endless);
    }

    #[test]
    fn only_what_was_there_before_counts_from_its_own_time() {
        let at = |second: i64| Timestamp::from_second(second).expect("valid");
        let mut pod = pod(json!([]));
        pod.metadata.creation_timestamp = Some(Time(at(20)));
        let table = [
            // A taint without a time, as `kubectl taint` sets it, counts from when it is seen.
            (vec![taint(None)], 100, None),
            (vec![taint(Some("1970-01-01T00:00:30Z"))], 100, Some(30)),
            (vec![taint(Some("1970-01-01T00:00:30Z"))], 30, None),
            // The pod is younger than the taint.
            (vec![taint(Some("1970-01-01T00:00:10Z"))], 100, Some(20)),
            (vec![taint(Some("1970-01-01T00:00:30Z")), taint(None)], 100, None),
        ];
        for (taints, began, expected) in table {
            assert_eq!(since(&pod, &taints, at(began)), expected.map(at), "{taints:?}");
        }
    }

    #[test]
    fn time_that_has_come_leaves_nothing() {
        let at = |second: i64| Timestamp::from_second(second).expect("valid");
        assert_eq!(left(at(10), at(4)), Some(Duration::from_secs(6)));
        assert_eq!((left(at(4), at(4)), left(at(3), at(4))), (None, None));
    }
}
