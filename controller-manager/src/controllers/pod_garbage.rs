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
            clock::sleep(PERIOD).await;
            round(&client, &all, &nodes, kept, &mut missing).await;
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
        for action in removal(&pod, why, clock::now()) {
            if let Err(error) = execute(client, &action).await
                && !client::is_not_found(&error)
            {
                tracing::warn!(pod = %Key::of(&*pod), %error, "a pod could not be removed");
                break;
            }
        }
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
        let mut status = json!({"phase": "Failed"});
        if why == Why::NodeGone {
            status["conditions"] = json!([{
                "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
                "lastTransitionTime": now.to_string(),
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
}
