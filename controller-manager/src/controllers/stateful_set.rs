//! statefulset-controller: pods with names, one after the other, each with its own volumes.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/statefulset`.

mod plan;
mod pod;
mod retention;

use super::adoption;
use super::revisions::{Naming, Revisions};
use crate::context::Context;
use control::selector::{Matcher, is_empty};
use control::{
    Action, Change, EventType, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError,
    execute, owner, run_workers,
};
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::Client;
use plan::{Plan, Snapshot, plan};
use runtime::clock;
use std::collections::HashMap;
use std::sync::Arc;

struct Controller {
    client: Client,
    sets: Arc<Informer<StatefulSet>>,
    pods: Arc<Informer<Pod>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    revisions: Arc<Informer<ControllerRevision>>,
    expectations: Expectations,
    /// Claims that were made or given away and don't show yet.
    claims_written: Expectations,
    recorder: Recorder,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        sets: context.informers.of::<StatefulSet>(),
        pods: context.informers.of::<Pod>(),
        claims: context.informers.of::<PersistentVolumeClaim>(),
        revisions: context.informers.of::<ControllerRevision>(),
        expectations: Expectations::default(),
        claims_written: Expectations::default(),
        recorder: context.recorder(),
    });
    let queue = Queue::named("statefulset");
    let add = queue.clone();
    controller.sets.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, sets) = (queue.clone(), controller.sets.clone());
    controller.pods.on_change(move |change| {
        let pod = change.object();
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        match owner::controller_of(&**pod) {
            Some(found) if found.kind == "StatefulSet" => add.add(Key::new(namespace, &found.name)),
            Some(_) => {}
            None if matches!(change, Change::Deleted(_)) => {}
            None => {
                for set in sets.list_in(namespace) {
                    let matcher = set.spec.as_ref().map(|spec| Matcher::new(&spec.selector));
                    if matches!(matcher, Some(Ok(matcher)) if matcher.matches(pod.metadata.labels.as_ref())) {
                        add.add(Key::of(&*set));
                    }
                }
            }
        }
    });
    let workers = context.options.concurrency.stateful_sets;
    run_workers("statefulset-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.sets.synced().await;
            controller.pods.synced().await;
            controller.claims.synced().await;
            controller.revisions.synced().await;
            controller.sync(key).await
        }
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(set) = self.sets.get(&key) else {
            self.expectations.forget(&key);
            self.claims_written.forget(&key);
            return Ok(Outcome::Done);
        };
        let Some(spec) = &set.spec else { return Ok(Outcome::Done) };
        if is_empty(&spec.selector) {
            return Ok(Outcome::Done);
        }
        // Of one that is going only the status is kept.
        let is_going = set.metadata.deletion_timestamp.is_some();
        if !self.expectations.are_met(&key, &self.pods)
            || !self.claims_written.are_met(&key, &self.claims)
        {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let matcher = Matcher::new(&spec.selector).map_err(SyncError::Other)?;
        let claims = owner::claim(&*set, &matcher, self.pods.list_in(&key.namespace));
        // An orphan is taken in only when its name says that it is one of the set's.
        let adopt: Vec<Action> = claims
            .actions
            .into_iter()
            .filter(|action| pod::is_named_by(action, &key.name))
            .collect();
        if !adopt.is_empty() {
            adoption::adopt_and_release(&self.client, &*set, &adopt).await?;
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let uid = set.metadata.uid.as_deref().unwrap_or_default();
        let collisions = set.status.as_ref().and_then(|status| status.collision_count);
        let known = self.revisions.controlled_by(uid);
        let revisions =
            Revisions::of(&*set, &spec.template, collisions, Naming::Patch, known.clone());
        if is_going && revisions.is_new {
            return Ok(Outcome::Done);
        }
        if !is_going {
            revisions.write(&self.client).await?;
        }
        let current = set.status.as_ref().and_then(|status| status.current_revision.as_deref());
        let old = current.and_then(|name| {
            known.iter().find(|revision| revision.metadata.name.as_deref() == Some(name))
        });
        let snapshot = Snapshot {
            set: &set,
            pods: claims.owned,
            update: &revisions.current,
            current: old.map_or(&revisions.current, |old| old),
            claim: &|name| self.claims.get(&Key::new(key.namespace.as_str(), name)),
        };
        let plan = plan(&snapshot, clock::now());
        let live: Vec<String> =
            snapshot.pods.iter().filter_map(|pod| pod::revision_of(pod)).collect();
        let limit = usize::try_from(spec.revision_history_limit.unwrap_or(10)).unwrap_or(0);
        let surplus = revisions.surplus(limit, |revision| {
            let name = revision.metadata.name.clone().unwrap_or_default();
            live.contains(&name) || current == Some(&name)
        });
        let look_again = plan.look_again;
        self.execute(&key, &set, plan).await?;
        for revision in surplus.into_iter().filter(|_| !is_going) {
            execute(&self.client, &Action::delete(&*revision)).await?;
        }
        Ok(look_again.map_or(Outcome::Done, Outcome::Again))
    }

    async fn execute(&self, key: &Key, set: &StatefulSet, plan: Plan) -> Result<(), SyncError> {
        for (kind, reason, text) in plan.tell {
            self.recorder.tell(set, kind, reason, text);
        }
        let (refused, no_claim) = self.create_claims(key, set, &plan.claims).await;
        for action in &plan.amend {
            match execute(&self.client, action).await {
                Err(error) if !client::is_not_found(&error) => return Err(error.into()),
                Ok(answer) if action.describe().contains("/persistentvolumeclaims/") => {
                    self.claims_written.wrote(key, &self.claims, &[answer]);
                }
                _ => {}
            }
        }
        let not_created = self.create_pods(key, set, &plan.create, &refused).await.err();
        let not_deleted = self.delete_pods(key, set, &plan.delete).await.err();
        if let Some(status) = &plan.status {
            match execute(&self.client, &Action::update_status(status)).await {
                Err(error) if !client::is_not_found(&error) => return Err(error.into()),
                _ => {}
            }
        }
        not_deleted.or(not_created).or(no_claim).map_or(Ok(()), Err)
    }

    /// Makes claims, each for the pod beside it: which pods have to wait for theirs and why, and
    /// the last failure.
    async fn create_claims(
        &self,
        key: &Key,
        set: &StatefulSet,
        claims: &[(String, PersistentVolumeClaim)],
    ) -> (HashMap<String, String>, Option<SyncError>) {
        let name = &key.name;
        let (mut refused, mut failure) = (HashMap::new(), None);
        for (pod, claim) in claims {
            let claim_name = claim.metadata.name.as_deref().unwrap_or_default();
            match execute(&self.client, &Action::create(claim)).await {
                Ok(None) => {}
                Ok(answer) => {
                    self.claims_written.wrote(key, &self.claims, &[answer]);
                    let text = format!(
                        "Create Claim {claim_name} Pod {pod} in StatefulSet {name} success"
                    );
                    self.recorder.tell(set, EventType::Normal, "SuccessfulCreate", text);
                }
                Err(error) => {
                    let why = client::message(&error);
                    let text = format!(
                        "Create Claim {claim_name} for Pod {pod} in StatefulSet {name} failed \
                         error: {why}"
                    );
                    self.recorder.tell(set, EventType::Warning, "FailedCreate", text);
                    let cause = format!("failed to create PVC {claim_name}: {why}");
                    refused.entry(pod.clone()).or_insert(cause);
                    failure = Some(error.into());
                }
            }
        }
        (refused, failure)
    }

    /// Makes pods up to the first that can't be made, or that has no claim: `refused` says why.
    async fn create_pods(
        &self,
        key: &Key,
        set: &StatefulSet,
        pods: &[Pod],
        refused: &HashMap<String, String>,
    ) -> Result<(), SyncError> {
        for pod in pods {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            if let Some(why) = refused.get(name) {
                self.tell_of_pod(set, "Create", name, Some(why));
                return Ok(());
            }
            match execute(&self.client, &Action::create(pod)).await {
                // The name is another's: it has to go before there is room.
                Ok(None) => {
                    return Err(SyncError::Other(format!("pods {name:?} already exists")));
                }
                Ok(answer) => {
                    self.expectations.wrote(key, &self.pods, &[answer]);
                    self.tell_of_pod(set, "Create", name, None);
                }
                Err(error) if client::is_refused_by_ending(&error) => {}
                Err(error) => {
                    self.tell_of_pod(set, "Create", name, Some(&client::message(&error)));
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Deletes pods up to the first that can't be deleted.
    async fn delete_pods(
        &self,
        key: &Key,
        set: &StatefulSet,
        pods: &[Arc<Pod>],
    ) -> Result<(), SyncError> {
        for pod in pods {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            if let Err(error) = execute(&self.client, &Action::delete(&**pod)).await {
                self.tell_of_pod(set, "Delete", name, Some(&client::message(&error)));
                return Err(error.into());
            }
            let uid = pod.metadata.uid.clone().unwrap_or_default();
            self.expectations.deleted(key, [(Key::of(&**pod), uid)]);
            self.tell_of_pod(set, "Delete", name, None);
        }
        Ok(())
    }

    /// Tells that `pod` was made or deleted, which is `verb`, or why it was not.
    fn tell_of_pod(&self, set: &StatefulSet, verb: &str, pod: &str, failure: Option<&str>) {
        let name = set.metadata.name.as_deref().unwrap_or_default();
        let done = format!("{verb} Pod {pod} in StatefulSet {name}");
        let (kind, reason, text) = match failure {
            None => (EventType::Normal, "Successful", format!("{done} successful")),
            Some(why) => (EventType::Warning, "Failed", format!("{done} failed error: {why}")),
        };
        self.recorder.tell(set, kind, &format!("{reason}{verb}"), text);
    }
}
