//! daemonset-controller: one pod on each node that fits.
//!
//! A pod is bound to its node by affinity and placed by the scheduler. Mirrors
//! `k8s.io/kubernetes/pkg/controller/daemon`.

mod plan;
mod pod;

use super::adoption;
use super::pod_control::PodControl;
use super::revisions::{Naming, Revisions};
use crate::context::Context;
use control::selector::{Matcher, is_empty};
use control::{
    Action, Change, EventType, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError,
    execute, owner, pods, run_workers,
};
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Client;
use plan::{Plan, Snapshot, plan};
use runtime::clock::{self, Instant};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A node whose pod failed gets the next one after this, doubled each time up to the maximum.
const FAILED_BACKOFF: Duration = Duration::from_secs(1);
const FAILED_BACKOFF_MAX: Duration = Duration::from_secs(15 * 60);

/// How long a node's last failed pod is held against the next.
const FAILED_MEMORY: Duration = Duration::from_secs(2 * 15 * 60);

struct Controller {
    client: Client,
    sets: Arc<Informer<DaemonSet>>,
    pods: Arc<Informer<Pod>>,
    nodes: Arc<Informer<Node>>,
    revisions: Arc<Informer<ControllerRevision>>,
    expectations: Expectations,
    recorder: Recorder,
    /// By set and node: when the last failed pod went, and how long the next has to wait.
    failed: Mutex<HashMap<(String, String), (Instant, Duration)>>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        sets: context.informers.of::<DaemonSet>(),
        pods: context.informers.of::<Pod>(),
        nodes: context.informers.of::<Node>(),
        revisions: context.informers.of::<ControllerRevision>(),
        expectations: Expectations::default(),
        recorder: context.recorder_as("daemonset-controller"),
        failed: Mutex::default(),
    });
    let queue = Queue::named("daemonset");
    watch(&controller, &queue);
    let workers = context.options.concurrency.daemon_sets;
    run_workers("daemonset-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.sets.synced().await;
            controller.pods.synced().await;
            controller.nodes.synced().await;
            controller.revisions.synced().await;
            controller.sync(key).await
        }
    });
}

fn watch(controller: &Controller, queue: &Queue<Key>) {
    let add = queue.clone();
    controller.sets.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, sets) = (queue.clone(), controller.sets.clone());
    controller.nodes.on_change(move |change| {
        let fits = |node: &Node| (node.metadata.labels.clone(), node.spec.clone());
        if matches!(change, Change::Updated(old, new) if fits(old) == fits(new)) {
            return;
        }
        sets.list().iter().for_each(|set| add.add(Key::of(&**set)));
    });
    let (add, sets) = (queue.clone(), controller.sets.clone());
    controller.pods.on_change(move |change| {
        let pod = change.object();
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        match owner::controller_of(&**pod) {
            Some(found) if found.kind == "DaemonSet" => add.add(Key::new(namespace, &found.name)),
            Some(_) => {}
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
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(set) = self.sets.get(&key) else {
            self.expectations.forget(&key);
            return Ok(Outcome::Done);
        };
        let Some(spec) = &set.spec else { return Ok(Outcome::Done) };
        if is_empty(&spec.selector) {
            let text = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.recorder.tell(&*set, EventType::Warning, "SelectingAll", text);
            return Ok(Outcome::Done);
        }
        if set.metadata.deletion_timestamp.is_some() {
            return Ok(Outcome::Done);
        }
        let matcher = Matcher::new(&spec.selector).map_err(SyncError::Other)?;
        let is_met = self.expectations.are_met(&key, &self.pods);
        if self.adopt_and_release(&key, &set, &matcher).await? {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let uid = set.metadata.uid.as_deref().unwrap_or_default();
        let collisions = set.status.as_ref().and_then(|status| status.collision_count);
        let revisions = Revisions::of(
            &*set,
            &spec.template,
            collisions,
            Naming::Template,
            self.revisions.controlled_by(uid),
        );
        revisions.write(&self.client).await?;
        let snapshot = Snapshot {
            set: &set,
            nodes: self.nodes.list(),
            pods: self.pods.controlled_by(uid),
            hash: revisions.hash(),
            manage: is_met,
            held: HashSet::new(),
        };
        let (held, held_for) = self.held(uid, &snapshot.pods);
        let snapshot = Snapshot { held, ..snapshot };
        let plan = plan(&snapshot, clock::now());
        let failure = self.execute(&key, &set, &plan).await;
        for old in revisions.surplus(plan.history_limit, |old| {
            snapshot.pods.iter().any(|pod| pod::hash(pod) == Some(super::revisions::hash_of(old)))
        }) {
            execute(&self.client, &Action::delete(&*old)).await?;
        }
        if let Some(status) = &plan.status {
            match execute(&self.client, &Action::update_status(status)).await {
                Err(error) if !client::is_not_found(&error) => return Err(error.into()),
                _ => {}
            }
        }
        match failure {
            Some(error) => Err(error),
            None if !is_met => Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK)),
            None => Ok(plan
                .look_again
                .into_iter()
                .chain(held_for)
                .min()
                .map_or(Outcome::Done, Outcome::Again)),
        }
    }

    /// Whether anything was adopted or let go: the snapshot is old then.
    async fn adopt_and_release(
        &self,
        key: &Key,
        set: &DaemonSet,
        matcher: &Matcher,
    ) -> Result<bool, SyncError> {
        let claims = owner::claim(set, matcher, self.pods.list_in(&key.namespace));
        if claims.actions.is_empty() {
            return Ok(false);
        }
        let answers = adoption::adopt_and_release(&self.client, set, &claims.actions).await?;
        self.expectations.wrote(key, &self.pods, &answers);
        Ok(true)
    }

    async fn execute(&self, key: &Key, set: &DaemonSet, plan: &Plan) -> Option<SyncError> {
        let control = PodControl {
            client: &self.client,
            pods: &self.pods,
            expectations: &self.expectations,
            recorder: &self.recorder,
            key,
            owner: set,
        };
        let (_, mut failure) = control.create(&plan.create).await;
        for pod in &plan.ended {
            self.replace(set, pod);
        }
        for pod in plan.ended.iter().chain(&plan.delete) {
            failure = control.delete(pod).await.err().or(failure);
        }
        failure.map(SyncError::from)
    }

    /// Those of `pods` that failed where others failed a moment ago, and when the first of them
    /// may be replaced.
    fn held(&self, uid: &str, pods: &[Arc<Pod>]) -> (HashSet<String>, Option<Duration>) {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut held, mut first) = (HashSet::new(), None);
        for pod in pods.iter().filter(|pod| pods::phase(pod) == "Failed") {
            let key = (uid.to_owned(), pods::node_name(pod).to_owned());
            let left = failed.get(&key).map(|(since, wait)| wait.saturating_sub(since.elapsed()));
            let Some(left) = left.filter(|left| !left.is_zero()) else { continue };
            held.extend(pod.metadata.uid.clone());
            first = Some(first.map_or(left, |first: Duration| first.min(left)));
        }
        (held, first)
    }

    /// Tells of a pod that ended; after a failure its node waits longer the next time.
    fn replace(&self, set: &DaemonSet, pod: &Pod) {
        let (key, node) = (Key::of(pod), pods::node_name(pod).to_owned());
        if pods::phase(pod) == "Succeeded" {
            let text =
                format!("Found succeeded daemon pod {key} on node {node}, will try to delete it");
            self.recorder.tell(set, EventType::Normal, "SucceededDaemonPod", text);
            return;
        }
        let text = format!("Found failed daemon pod {key} on node {node}, will try to kill it");
        self.recorder.tell(set, EventType::Warning, "FailedDaemonPod", text);
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, (since, _)| since.elapsed() <= FAILED_MEMORY);
        let uid = set.metadata.uid.clone().unwrap_or_default();
        let entry = failed.entry((uid, node));
        entry
            .and_modify(|(since, wait)| {
                (*since, *wait) = (clock::monotonic(), (*wait * 2).min(FAILED_BACKOFF_MAX));
            })
            .or_insert_with(|| (clock::monotonic(), FAILED_BACKOFF));
    }
}
