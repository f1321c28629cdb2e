//! node-lifecycle-controller: notices nodes that fall silent, and taints nodes by their condition.
//!
//! A node lives as long as its lease or its status changes, by this process's clock: clocks are
//! not compared. How fast nodes lose their pods depends on how their zone does; when no node at
//! all is ready, the trouble is taken to be ours, and nobody is evicted. Mirrors
//! `k8s.io/kubernetes/pkg/controller/nodelifecycle`.

mod metrics;
mod plan;
mod zones;

use crate::context::Context;
use control::events::reference;
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute, pods,
    run_workers,
};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod};
use kube::Client;
use plan::{Health, Plan, plan};
use runtime::clock::{self, Instant};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zones::{Rates, Zones, is_excluded, zone_of};

const LEASES: &str = "metadata.namespace=kube-node-lease";
const WORKERS: usize = 4;
const POD_WORKERS: usize = 4;

/// How old a look at all nodes may be.
const LOOK_AGE_MAX: Duration = Duration::from_secs(1);

struct Controller {
    client: Client,
    nodes: Arc<Informer<Node>>,
    leases: Arc<Informer<Lease>>,
    pods: Arc<Informer<Pod>>,
    recorder: Recorder,
    period: Duration,
    grace: Duration,
    startup_grace: Duration,
    /// When each node was last seen to live.
    lives: Mutex<HashMap<String, Instant>>,
    zones: Mutex<Zones>,
    looked: Mutex<Option<Instant>>,
    /// Silent nodes whose pods could not all be told of it yet.
    untold: Mutex<HashSet<String>>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let eviction = &context.options.eviction;
    let rates = Rates {
        normal: eviction.rate,
        reduced: eviction.secondary_rate,
        large: eviction.large_cluster_size,
        unhealthy: eviction.unhealthy_zone,
    };
    let controller = Arc::new(Controller {
        client: context.client(),
        nodes: context.informers.of::<Node>(),
        leases: context.informers.of_selected::<Lease>(LEASES),
        pods: context.informers.of::<Pod>(),
        recorder: context.recorder(),
        period: context.options.node_monitor_period,
        grace: context.options.node_monitor_grace_period,
        startup_grace: context.options.node_startup_grace_period,
        lives: Mutex::default(),
        zones: Mutex::new(Zones::new(rates)),
        looked: Mutex::default(),
        untold: Mutex::default(),
    });
    judge_new_pods(&controller, context);
    let queue = Queue::named("node_lifecycle_controller");
    watch(&controller, &queue);
    run_workers("node-lifecycle-controller", WORKERS, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.leases.synced().await;
            controller.pods.synced().await;
            controller.sync(key).await
        }
    });
}

/// A pod that comes to a node that is not ready is not ready either. Of pods that are there the
/// kubelet speaks for as long as it speaks at all: those are judged when it falls silent.
fn judge_new_pods(controller: &Arc<Controller>, context: &Context) {
    let queue = Queue::named("node_lifecycle_controller_pods");
    let add = queue.clone();
    controller.pods.on_change(move |change| {
        let is_new = match change {
            Change::Added(_) => true,
            Change::Updated(old, new) => pods::node_name(old) != pods::node_name(new),
            Change::Deleted(_) => false,
        };
        if is_new && pods::is_ready(change.object()) {
            add.add(Key::of(&**change.object()));
        }
    });
    let own = controller.clone();
    let name = "node-lifecycle-controller-pods";
    run_workers(name, POD_WORKERS, queue, &context.shutdown, move |key| {
        let own = own.clone();
        async move {
            own.nodes.synced().await;
            let Some(pod) = own.pods.get(&key) else { return Ok(Outcome::Done) };
            let node = own.nodes.get(&Key::new("", pods::node_name(&pod)));
            if node.is_some_and(|node| plan::was_ready_once(&node) && !plan::is_ready(&node)) {
                own.mark_unready(&pod).await?;
            }
            Ok(Outcome::Done)
        }
    });
}

fn watch(controller: &Arc<Controller>, queue: &Queue<Key>) {
    let (add, own) = (queue.clone(), controller.clone());
    controller.nodes.on_change(move |change| {
        let node = change.object();
        let name = node.metadata.name.clone().unwrap_or_default();
        match change {
            Change::Added(node) => {
                own.saw(&name);
                own.tell(node, "RegisteredNode", format!("Registered Node {name} in Controller"));
            }
            Change::Updated(old, new) if old.status != new.status => own.saw(&name),
            Change::Updated(..) => {}
            Change::Deleted(node) => {
                own.lives().remove(&name);
                own.untold().remove(&name);
                own.tell(node, "RemovingNode", format!("Removing Node {name} from Controller"));
            }
        }
        add.add(Key::of(&**node));
    });
    let own = controller.clone();
    controller.leases.on_change(move |change| {
        if !matches!(change, Change::Deleted(_)) {
            own.saw(change.object().metadata.name.as_deref().unwrap_or_default());
        }
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let begun = clock::monotonic();
        let Some(node) = self.nodes.get(&key) else { return Ok(Outcome::Done) };
        self.look();
        let health = Health {
            silent_for: self.silence(&key.name),
            grace: self.grace_of(&node),
            is_any_ready: !self.zones().is_all_down(),
        };
        let mut plan = plan(&node, &health, clock::now());
        if plan.evicts && !self.zones().may_evict(&zone_of(&node), clock::monotonic()) {
            plan.put_off(&node);
        }
        self.execute(&node, plan).await?;
        metrics::looked_at_a_node(begun.elapsed());
        Ok(Outcome::Again(self.period))
    }

    async fn execute(&self, node: &Node, plan: Plan) -> Result<(), SyncError> {
        let name = node.metadata.name.as_deref().unwrap_or_default();
        if let Some(action) = plan.status {
            execute(&self.client, &action).await?;
        }
        if plan.fell_silent {
            let message = format!("Node {name} status is now: NodeNotReady");
            self.recorder.tell_about(
                node_reference(node),
                EventType::Normal,
                "NodeNotReady",
                message,
            );
        }
        if plan.fell_silent {
            self.untold().insert(name.to_owned());
        }
        if plan.is_unready && self.untold().contains(name) {
            self.mark_pods_unready(name).await?;
        }
        self.untold().remove(name);
        if !plan.labels.is_empty() {
            let body = json!({"metadata": {"labels": plan.labels}});
            execute(&self.client, &Action::patch(node, body)).await?;
        }
        if let Some(taints) = plan.taints {
            let body = json!({"spec": {"taints": taints},
                "metadata": {"uid": node.metadata.uid, "resourceVersion":
                    node.metadata.resource_version}});
            match execute(&self.client, &Action::patch(node, body)).await {
                // Something newer is on its way here.
                Err(error) if client::is_conflict(&error) => {}
                other => {
                    other?;
                    if plan.evicts {
                        metrics::evictions(&zone_of(node)).increment();
                    }
                }
            }
        }
        Ok(())
    }

    async fn mark_pods_unready(&self, node: &str) -> Result<(), SyncError> {
        for pod in self.pods.list() {
            if pods::node_name(&pod) == node && pods::is_ready(&pod) {
                self.mark_unready(&pod).await?;
            }
        }
        Ok(())
    }

    async fn mark_unready(&self, pod: &Pod) -> Result<(), SyncError> {
        let body = json!({
            "metadata": {"uid": pod.metadata.uid},
            "status": {"conditions": [{"type": "Ready", "status": "False",
                "lastTransitionTime": clock::now().to_string()}]},
        });
        match execute(&self.client, &Action::patch_status(pod, body)).await {
            Err(error) if client::is_not_found(&error) => return Ok(()),
            other => drop(other?),
        }
        self.recorder.tell(pod, EventType::Warning, "NodeNotReady", "Node is not ready");
        Ok(())
    }

    fn tell(&self, node: &Node, reason: &str, what: String) {
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let message = format!("Node {name} event: {what}");
        self.recorder.tell_about(node_reference(node), EventType::Normal, reason, message);
    }

    fn saw(&self, name: &str) {
        self.lives().insert(name.to_owned(), clock::monotonic());
    }

    fn silence(&self, name: &str) -> Duration {
        self.lives().get(name).map_or(Duration::ZERO, Instant::elapsed)
    }

    fn lives(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn untold(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grace_of(&self, node: &Node) -> Duration {
        if plan::was_ready_once(node) { self.grace } else { self.startup_grace }
    }

    /// Looks at how the zones do, where that was not done a moment ago. A node that is silent for
    /// too long is not ready, whatever it said: others may not have been looked at yet.
    fn look(&self) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < LOOK_AGE_MAX) {
            return;
        }
        *looked = Some(clock::monotonic());
        let nodes = self.nodes.list();
        let counted = nodes.iter().filter(|node| !is_excluded(node)).map(|node| {
            let name = node.metadata.name.as_deref().unwrap_or_default();
            let is_silent = self.silence(name) > self.grace_of(node);
            (zone_of(node), plan::is_ready(node) && !is_silent)
        });
        let counted: Vec<_> = counted.collect();
        if self.zones().observe(&counted) {
            // Whoever was silent while everything was down gets another chance.
            let now = clock::monotonic();
            self.lives().values_mut().for_each(|life| *life = now);
        }
    }

    fn zones(&self) -> std::sync::MutexGuard<'_, Zones> {
        self.zones.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn node_reference(node: &Node) -> ObjectReference {
    ObjectReference { resource_version: None, ..reference(node) }
}
