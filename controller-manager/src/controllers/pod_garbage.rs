//! pod-garbage-collector-controller: pods that nobody else will end.
//!
//! Finished pods beyond `--terminated-pod-gc-threshold`, pods on nodes that are gone for a while,
//! pods that were deleted before they had a node, and pods that are being deleted on a node that
//! is said to be out of service. Mirrors `k8s.io/kubernetes/pkg/controller/podgc`.

use crate::context::Context;
use control::{Action, Informer, Key, execute, pods};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::{Api, Client};
use runtime::clock;
use runtime::metrics::Registry;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(20);

/// How long a node has to be gone.
const GRACE: Duration = Duration::from_secs(40);

const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Starts it.
pub(crate) fn start(context: &Context) {
    let all = context.informers.of::<Pod>();
    let nodes = context.informers.of::<Node>();
    let client = context.client();
    let kept = usize::try_from(context.options.terminated_pods_max).unwrap_or(0);
    context.shutdown.spawn_until_begun("pod-garbage-collector", async move {
        all.synced().await;
        nodes.synced().await;
        let mut missing = HashMap::new();
        loop {
            round(&client, &all, &nodes, kept, &mut missing).await;
            clock::sleep(PERIOD).await;
        }
    });
}

async fn round(
    client: &Client,
    all: &Informer<Pod>,
    nodes: &Informer<Node>,
    kept: usize,
    missing: &mut HashMap<String, clock::Instant>,
) {
    let all = all.list();
    let gone = gone_nodes(client, &all, nodes, missing).await;
    let node = |name: &str| nodes.get(&Key::new("", name));
    for (pod, why) in plan(&all, &node, &gone, kept) {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        for action in removal(&pod, why, clock::now()) {
            if let Err(error) = execute(client, &action).await
                && !client::is_not_found(&error)
            {
                tracing::warn!(pod = %Key::of(&*pod), %error, "a pod could not be removed");
                count(ERRORS, namespace, why);
                break;
            }
        }
        count(REMOVALS, namespace, why);
    }
}

/// Nodes that pods name, that are not there, and have not been for a while. The server is asked
/// before anything is done.
async fn gone_nodes(
    client: &Client,
    all: &[Arc<Pod>],
    nodes: &Informer<Node>,
    missing: &mut HashMap<String, clock::Instant>,
) -> HashSet<String> {
    let named: HashSet<&str> =
        all.iter().map(|pod| pods::node_name(pod)).filter(|name| !name.is_empty()).collect();
    missing.retain(|name, _| {
        named.contains(name.as_str()) && nodes.get(&Key::new("", name.as_str())).is_none()
    });
    let mut gone = HashSet::new();
    for name in named {
        if nodes.get(&Key::new("", name)).is_some() {
            continue;
        }
        let since = *missing.entry(name.to_owned()).or_insert_with(clock::monotonic);
        let api: Api<Node> = Api::all(client.clone());
        if since.elapsed() >= GRACE && matches!(api.get_opt(name).await, Ok(None)) {
            gone.insert(name.to_owned());
        }
    }
    gone
}

/// A counter: its name and its help.
type Counted = (&'static str, &'static str);

const REMOVALS: Counted = (
    "pod_gc_collector_force_delete_pods_total",
    "[ALPHA] Number of pods that are being forcefully deleted since the Pod GC Controller started.",
);
const ERRORS: Counted = (
    "pod_gc_collector_force_delete_pod_errors_total",
    "[ALPHA] Number of errors encountered when forcefully deleting the pods since the Pod GC \
     Controller started.",
);

fn count((name, help): Counted, namespace: &str, why: Why) {
    let reason = match why {
        Why::TooManyFinished => "terminated",
        Why::NodeGone => "orphaned",
        Why::NeverPlaced => "unscheduled",
        Why::OutOfService => "out-of-service",
    };
    let family = Registry::global().counter(name, help, &["namespace", "reason"]);
    family.with(&[namespace, reason]).increment();
}

/// Why a pod is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    TooManyFinished,
    NodeGone,
    NeverPlaced,
    OutOfService,
}

fn plan(
    all: &[Arc<Pod>],
    node: &dyn Fn(&str) -> Option<Arc<Node>>,
    gone: &HashSet<String>,
    kept: usize,
) -> Vec<(Arc<Pod>, Why)> {
    let mut removed = Vec::new();
    let mut finished = Vec::new();
    for pod in all {
        let name = pods::node_name(pod);
        if gone.contains(name) {
            removed.push((pod.clone(), Why::NodeGone));
        } else if name.is_empty() && pods::is_terminating(pod) {
            removed.push((pod.clone(), Why::NeverPlaced));
        } else if pods::is_terminating(pod) && node(name).is_some_and(|n| is_out_of_service(&n)) {
            removed.push((pod.clone(), Why::OutOfService));
        } else if pods::is_finished(pod) {
            finished.push(pod.clone());
        }
    }
    if kept > 0 && finished.len() > kept {
        finished.sort_by(|a, b| {
            let key = |pod: &Pod| {
                (
                    !is_evicted(pod),
                    pod.metadata.creation_timestamp.as_ref().map(|time| time.0),
                    pod.metadata.name.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        let surplus = finished.len() - kept;
        removed.extend(finished.drain(..surplus).map(|pod| (pod, Why::TooManyFinished)));
    }
    removed
}

/// Whether its kubelet threw it out: what is kept of it goes before what pods left by themselves.
fn is_evicted(pod: &Pod) -> bool {
    let reason = pod.status.as_ref().and_then(|status| status.reason.as_deref());
    pods::phase(pod) == "Failed" && reason == Some("Evicted")
}

fn is_out_of_service(node: &Node) -> bool {
    let taints = node.spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let ready = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    !ready && taints.into_iter().any(|taint| taint.key == OUT_OF_SERVICE)
}

/// A pod that did not end by itself is marked as failed first, so that its controller counts it.
fn removal(pod: &Pod, why: Why, now: Timestamp) -> Vec<Action> {
    let mut actions = Vec::new();
    if !pods::is_finished(pod) && why != Why::TooManyFinished {
        let generation = pod.metadata.generation;
        let mut status = json!({"phase": "Failed", "observedGeneration": generation});
        if why == Why::NodeGone {
            status["conditions"] = json!([{
                "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
                "lastTransitionTime": now.to_string(), "observedGeneration": generation,
            }]);
        }
        let body = json!({"metadata": {"uid": pod.metadata.uid}, "status": status});
        actions.push(Action::patch_status(pod, body));
    }
    if let Action::Delete { path, .. } = Action::delete(pod) {
        let options = json!({"gracePeriodSeconds": 0, "preconditions": {"uid": pod.metadata.uid}});
        actions.push(Action::Delete { path, options });
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, node: &str, phase: &str, ending: bool) -> Arc<Pod> {
        let mut value = json!({
            "metadata": {"name": name, "uid": name,
                         "creationTimestamp": format!("2026-01-01T00:00:0{}Z", name.len())},
            "spec": {"nodeName": node, "containers": []}, "status": {"phase": phase},
        });
        if ending {
            value["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
        }
        Arc::new(serde_json::from_value(value).expect("a pod"))
    }

    #[test]
    fn each_kind_of_stray_is_found() {
        let all = [
            pod("running", "n1", "Running", false),
            pod("lost", "gone", "Running", false),
            pod("early", "", "Pending", true),
            pod("fine", "", "Pending", false),
            pod("a", "n1", "Succeeded", false),
            pod("bb", "n1", "Failed", false),
        ];
        let gone = HashSet::from(["gone".to_owned()]);
        let found: Vec<_> = plan(&all, &|_| None, &gone, 1)
            .into_iter()
            .map(|(pod, why)| (pod.metadata.name.clone().expect("named"), why))
            .collect();
        let expected = [
            ("lost".to_owned(), Why::NodeGone),
            ("early".to_owned(), Why::NeverPlaced),
            ("a".to_owned(), Why::TooManyFinished),
        ];
        assert_eq!(found, expected);
        assert_eq!(removal(&all[1], Why::NodeGone, Timestamp::UNIX_EPOCH).len(), 2);
        assert_eq!(removal(&all[4], Why::TooManyFinished, Timestamp::UNIX_EPOCH).len(), 1);
    }

    #[test]
    fn evicted_pods_are_the_first_of_too_many() {
        let mut evicted = Pod::clone(&pod("evicted", "n1", "Failed", false));
        evicted.status.as_mut().expect("a status").reason = Some("Evicted".into());
        let all = [pod("a", "n1", "Failed", false), Arc::new(evicted)];
        let removed = plan(&all, &|_| None, &HashSet::new(), 1);
        assert_eq!(removed[0].0.metadata.name.as_deref(), Some("evicted"));
    }
}
