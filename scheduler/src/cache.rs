//! What the scheduler believes of the cluster: what it has seen, and what it has just decided.
//!
//! A pod that was given a node counts there at once ("assumed"), before the API server says so.
//! Mirrors `k8s.io/kubernetes/pkg/scheduler/backend/cache`.

use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use crate::surroundings::Surroundings;
use k8s_openapi::api::core::v1::Node;
use std::collections::HashMap;
use std::sync::Arc;

/// The belief.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    now: Snapshot,
    /// The node of each pod, by its UID.
    placed: HashMap<String, String>,
    /// Pods on nodes that are not known (yet).
    homeless: HashMap<String, Vec<Arc<PodInfo>>>,
    /// The node at which room was made for a pod, by the pod's UID.
    nominations: HashMap<String, String>,
}

impl Cache {
    /// The cluster as it is now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.now.clone()
    }

    pub(crate) fn set_node(&mut self, node: Arc<Node>) {
        let name = node.metadata.name.clone().unwrap_or_default();
        if self.now.set_node(node) {
            for pod in self.homeless.remove(&name).unwrap_or_default() {
                self.now.add_pod(pod, &name);
            }
        }
    }

    pub(crate) fn remove_node(&mut self, name: &str) {
        let pods = self.now.remove_node(name);
        if !pods.is_empty() {
            self.homeless.insert(name.to_owned(), pods);
        }
    }

    /// Counts `pod` on `node`, in place of what was known of it.
    pub(crate) fn place(&mut self, pod: Arc<PodInfo>, node: &str) {
        self.remove_pod(&pod.uid);
        self.withdraw(&pod.uid);
        self.placed.insert(pod.uid.clone(), node.to_owned());
        if !self.now.add_pod(pod.clone(), node) {
            self.homeless.entry(node.to_owned()).or_default().push(pod);
        }
    }

    /// Whether the pod `uid` has a node, be it only in this belief.
    pub(crate) fn has_node(&self, uid: &str) -> bool {
        self.placed.contains_key(uid)
    }

    /// Whether it was known.
    pub(crate) fn remove_pod(&mut self, uid: &str) -> bool {
        let Some(node) = self.placed.remove(uid) else { return false };
        if !self.now.remove_pod(uid, &node)
            && let Some(pods) = self.homeless.get_mut(&node)
        {
            pods.retain(|pod| pod.uid != uid);
            if pods.is_empty() {
                self.homeless.remove(&node);
            }
        }
        true
    }

    /// Keeps what `pod` will be judged by ready.
    pub(crate) fn follow(&mut self, pod: &PodInfo) {
        self.now.follow(pod);
    }

    /// Room is made, or was, for `pod` at `node`.
    pub(crate) fn nominate(&mut self, pod: Arc<PodInfo>, node: &str) {
        self.withdraw(&pod.uid);
        self.nominations.insert(pod.uid.clone(), node.to_owned());
        let all = Arc::make_mut(&mut self.now.nominated);
        all.entry(node.to_owned()).or_default().push(pod);
    }

    /// The pod `uid` waits for no room any more.
    pub(crate) fn withdraw(&mut self, uid: &str) {
        let Some(node) = self.nominations.remove(uid) else { return };
        let all = Arc::make_mut(&mut self.now.nominated);
        if let Some(pods) = all.get_mut(&node) {
            pods.retain(|pod| pod.uid != uid);
            if pods.is_empty() {
                all.remove(&node);
            }
        }
    }

    /// What is beside nodes and pods.
    pub(crate) fn around(&mut self) -> &mut Surroundings {
        Arc::make_mut(&mut self.now.around)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    fn node(name: &str) -> Arc<Node> {
        Arc::new(serde_json::from_value(json!({"metadata": {"name": name}})).expect("a node"))
    }

    fn pod(uid: &str) -> Arc<PodInfo> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": uid, "uid": uid},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
        }))
        .expect("a pod");
        Arc::new(PodInfo::new(Arc::new(pod)))
    }

    fn cpu(cache: &Cache, name: &str) -> i64 {
        let snapshot = cache.snapshot();
        snapshot.iter().find(|node| node.name == name).expect("known").requested.milli_cpu
    }

    #[test]
    fn sums_follow_pods_whatever_the_order() {
        let mut cache = Cache::default();
        cache.place(pod("early"), "n1");
        cache.set_node(node("n1"));
        cache.set_node(node("n2"));
        assert_eq!(cpu(&cache, "n1"), 1000);
        let before = cache.snapshot();
        cache.place(pod("early"), "n2");
        assert_eq!((cpu(&cache, "n1"), cpu(&cache, "n2")), (0, 1000));
        assert_eq!(before[0].requested.milli_cpu, 1000, "a snapshot stands still");

        assert!(cache.has_node("early") && !cache.has_node("late"));
        cache.remove_node("n1");
        assert_eq!(cpu(&cache, "n2"), 1000);
        cache.remove_node("n2");
        cache.set_node(node("n2"));
        assert_eq!(cpu(&cache, "n2"), 1000, "its pods outlive a node that comes back");
        assert!(cache.remove_pod("early") && !cache.remove_pod("early"));
        assert_eq!(cpu(&cache, "n2"), 0);
    }
}
