//! taint-eviction-controller: pods leave a node whose `NoExecute` taints they don't tolerate, at
//! once or when their patience (`tolerationSeconds`) ends.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/tainteviction`. Patience is counted from the taint's
//! own time, so that a restart doesn't begin it anew.

use crate::context::Context;
use control::taints::tolerates;
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, SyncError, execute, pods, run_workers,
};
use k8s_openapi::api::core::v1::{Node, Pod, Taint};
use k8s_openapi::jiff::Timestamp;
use runtime::clock;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const WORKERS: usize = 8;

/// Starts it.
pub(crate) fn start(context: &Context) {
    let nodes = context.informers.of::<Node>();
    let all_pods = context.informers.of::<Pod>();
    let queue = Queue::named("noexec_taint_pod");
    let add = queue.clone();
    all_pods.on_change(move |change| {
        if !matches!(change, Change::Deleted(_)) && !pods::node_name(change.object()).is_empty() {
            add.add(Key::of(&**change.object()));
        }
    });
    let (add, on_nodes) = (queue.clone(), all_pods.clone());
    nodes.on_change(move |change| {
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
    let (client, recorder) = (context.client(), context.recorder_as("taint-eviction-controller"));
    run_workers("taint-eviction-controller", WORKERS, queue, &context.shutdown, move |key: Key| {
        let (nodes, all_pods) = (nodes.clone(), all_pods.clone());
        let (client, recorder) = (client.clone(), recorder.clone());
        async move {
            nodes.synced().await;
            let Some((pod, patience)) = due(&nodes, &all_pods, &key) else {
                return Ok(Outcome::Done);
            };
            if !patience.is_zero() {
                return Ok(Outcome::Again(patience));
            }
            let message = format!("Marking for deletion Pod {key}");
            recorder.tell(&*pod, EventType::Normal, "TaintManagerEviction", message);
            for action in eviction(&pod, clock::now()) {
                match execute(&client, &action).await {
                    Err(error) if client::is_not_found(&error) => break,
                    Err(error) => return Err(SyncError::Api(error)),
                    Ok(_) => {}
                }
            }
            Ok(Outcome::Done)
        }
    });
}

fn due(
    nodes: &Informer<Node>,
    all_pods: &Informer<Pod>,
    key: &Key,
) -> Option<(Arc<Pod>, Duration)> {
    let pod = all_pods.get(key).filter(|pod| pods::is_active(pod))?;
    let node = nodes.get(&Key::new("", pods::node_name(&pod)))?;
    let patience = patience(&pod, &no_execute(&node), clock::now())?;
    Some((pod, patience))
}

fn no_execute(node: &Node) -> Vec<Taint> {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    taints.filter(|taint| taint.effect == "NoExecute").cloned().collect()
}

/// How long the pod may stay; `None` for ever.
fn patience(pod: &Pod, taints: &[Taint], now: Timestamp) -> Option<Duration> {
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref());
    let mut shortest: Option<Duration> = None;
    for taint in taints {
        let mut meeting =
            tolerations.unwrap_or_default().iter().filter(|one| tolerates(one, taint)).peekable();
        if meeting.peek().is_none() {
            return Some(Duration::ZERO);
        }
        let since = taint.time_added.as_ref().map_or(now, |time| time.0);
        let gone = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        let limits = meeting.filter_map(|toleration| toleration.toleration_seconds);
        if let Some(seconds) = limits.min() {
            let limit = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            let left = limit.saturating_sub(gone);
            shortest = Some(shortest.map_or(left, |shortest| shortest.min(left)));
        }
    }
    shortest
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
    use serde_json::Value;

    fn pod(tolerations: Value) -> Pod {
        serde_json::from_value(json!({"spec": {"containers": [], "tolerations": tolerations}}))
            .expect("a pod")
    }

    #[test]
    fn patience_is_the_shortest_of_all_and_counted_from_the_taint() {
        let taint: Taint = serde_json::from_value(json!({"key": "a", "effect": "NoExecute",
            "timeAdded": "1970-01-01T00:00:10Z"}))
        .expect("a taint");
        let seconds = |seconds: u64| Some(Duration::from_secs(seconds));
        let exists = |limit: Value| {
            json!({"key": "a", "operator": "Exists", "effect": "NoExecute",
                   "tolerationSeconds": limit})
        };
        let table = [
            (json!([]), seconds(0)),
            (json!([exists(Value::Null)]), None),
            (json!([exists(json!(300))]), seconds(240)),
            (json!([exists(json!(300)), exists(json!(90))]), seconds(30)),
            (json!([exists(json!(20))]), seconds(0)),
        ];
        let now = Timestamp::from_second(70).expect("valid");
        for (tolerations, expected) in table {
            let got = patience(&pod(tolerations.clone()), std::slice::from_ref(&taint), now);
            assert_eq!(got, expected, "{tolerations}");
        }
        assert_eq!(patience(&pod(json!([])), &[], now), None);
    }
}
