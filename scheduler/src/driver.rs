//! Joins it all: informers to the cache and the queue, the queue to the cycle, the cycle to the
//! API server.
//!
//! Mirrors `eventhandlers.go` and `schedule_one.go` of `k8s.io/kubernetes/pkg/scheduler`.

mod binding;
mod binding_volumes;
mod preempting;
mod telling;

use crate::cache::Cache;
use crate::cycle::{Decision, Search, schedule};
use crate::flags::Options;
use crate::kin::Kin;
use crate::limits::BINDINGS_MAX;
use crate::metrics::{self, Outcome};
use crate::plugin::Events;
use crate::pod::{DEFAULT_SCHEDULER, PodInfo, scheduler_of};
use crate::preemption::{Preemption, preempt};
use crate::profile::Profile;
use crate::queue::{Queue, Taken};
use crate::refusal::Refusal;
use crate::resources::Resources;
use crate::snapshot::Snapshot;
use crate::surroundings::{Shelf, Surroundings};
use crate::volumes::{PodClaims, Step};
use control::{Change, Informed, Informer, Informers, Key, Recorder, pods};
use k8s_openapi::api::core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::{CSINode, StorageClass};
use kube::Client;
use runtime::{Shutdown, clock, entropy};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// The scheduler's parts. Clones are the same scheduler.
#[derive(Clone)]
pub(crate) struct Scheduler {
    client: Client,
    nodes: Arc<Informer<Node>>,
    pods: Arc<Informer<Pod>>,
    namespaces: Arc<Informer<Namespace>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    volumes: Arc<Informer<PersistentVolume>>,
    classes: Arc<Informer<StorageClass>>,
    csi_nodes: Arc<Informer<CSINode>>,
    budgets: Arc<Informer<PodDisruptionBudget>>,
    kin: Kin,
    cache: Arc<Mutex<Cache>>,
    queue: Arc<Queue>,
    recorder: Recorder,
    profiles: Arc<Vec<Arc<Profile>>>,
    start: Arc<AtomicUsize>,
    bindings: Arc<Semaphore>,
}

impl Scheduler {
    pub(crate) fn new(options: &Options, client: Client, shutdown: &Shutdown) -> Self {
        let informers = Informers::new(client.clone(), shutdown.clone());
        Self {
            nodes: informers.of::<Node>(),
            // Pods that have ended take nothing from anybody.
            pods: informers.of_selected::<Pod>("status.phase!=Succeeded,status.phase!=Failed"),
            namespaces: informers.of(),
            claims: informers.of(),
            volumes: informers.of(),
            classes: informers.of(),
            csi_nodes: informers.of(),
            budgets: informers.of(),
            kin: Kin::new(&informers),
            cache: Arc::default(),
            queue: Arc::new(Queue::new(options.backoff)),
            recorder: Recorder::new(client.clone(), DEFAULT_SCHEDULER, shutdown),
            profiles: options.profiles.clone(),
            start: Arc::default(),
            bindings: Arc::new(Semaphore::new(BINDINGS_MAX)),
            client,
        }
    }

    pub(crate) fn start(&self, shutdown: &Shutdown) {
        let scheduler = self.clone();
        self.nodes.on_change(move |change| scheduler.on_node(change));
        let scheduler = self.clone();
        self.pods.on_change(move |change| scheduler.on_pod(change));
        self.keep(&self.namespaces, |around| &mut around.namespaces, Events::NAMESPACE);
        self.keep(&self.claims, |around| &mut around.claims, Events::CLAIM);
        self.keep(&self.volumes, |around| &mut around.volumes, Events::VOLUME);
        self.keep(&self.classes, |around| &mut around.classes, Events::STORAGE_CLASS);
        self.keep(&self.csi_nodes, |around| &mut around.csi_nodes, Events::CSI_NODE);
        self.keep(&self.budgets, |around| &mut around.budgets, Events::NONE);
        metrics::watch(&self.queue);
        let (scheduler, child) = (self.clone(), shutdown.clone());
        shutdown.spawn_until_begun("scheduler", async move {
            scheduler.nodes.synced().await;
            scheduler.pods.synced().await;
            scheduler.namespaces.synced().await;
            scheduler.claims.synced().await;
            scheduler.volumes.synced().await;
            scheduler.classes.synced().await;
            scheduler.csi_nodes.synced().await;
            scheduler.budgets.synced().await;
            scheduler.kin.synced().await;
            loop {
                let taken = scheduler.queue.take().await;
                scheduler.place(taken, &child).await;
            }
        });
    }

    /// Keeps what `informer` knows on one shelf of the surroundings.
    fn keep<K: Informed>(
        &self,
        informer: &Informer<K>,
        shelf: fn(&mut Surroundings) -> &mut Shelf<K>,
        events: Events,
    ) {
        let scheduler = self.clone();
        informer.on_change(move |change| {
            let key = Key::of(&**change.object());
            let mut cache = scheduler.cache();
            let shelf = Arc::make_mut(shelf(cache.around()));
            match change {
                Change::Deleted(_) => drop(shelf.remove(&key)),
                Change::Added(new) | Change::Updated(_, new) => {
                    shelf.insert(key, (*new).clone());
                }
            }
            drop(cache);
            if !events.is_empty() {
                scheduler.queue.happened(events);
            }
        });
    }

    fn on_node(&self, change: &Change<'_, Node>) {
        let events = match change {
            Change::Added(_) => Events::NODE_ADDED,
            Change::Updated(old, new) => node_events(old, new),
            Change::Deleted(node) => {
                let name = node.metadata.name.as_deref().unwrap_or_default();
                self.cache().remove_node(name);
                self.queue.happened(Events::NODE_DELETED);
                return;
            }
        };
        self.cache().set_node(change.object().clone());
        if !events.is_empty() {
            self.queue.happened(events);
        }
    }

    fn on_pod(&self, change: &Change<'_, Pod>) {
        let pod = change.object();
        let key = Key::of(&**pod);
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        let node = pods::node_name(pod);
        if matches!(change, Change::Deleted(_)) || pods::is_finished(pod) {
            self.queue.remove(&key);
            self.cache().withdraw(uid);
            if self.cache().remove_pod(uid) {
                self.queue.happened(Events::POD_DELETED);
            }
            return;
        }
        if !node.is_empty() {
            self.queue.remove(&key);
            let before = match change {
                Change::Updated(old, _) => Some(old),
                _ => None,
            };
            let was_placed = before.is_some_and(|old| !pods::node_name(old).is_empty());
            // Most changes are of the status; they move nobody.
            if let Some(old) = before.filter(|_| was_placed)
                && old.spec == pod.spec
                && old.metadata.labels == pod.metadata.labels
                && pods::is_terminating(old) == pods::is_terminating(pod)
                && Resources::of_pod(old) == Resources::of_pod(pod)
            {
                return;
            }
            self.cache().place(Arc::new(PodInfo::new(pod.clone())), node);
            self.queue.happened(if was_placed { Events::POD_CHANGED } else { Events::POD_ADDED });
            return;
        }
        if pods::is_terminating(pod) || !self.is_ours(pod) {
            self.queue.remove(&key);
            self.cache().withdraw(uid);
            return;
        }
        if self.cache().has_node(uid) {
            // It is being bound: nothing is to be decided, whatever its status says meanwhile.
            return;
        }
        let is_new_spec = match change {
            Change::Updated(old, new) => {
                old.spec != new.spec || old.metadata.labels != new.metadata.labels
            }
            _ => true,
        };
        let info = Arc::new(PodInfo::new(pod.clone()));
        self.follow_nomination(change, &info);
        self.queue.set(info, is_new_spec);
    }

    /// Where room is made for a pod is in its status, so that a restart finds it again.
    fn follow_nomination(&self, change: &Change<'_, Pod>, pod: &Arc<PodInfo>) {
        let named = |pod: &Pod| {
            let status = pod.status.as_ref();
            status.and_then(|status| status.nominated_node_name.clone()).unwrap_or_default()
        };
        let before = match change {
            Change::Updated(old, _) => named(old),
            _ => String::new(),
        };
        let now = named(&pod.pod);
        if !now.is_empty() {
            self.cache().nominate(pod.clone(), &now);
        } else if !before.is_empty() {
            self.cache().withdraw(&pod.uid);
        }
    }

    fn is_ours(&self, pod: &Pod) -> bool {
        self.profile(pod).is_some()
    }

    /// The profile that `pod` asks for, where it is one of ours.
    fn profile(&self, pod: &Pod) -> Option<&Arc<Profile>> {
        let name = scheduler_of(pod);
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// Tells in the name of the profile that `pod` asks for.
    fn recorder(&self, pod: &Pod) -> Recorder {
        self.recorder.named(scheduler_of(pod))
    }

    /// One cycle.
    async fn place(&self, taken: Taken, shutdown: &Shutdown) {
        let profile = self.profile(&taken.pod.pod).filter(|_| self.is_waiting(&taken));
        let Some(profile) = profile else { return self.queue.settled(&taken) };
        let snapshot = {
            let mut cache = self.cache();
            cache.follow(&taken.pod);
            cache.snapshot()
        };
        let search = Search {
            percent: profile.nodes_percent,
            start: self.start.load(Ordering::Relaxed),
            chance: entropy::below(u64::MAX),
        };
        let began = clock::monotonic();
        let pod = PodInfo { kin: self.kin.of(&taken.pod.pod), ..(*taken.pod).clone() };
        let decision = schedule(&pod, &snapshot, &profile.rows, search);
        let preemption = match &decision {
            Decision::Refuse(refusal) if refusal.nodes > 0 => Some(preempt(
                &pod,
                &snapshot,
                &profile.rows,
                refusal,
                profile.preemption,
                search.chance,
            )),
            _ => None,
        };
        metrics::decided(began);
        if let Some(preemption) = &preemption {
            metrics::preemption(match preemption {
                Preemption::Room { victims, .. } => Some(victims.len()),
                Preemption::Nothing { .. } => None,
            });
        }
        let steps = match &decision {
            Decision::Bind { node, .. } => volume_steps(&pod, &snapshot, node),
            Decision::Refuse(_) => Vec::new(),
        };
        // Held no longer than needed: as long as it is, the cache copies what it changes.
        drop(snapshot);
        match decision {
            Decision::Bind { node, next_start } => {
                self.start.store(next_start, Ordering::Relaxed);
                self.begin_binding(taken, node, steps, profile.clone(), began, shutdown).await;
            }
            Decision::Refuse(refusal) => {
                metrics::attempt(&profile.name, Outcome::Unschedulable, began);
                self.begin_refusal(taken, refusal, preemption, shutdown);
            }
        }
    }

    /// Whether the pod is as it was when it was taken: without a node.
    fn is_waiting(&self, taken: &Taken) -> bool {
        let known = self.pods.get(&taken.pod.key);
        let is_waiting = known.is_some_and(|pod| {
            pod.metadata.uid.as_deref() == Some(taken.pod.uid.as_str())
                && pods::node_name(&pod).is_empty()
                && !pods::is_terminating(&pod)
        });
        is_waiting && !self.cache().has_node(&taken.pod.uid)
    }

    /// Puts the pod back, and tells why and makes room beside the cycles that follow.
    fn begin_refusal(
        &self,
        taken: Taken,
        mut refusal: Refusal,
        preemption: Option<Preemption>,
        shutdown: &Shutdown,
    ) {
        let mut nominated = Some(String::new());
        let mut room = None;
        match preemption {
            None => {}
            Some(Preemption::Nothing { sentence, gives_up }) => {
                refusal.preemption = Some(sentence);
                nominated = nominated.filter(|_| gives_up);
            }
            Some(Preemption::Room { node, victims }) => {
                self.cache().nominate(taken.pod.clone(), &node);
                nominated = Some(node.clone());
                room = Some((node, victims));
            }
        }
        let message = refusal.message();
        tracing::debug!(pod = %taken.pod.key, message, "no node");
        self.refuse(&taken, &refusal);
        let scheduler = self.clone();
        shutdown.spawn("refusal", async move {
            let nominated = nominated.as_deref();
            scheduler.tell_refusal(&taken, "Unschedulable", &message, nominated).await;
            if let Some((node, victims)) = room {
                scheduler.make_room(&taken.pod, &node, &victims).await;
            }
        });
    }

    fn refuse(&self, taken: &Taken, refusal: &Refusal) {
        for verdict in &refusal.verdicts {
            tracing::trace!(pod = %taken.pod.key, node = verdict.node, plugin = verdict.plugin,
                reasons = ?verdict.reasons, resolvable = verdict.resolvable, "refused");
        }
        self.queue.refused(taken, taken.pod.clone(), refusal.wants);
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a node's new state may mean for refused pods.
fn node_events(old: &Node, new: &Node) -> Events {
    let status = |node: &Node| node.status.as_ref().and_then(|status| status.allocatable.clone());
    let taints = |node: &Node| {
        node.spec.as_ref().map(|spec| (spec.taints.clone(), spec.unschedulable.unwrap_or(false)))
    };
    let mut events = Events::NONE;
    if status(old) != status(new) {
        events = events.and(Events::NODE_RESOURCES);
    }
    if old.metadata.labels != new.metadata.labels {
        events = events.and(Events::NODE_LABELS);
    }
    if taints(old) != taints(new) {
        events = events.and(Events::NODE_TAINTS);
    }
    events
}

/// What is to be written so that `pod` has its volumes on `node`.
fn volume_steps(pod: &PodInfo, snapshot: &Snapshot, node: &str) -> Vec<Step> {
    if pod.claims.is_empty() {
        return Vec::new();
    }
    let Some(node) = snapshot.node(node) else { return Vec::new() };
    let claims = PodClaims::of(pod, &snapshot.around).unwrap_or_default();
    claims.plan(&snapshot.around, node).unwrap_or_default()
}
