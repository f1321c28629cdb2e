//! The engine of ReplicaSets and ReplicationControllers: count the pods, make or delete the rest.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/replicaset`: what a sync does, the order in which
//! pods are given up, the status, the events.

mod plan;
mod rank;
mod replicated;

use super::adoption;
use super::pod_control::PodControl;
use crate::context::Context;
use control::selector::Matcher;
use control::{
    Action, Change, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    owner, pods, run_workers,
};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Client;
use plan::{Plan, plan};
use runtime::clock;
use std::sync::Arc;

pub(crate) use replicated::{Counts, Failure, Replicated};

struct Engine<K> {
    client: Client,
    owners: Arc<Informer<K>>,
    pods: Arc<Informer<Pod>>,
    expectations: Expectations,
    recorder: Recorder,
}

/// Starts the engine for the kind `K`.
pub(crate) fn start<K: Replicated>(
    context: &Context,
    name: &'static str,
    counted_as: &str,
    workers: usize,
) {
    let queue = Queue::named(counted_as);
    let engine = Arc::new(Engine {
        client: context.client(),
        owners: context.informers.of::<K>(),
        pods: context.informers.of::<Pod>(),
        expectations: Expectations::default(),
        recorder: context.recorder(),
    });
    watch(&engine, &queue);
    run_workers(name, workers, queue, &context.shutdown, move |key| {
        let engine = engine.clone();
        async move {
            engine.owners.synced().await;
            engine.pods.synced().await;
            engine.sync(key).await
        }
    });
}

fn watch<K: Replicated>(engine: &Arc<Engine<K>>, queue: &Queue<Key>) {
    let add = queue.clone();
    engine.owners.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, owners) = (queue.clone(), engine.owners.clone());
    engine.pods.on_change(move |change| {
        if let Change::Updated(old, new) = change
            && owner::controller_of(&***old) != owner::controller_of(&***new)
        {
            owners_of(&owners, old).into_iter().for_each(|key| add.add(key));
        }
        owners_of(&owners, change.object()).into_iter().for_each(|key| add.add(key));
    });
}

/// Who wants to know of a change of `pod`: its controller, or everybody who might adopt it.
fn owners_of<K: Replicated>(owners: &Informer<K>, pod: &Pod) -> Vec<Key> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    if let Some(found) = owner::controller_of(pod) {
        let ours = found.kind == K::kind(&()) && found.api_version == K::api_version(&());
        return ours.then(|| Key::new(namespace, &found.name)).into_iter().collect();
    }
    let mut keys = Vec::new();
    for candidate in owners.list_in(namespace) {
        let matcher = Matcher::new(&candidate.selector());
        if matcher.is_ok_and(|matcher| matcher.matches(pod.metadata.labels.as_ref())) {
            keys.push(Key::of(&*candidate));
        }
    }
    keys
}

impl<K: Replicated> Engine<K> {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(owner) = self.owners.get(&key) else {
            self.expectations.forget(&key);
            return Ok(Outcome::Done);
        };
        let matcher = match Matcher::new(&owner.selector()) {
            Ok(matcher) => matcher,
            Err(error) => {
                tracing::error!(%key, error, "the selector can't be used");
                return Ok(Outcome::Done);
            }
        };
        let is_met = self.expectations.are_met(&key, &self.pods);
        if self.adopt_and_release(&key, &*owner, &matcher).await? {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let uid = owner.meta().uid.clone().unwrap_or_default();
        let mut mine = self.pods.controlled_by(&uid);
        mine.retain(|pod| matcher.matches(pod.metadata.labels.as_ref()));
        let now = clock::now();
        let manage = is_met && owner.meta().deletion_timestamp.is_none();
        let plan = plan(&*owner, &mine, &self.related(&*owner), manage, now);
        let failure = self.execute(&key, &*owner, &plan).await;
        let message = failure.as_ref().map(|failure| failure.message.clone());
        self.write_status(&*owner, &plan.counts, failure, Time(now)).await?;
        match (message, plan.look_again) {
            (Some(message), _) => Err(SyncError::Other(message)),
            (None, Some(delay)) => Ok(Outcome::Again(delay)),
            (None, None) if !is_met => Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK)),
            (None, None) => Ok(Outcome::Done),
        }
    }

    /// Whether anything was adopted or let go: the snapshot is old then.
    async fn adopt_and_release(
        &self,
        key: &Key,
        owner: &K,
        matcher: &Matcher,
    ) -> Result<bool, SyncError> {
        let mut candidates = self.pods.list_in(&key.namespace);
        candidates.retain(|pod| pods::is_active(pod));
        let claims = owner::claim(owner, matcher, candidates);
        if claims.actions.is_empty() || owner.meta().deletion_timestamp.is_some() {
            return Ok(false);
        }
        let answers = adoption::adopt_and_release(&self.client, owner, &claims.actions).await?;
        self.expectations.wrote(key, &self.pods, &answers);
        Ok(true)
    }

    /// The pods of every sibling: owners with the same controller, itself included.
    fn related(&self, owner: &K) -> Vec<Arc<Pod>> {
        let uid_of = |owner: &K| owner.meta().uid.clone().unwrap_or_default();
        match owner::controller_of(owner) {
            None => self.pods.controlled_by(&uid_of(owner)),
            Some(parent) => self
                .owners
                .controlled_by(&parent.uid)
                .iter()
                .flat_map(|sibling| self.pods.controlled_by(&uid_of(sibling)))
                .collect(),
        }
    }

    async fn execute(&self, key: &Key, owner: &K, plan: &Plan) -> Option<Failure> {
        let control = PodControl {
            client: &self.client,
            pods: &self.pods,
            expectations: &self.expectations,
            recorder: &self.recorder,
            key,
            owner,
        };
        let mut failure = None;
        for pod in &plan.delete {
            if let Err(error) = control.delete(pod).await {
                let message = client::message(&error);
                failure = Some(Failure { reason: "FailedDelete", message });
            }
        }
        if let (_, Some(error)) = control.create(&plan.create).await {
            let message = client::message(&error);
            failure = Some(Failure { reason: "FailedCreate", message });
        }
        failure
    }

    async fn write_status(
        &self,
        owner: &K,
        counts: &Counts,
        failure: Option<Failure>,
        now: Time,
    ) -> Result<(), SyncError> {
        let wanted = owner.with_status(counts, failure, now);
        if wanted.status_is(owner) {
            return Ok(());
        }
        match execute(&self.client, &Action::update_status(&wanted)).await {
            Err(error) if client::is_not_found(&error) => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }
}
