//! What to do for one owner: pure.

use super::rank;
use super::replicated::{Counts, Replicated};
use control::{Action, owner::controller_ref, pods, selector::matches_all};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Pods made or deleted in one go.
const BURST_PODS: usize = 500;

/// The answer to a snapshot. At most one of `create` and `delete` has something in it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) create: Vec<Action>,
    pub(super) delete: Vec<Arc<Pod>>,
    pub(super) counts: Counts,
    /// When the next ready pod becomes available.
    pub(super) look_again: Option<Duration>,
}

/// Plans for `owner`, whose pods are `mine`; `related` are the pods of all its siblings. Without
/// `manage` only the counts are taken.
pub(super) fn plan<K: Replicated>(
    owner: &K,
    mine: &[Arc<Pod>],
    related: &[Arc<Pod>],
    manage: bool,
    now: Timestamp,
) -> Plan {
    let active: Vec<Arc<Pod>> = mine.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
    let counts = count(owner, mine, &active, now);
    let look_again = active
        .iter()
        .filter_map(|pod| pods::available_in(pod, owner.min_ready_seconds(), now))
        .filter(|wait| !wait.is_zero())
        .min();
    let mut plan = Plan { create: Vec::new(), delete: Vec::new(), counts, look_again };
    if !manage {
        return plan;
    }
    let wanted = usize::try_from(owner.wanted()).unwrap_or(0);
    if active.len() < wanted {
        let missing = (wanted - active.len()).min(BURST_PODS);
        plan.create = vec![Action::create(&new_pod(owner)); missing];
    } else {
        let surplus = (active.len() - wanted).min(BURST_PODS);
        plan.delete = rank::first_to_go(active, related, now, surplus);
    }
    plan
}

fn count<K: Replicated>(
    owner: &K,
    mine: &[Arc<Pod>],
    active: &[Arc<Pod>],
    now: Timestamp,
) -> Counts {
    let labels = owner
        .template()
        .and_then(|template| template.metadata.as_ref()?.labels.clone())
        .unwrap_or_default();
    let count = |test: &dyn Fn(&Pod) -> bool| {
        i32::try_from(active.iter().filter(|pod| test(pod)).count()).unwrap_or(i32::MAX)
    };
    let is_terminating = |pod: &&Arc<Pod>| pods::is_terminating(pod) && !pods::is_finished(pod);
    Counts {
        replicas: count(&|_| true),
        fully_labeled: count(&|pod| matches_all(&labels, pod.metadata.labels.as_ref())),
        ready: count(&|pod| pods::is_ready(pod)),
        available: count(&|pod| pods::is_available(pod, owner.min_ready_seconds(), now)),
        terminating: i32::try_from(mine.iter().filter(is_terminating).count()).unwrap_or(i32::MAX),
    }
}

/// A pod of the template of `owner`, owned by it, with a name that the server completes.
pub(crate) fn new_pod<K: Replicated>(owner: &K) -> Pod {
    let template = owner.template().cloned().unwrap_or_default();
    let meta = template.metadata.unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", owner.meta().name.as_deref().unwrap_or_default())),
            namespace: owner.meta().namespace.clone(),
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::ReplicaSet;
    use serde_json::json;

    fn set(replicas: i32, min_ready_seconds: i32) -> ReplicaSet {
        serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "ns", "uid": "rs"},
            "spec": {
                "replicas": replicas, "minReadySeconds": min_ready_seconds,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web", "tier": "x"}},
                             "spec": {"containers": [{"name": "c", "image": "i"}]}},
            },
        }))
        .expect("a replica set")
    }

    fn pod(name: &str, node: &str, phase: &str, ready_since: Option<i64>) -> Arc<Pod> {
        let ready = ready_since.map(|second| {
            let at = Timestamp::from_second(second).expect("valid");
            json!({"type": "Ready", "status": "True", "lastTransitionTime": at.to_string()})
        });
        let conditions: Vec<_> = ready.into_iter().collect();
        let value = json!({
            "metadata": {"name": name, "namespace": "ns", "uid": name, "labels": {"app": "web"},
                         "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"nodeName": node, "containers": []},
            "status": {"phase": phase, "conditions": conditions},
        });
        Arc::new(serde_json::from_value(value).expect("a pod"))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("valid")
    }

    #[test]
    fn the_gap_is_filled_and_finished_pods_do_not_count() {
        let pods = [pod("a", "n", "Running", Some(0)), pod("b", "n", "Failed", None)];
        let plan = plan(&set(3, 0), &pods, &pods, true, at(100));
        assert_eq!(plan.create.len(), 2);
        let Action::Create { path, body } = &plan.create[0] else { panic!("a create") };
        assert_eq!(path, "/api/v1/namespaces/ns/pods");
        assert_eq!(body["metadata"]["generateName"], "web-");
        assert_eq!(body["metadata"]["ownerReferences"][0]["blockOwnerDeletion"], true);
        assert_eq!(
            plan.counts,
            Counts { replicas: 1, ready: 1, available: 1, ..Counts::default() }
        );
    }

    #[test]
    fn nothing_is_made_while_writes_are_unseen() {
        let plan = plan(&set(3, 0), &[], &[], false, at(0));
        assert!(plan.create.is_empty() && plan.delete.is_empty());
    }

    #[test]
    fn the_least_useful_pods_go_first() {
        let pods = [
            pod("ready-alone", "n1", "Running", Some(10)),
            pod("ready-paired-old", "n2", "Running", Some(10)),
            pod("ready-paired-new", "n2", "Running", Some(90)),
            pod("starting", "n1", "Running", None),
            pod("pending", "n1", "Pending", None),
            pod("unassigned", "", "Pending", None),
        ];
        let names = |count| {
            let plan = plan(&set(6 - count, 0), &pods, &pods, true, at(100));
            let names = plan.delete.iter().map(|pod| pod.metadata.name.clone().expect("named"));
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(1), ["unassigned"]);
        assert_eq!(names(4), ["unassigned", "pending", "starting", "ready-alone"]);
        let others = [pods[1].clone(), pods[2].clone(), pods[0].clone()];
        let plan = plan(&set(2, 0), &others, &others, true, at(100));
        assert_eq!(plan.delete[0].metadata.name.as_deref(), Some("ready-paired-new"));
    }

    #[test]
    fn availability_is_looked_at_again_in_time() {
        let pods = [pod("a", "n", "Running", Some(95)), pod("b", "n", "Running", Some(0))];
        let plan = plan(&set(2, 30), &pods, &pods, true, at(100));
        assert_eq!((plan.counts.ready, plan.counts.available), (2, 1));
        assert_eq!(plan.look_again, Some(Duration::from_secs(25)));
    }
}
