//! The pods that a controller makes and deletes for an owner: each is expected to show in the
//! informer, and told of.
//!
//! Mirrors `RealPodControl` of `k8s.io/kubernetes/pkg/controller`. A StatefulSet's pods are told of
//! in other words, in its own file.

use control::{Action, EventType, Expectations, Informer, Key, Recorder, execute, execute_all};
use k8s_openapi::api::core::v1::Pod;
use kube::{Client, Resource};

/// What it takes to make and delete the pods of `owner`, whose key is `key`.
pub(super) struct PodControl<'a, K> {
    pub(super) client: &'a Client,
    pub(super) pods: &'a Informer<Pod>,
    pub(super) expectations: &'a Expectations,
    pub(super) recorder: &'a Recorder,
    pub(super) key: &'a Key,
    pub(super) owner: &'a K,
}

impl<K: Resource<DynamicType = ()>> PodControl<'_, K> {
    /// Makes pods: how many, and why not the rest. A namespace that ends is no reason to tell of.
    pub(super) async fn create(&self, actions: &[Action]) -> (usize, Option<kube::Error>) {
        let (answers, failed) = execute_all(self.client, actions).await;
        self.expectations.wrote(self.key, self.pods, &answers);
        for answer in answers.iter().flatten() {
            let name = answer["metadata"]["name"].as_str().unwrap_or_default();
            let text = format!("Created pod: {name}");
            self.recorder.tell(self.owner, EventType::Normal, "SuccessfulCreate", text);
        }
        let failed = failed.filter(|error| !client::is_refused_by_ending(error));
        if let Some(error) = &failed {
            let text = format!("Error creating: {}", client::message(error));
            self.recorder.tell(self.owner, EventType::Warning, "FailedCreate", text);
        }
        (answers.len(), failed)
    }

    /// Deletes `pod`.
    ///
    /// # Errors
    /// The server's answer, which was told of.
    pub(super) async fn delete(&self, pod: &Pod) -> Result<(), kube::Error> {
        let done = execute(self.client, &Action::delete(pod)).await.map(drop);
        self.deleted(Key::of(pod), pod.metadata.uid.clone().unwrap_or_default(), done)
    }

    /// Expects the pod `name` with this `uid` to go, and tells how its deletion went.
    ///
    /// # Errors
    /// Those of `done`.
    pub(super) fn deleted(
        &self,
        name: Key,
        uid: String,
        done: Result<(), kube::Error>,
    ) -> Result<(), kube::Error> {
        match &done {
            Ok(()) => {
                let text = format!("Deleted pod: {}", name.name);
                self.expectations.deleted(self.key, [(name, uid)]);
                self.recorder.tell(self.owner, EventType::Normal, "SuccessfulDelete", text);
            }
            Err(error) => {
                let text = format!("Error deleting: {}", client::message(error));
                self.recorder.tell(self.owner, EventType::Warning, "FailedDelete", text);
            }
        }
        done
    }
}
