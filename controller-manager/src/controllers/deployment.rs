//! deployment-controller: from one pod template to the next, without losing more pods than allowed.
//!
//! This file watches, reads the snapshot and executes; [`plan`] decides. Mirrors
//! `k8s.io/kubernetes/pkg/controller/deployment`: the same ReplicaSets, annotations, conditions
//! and events, so that upstream's controller can take over in the middle of a rollout.

pub(super) mod bounds;
pub(super) mod hash;
mod plan;
mod proportion;
mod revision;
mod rollback;
mod status;
mod strategy;

use super::adoption;
use crate::context::Context;
use control::selector::{Matcher, is_empty};
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute, owner,
    pods, run_workers,
};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use plan::{Plan, Snapshot, plan};
use runtime::clock;
use std::sync::Arc;

struct Controller {
    client: Client,
    deployments: Arc<Informer<Deployment>>,
    sets: Arc<Informer<ReplicaSet>>,
    pods: Arc<Informer<Pod>>,
    recorder: Recorder,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        deployments: context.informers.of::<Deployment>(),
        sets: context.informers.of::<ReplicaSet>(),
        pods: context.informers.of::<Pod>(),
        recorder: context.recorder(),
    });
    let queue = Queue::named("deployment");
    watch(&controller, &queue);
    let workers = context.options.concurrency.deployments;
    run_workers("deployment-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.deployments.synced().await;
            controller.sets.synced().await;
            controller.pods.synced().await;
            Box::pin(controller.sync(key)).await
        }
    });
}

fn watch(controller: &Controller, queue: &Queue<Key>) {
    let add = queue.clone();
    controller.deployments.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, deployments) = (queue.clone(), controller.deployments.clone());
    controller.sets.on_change(move |change| {
        if let Change::Updated(old, new) = change
            && owner::controller_of(&***old) != owner::controller_of(&***new)
        {
            owners_of(&deployments, old).into_iter().for_each(|key| add.add(key));
        }
        owners_of(&deployments, change.object()).into_iter().for_each(|key| add.add(key));
    });
    // A Recreate rollout goes on when the last old pod is gone.
    let (add, sets) = (queue.clone(), controller.sets.clone());
    controller.pods.on_change(move |change| {
        let ended = matches!(change, Change::Deleted(_)) || pods::is_finished(change.object());
        let pod = change.object();
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        if ended
            && let Some(found) = owner::controller_of(&**pod).filter(|o| o.kind == "ReplicaSet")
            && let Some(set) = sets.get(&Key::new(namespace, &found.name))
            && let Some(parent) = owner::controller_of(&*set)
        {
            add.add(Key::new(namespace, &parent.name));
        }
    });
}

/// Who wants to know of a change of `set`: its controller, or everybody who might adopt it.
fn owners_of(deployments: &Informer<Deployment>, set: &ReplicaSet) -> Vec<Key> {
    let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
    if let Some(found) = owner::controller_of(set) {
        let is_ours = found.kind == "Deployment";
        return is_ours.then(|| Key::new(namespace, &found.name)).into_iter().collect();
    }
    let mut keys = Vec::new();
    for candidate in deployments.list_in(namespace) {
        let Some(spec) = &candidate.spec else { continue };
        let matches = Matcher::new(&spec.selector)
            .is_ok_and(|matcher| matcher.matches(set.metadata.labels.as_ref()));
        if matches && !is_empty(&spec.selector) {
            keys.push(Key::of(&*candidate));
        }
    }
    keys
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(deployment) = self.deployments.get(&key) else { return Ok(Outcome::Done) };
        let Some(spec) = &deployment.spec else { return Ok(Outcome::Done) };
        if is_empty(&spec.selector) {
            let text = "This deployment is selecting all pods. A non-empty selector is required.";
            self.recorder.tell(&*deployment, EventType::Warning, "SelectingAll", text);
            return Ok(Outcome::Done);
        }
        let matcher = Matcher::new(&spec.selector).map_err(SyncError::Other)?;
        if self.adopt_and_release(&key, &deployment, &matcher).await? {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let uid = deployment.metadata.uid.clone().unwrap_or_default();
        let mut sets = self.sets.controlled_by(&uid);
        sets.retain(|set| matcher.matches(set.metadata.labels.as_ref()));
        let snapshot = Snapshot {
            deployment: &deployment,
            running: sets.iter().filter(|set| self.has_running_pods(set)).cloned().collect(),
            sets,
        };
        let plan = plan(&snapshot, clock::now());
        Box::pin(self.execute(&deployment, plan)).await
    }

    fn has_running_pods(&self, set: &ReplicaSet) -> bool {
        let pods = self.pods.controlled_by(set.metadata.uid.as_deref().unwrap_or_default());
        pods.iter().any(|pod| !pods::is_finished(pod))
    }

    /// Whether anything was adopted or let go: the snapshot is old then.
    async fn adopt_and_release(
        &self,
        key: &Key,
        deployment: &Deployment,
        matcher: &Matcher,
    ) -> Result<bool, SyncError> {
        let claims = owner::claim(deployment, matcher, self.sets.list_in(&key.namespace));
        if claims.actions.is_empty() || deployment.metadata.deletion_timestamp.is_some() {
            return Ok(false);
        }
        adoption::adopt_and_release(&self.client, deployment, &claims.actions).await?;
        Ok(true)
    }

    async fn execute(&self, deployment: &Deployment, plan: Plan) -> Result<Outcome, SyncError> {
        if let Some(set) = &plan.create
            && let Err(failure) = self.create(deployment, set).await?
        {
            self.write_status(deployment, failure.status).await?;
            return Err(failure.error);
        }
        for set in &plan.update {
            execute(&self.client, &Action::update(set)).await?;
        }
        for telling in plan.tell {
            telling.tell(&self.recorder, deployment);
        }
        for set in &plan.delete {
            execute(&self.client, &Action::delete(set)).await?;
        }
        self.write_status(deployment, plan.status).await?;
        if let Some(rollback) = plan.rollback {
            execute(&self.client, &Action::update(&rollback.deployment)).await?;
            rollback.tell.tell(&self.recorder, deployment);
        }
        Ok(plan.look_again.map_or(Outcome::Done, Outcome::Again))
    }

    /// Makes the new ReplicaSet. The inner error says what the status should tell of the failure.
    async fn create(
        &self,
        deployment: &Deployment,
        set: &ReplicaSet,
    ) -> Result<Result<(), CreateFailure>, SyncError> {
        let name = set.metadata.name.as_deref().unwrap_or_default();
        match execute(&self.client, &Action::create(set)).await {
            Ok(Some(_)) => Ok(Ok(())),
            Ok(None) => {
                let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
                let api: Api<ReplicaSet> = Api::namespaced(self.client.clone(), namespace);
                let there = api.get(name).await?;
                let is_ours = owner::is_controlled_by(&there, deployment)
                    && revision::same_template(deployment, &there);
                if is_ours {
                    return Ok(Ok(()));
                }
                let error = format!("replicaset {name:?} already exists with another template");
                Ok(Err(CreateFailure {
                    status: Some(status::after_collision(deployment)),
                    error: SyncError::Other(error),
                }))
            }
            Err(error) if client::is_refused_by_ending(&error) => {
                Ok(Err(CreateFailure { status: None, error: error.into() }))
            }
            Err(error) => {
                let why = client::message(&error);
                let text = format!("Failed to create new replica set {name:?}: {why}");
                self.recorder.tell(
                    deployment,
                    EventType::Warning,
                    "ReplicaSetCreateError",
                    text.as_str(),
                );
                Ok(Err(CreateFailure {
                    status: status::after_create_error(deployment, text, clock::now()),
                    error: error.into(),
                }))
            }
        }
    }

    async fn write_status(
        &self,
        old: &Deployment,
        new: Option<Deployment>,
    ) -> Result<(), SyncError> {
        let Some(new) = new.filter(|new| new != old) else { return Ok(()) };
        match execute(&self.client, &Action::update_status(&new)).await {
            Err(error) if client::is_not_found(&error) => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }
}

struct CreateFailure {
    status: Option<Deployment>,
    error: SyncError,
}
