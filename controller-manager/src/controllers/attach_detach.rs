//! persistentvolume-attach-detach-controller: volumes are attached to the nodes of their pods.
//!
//! It says by a VolumeAttachment that a driver is to attach a volume, and in the node's status
//! that it is attached; a kubelet mounts nothing else. Only nodes that leave this to the controller
//! are looked after. Mirrors `k8s.io/kubernetes/pkg/controller/volume/attachdetach`.

mod plan;
mod wanted;

use crate::context::Context;
use control::volumes::{claims_of, volume_name};
use control::{
    Action, Change, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    pods, run_workers,
};
use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::{CSIDriver, VolumeAttachment};
use kube::{Api, Client};
use plan::{Plan, Removal, Snapshot, has_in_use, is_managed, plan};
use runtime::clock::{self, Instant};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wanted::{Around, wanted};

struct Controller {
    client: Client,
    nodes: Arc<Informer<Node>>,
    pods: Arc<Informer<Pod>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    volumes: Arc<Informer<PersistentVolume>>,
    drivers: Arc<Informer<CSIDriver>>,
    attachments: Arc<Informer<VolumeAttachment>>,
    /// Attachments that were made or ended and don't show yet, of all nodes: what one has decides
    /// what another may get.
    written: Expectations,
    memory: Mutex<Memory>,
    recorder: Recorder,
    forces: bool,
}

/// By node and the volume's unique name.
#[derive(Debug, Default)]
struct Memory {
    /// Since when volumes wait to be taken off.
    waiting: HashMap<(String, String), Instant>,
    /// Volumes that another node has; told of once.
    blocked: HashSet<(String, String)>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        nodes: context.informers.of::<Node>(),
        pods: context.informers.of::<Pod>(),
        claims: context.informers.of::<PersistentVolumeClaim>(),
        volumes: context.informers.of::<PersistentVolume>(),
        drivers: context.informers.of::<CSIDriver>(),
        attachments: context.informers.of::<VolumeAttachment>(),
        written: Expectations::default(),
        memory: Mutex::default(),
        recorder: context.recorder(),
        forces: context.options.force_detach,
    });
    let queue = Queue::named("attach_detach");
    watch(&controller, &queue);
    // One at a time: two nodes may want the same volume.
    run_workers("attachdetach-controller", 1, queue, &context.shutdown, move |key: Key| {
        let controller = controller.clone();
        async move {
            controller.nodes.synced().await;
            controller.pods.synced().await;
            controller.claims.synced().await;
            controller.volumes.synced().await;
            controller.drivers.synced().await;
            controller.attachments.synced().await;
            controller.sync(key).await
        }
    });
}

fn watch(controller: &Arc<Controller>, queue: &Queue<Key>) {
    let add = queue.clone();
    controller.nodes.on_change(move |change| {
        let is_same = matches!(change, Change::Updated(old, new) if facts(old) == facts(new));
        if !is_same {
            add.add(Key::of(&**change.object()));
        }
    });
    let add = queue.clone();
    controller.pods.on_change(move |change| {
        let pod = change.object();
        if has_attachable(pod) && !pods::node_name(pod).is_empty() {
            add.add(Key::new("", pods::node_name(pod)));
        }
    });
    let (add, all) = (queue.clone(), controller.pods.clone());
    controller.claims.on_change(move |change| {
        let claim = change.object();
        let is_same =
            matches!(change, Change::Updated(old, new) if volume_name(old) == volume_name(new));
        if is_same || volume_name(claim).is_empty() {
            return;
        }
        let key = Key::of(&**claim);
        for pod in all.list_in(&key.namespace) {
            let is_placed = !pods::node_name(&pod).is_empty();
            if is_placed && claims_of(&pod).any(|(used, _)| used == key) {
                add.add(Key::new("", pods::node_name(&pod)));
            }
        }
    });
    let (add, own) = (queue.clone(), Arc::downgrade(controller));
    controller.attachments.on_change(move |change| {
        add.add(Key::new("", change.object().spec.node_name.as_str()));
        if let (Change::Deleted(_), Some(controller)) = (change, own.upgrade()) {
            let blocked: HashSet<String> =
                controller.memory().blocked.iter().map(|(node, _)| node.clone()).collect();
            blocked.into_iter().for_each(|node| add.add(Key::new("", node)));
        }
    });
}

/// What of a node matters here: not its heartbeats.
fn facts(node: &Node) -> (bool, Value) {
    let status = node.status.as_ref();
    let ready = status.into_iter().flat_map(|status| status.conditions.iter().flatten());
    let ready: Vec<&str> = ready
        .filter(|condition| condition.type_ == "Ready")
        .map(|condition| condition.status.as_str())
        .collect();
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    let value = json!({
        "ready": ready,
        "inUse": status.and_then(|status| status.volumes_in_use.as_ref()),
        "attached": status.and_then(|status| status.volumes_attached.as_ref()),
        "taints": taints.map(|taints| taints.iter().map(|taint| &taint.key).collect::<Vec<_>>()),
    });
    (is_managed(node), value)
}

/// Whether it may have volumes to attach.
fn has_attachable(pod: &Pod) -> bool {
    let mut volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.any(|volume| {
        volume.persistent_volume_claim.is_some()
            || volume.ephemeral.is_some()
            || volume.iscsi.is_some()
            || volume.fc.is_some()
    })
}

impl Controller {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let everywhere = Key::default();
        if !self.written.are_met(&everywhere, &self.attachments) {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let node = self.nodes.get(&key);
        if node.as_ref().is_some_and(|node| !is_managed(node)) {
            return Ok(Outcome::Done);
        }
        let plan = self.plan(&key.name, node.as_deref());
        let tells_blocked = self.remember(&key.name, &plan);
        let look_again = plan.look_again;
        let is_settled = self.execute(&key.name, node.as_deref(), plan, tells_blocked).await?;
        Ok(match look_again {
            _ if !is_settled => Outcome::Again(control::limits::EXPECTATION_RECHECK),
            Some(delay) => Outcome::Again(delay),
            None => Outcome::Done,
        })
    }

    fn plan(&self, name: &str, node: Option<&Node>) -> Plan {
        let mut here = Vec::new();
        let mut there: Vec<Arc<Pod>> = Vec::new();
        for pod in self.pods.list().into_iter().filter(|pod| has_attachable(pod)) {
            match pods::node_name(&pod) {
                "" => {}
                own if own == name => here.push(pod),
                _ => there.push(pod),
            }
        }
        let around = Around {
            claim: &|key| self.claims.get(key),
            volume: &|name| self.volumes.get(&Key::new("", name)),
            driver: &|name| self.drivers.get(&Key::new("", name)),
        };
        let wanted = if node.is_some() { wanted(&here, &around) } else { BTreeMap::new() };
        let all = self.attachments.list();
        let on_node = all.iter().filter(|attachment| attachment.spec.node_name == name);
        let attachments = on_node
            .filter_map(|attachment| Some((self.unique_name(attachment)?, attachment.clone())));
        let is_elsewhere = |volume: &str| {
            all.iter().any(|attachment| {
                attachment.spec.node_name != name
                    && attachment.spec.source.persistent_volume_name.as_deref() == Some(volume)
            })
        };
        let rivals = |unique: &str| {
            let mut found = self::wanted(&there, &around);
            found.remove(unique).map(|wanted| wanted.pods).unwrap_or_default()
        };
        let since = self.memory().waiting.clone();
        let waited = |unique: &str| {
            let since = since.get(&(name.to_owned(), unique.to_owned()));
            since.map_or(Duration::ZERO, Instant::elapsed)
        };
        plan(&Snapshot {
            name,
            node,
            wanted,
            attachments: attachments.collect(),
            is_elsewhere: &is_elsewhere,
            rivals: &rivals,
            waited: &waited,
            forces: self.forces,
        })
    }

    /// The name that kubelets have for the volume of `attachment`; none for one that is not of
    /// this controller's making.
    fn unique_name(&self, attachment: &VolumeAttachment) -> Option<String> {
        let volume = attachment.spec.source.persistent_volume_name.as_deref()?;
        let volume = self.volumes.get(&Key::new("", volume))?;
        let csi = volume.spec.as_ref()?.csi.as_ref()?;
        let (driver, handle) = (&csi.driver, &csi.volume_handle);
        let name = plan::attachment_name(driver, handle, &attachment.spec.node_name);
        let is_ours = attachment.metadata.name.as_ref() == Some(&name);
        is_ours.then(|| format!("kubernetes.io/csi/{driver}^{handle}"))
    }

    /// Keeps what `plan` found out about the node named `name`; gives back whether there are
    /// blocked volumes that have not been told of.
    fn remember(&self, name: &str, plan: &Plan) -> bool {
        let mut memory = self.memory();
        let of_node = |unique: &String| (name.to_owned(), unique.clone());
        memory.waiting.retain(|(node, unique), _| node != name || plan.waiting.contains(unique));
        for unique in &plan.waiting {
            memory.waiting.entry(of_node(unique)).or_insert_with(clock::monotonic);
        }
        memory.blocked.retain(|(node, unique)| node != name || plan.blocked.contains(unique));
        let is_new = plan.blocked.iter().filter(|unique| memory.blocked.insert(of_node(unique)));
        is_new.count() > 0
    }

    /// Whether all of `plan` was done. Without `tells_blocked` nothing is said of volumes that
    /// another node has.
    async fn execute(
        &self,
        name: &str,
        node: Option<&Node>,
        plan: Plan,
        tells_blocked: bool,
    ) -> Result<bool, SyncError> {
        let everywhere = Key::default();
        if let (Some(report), Some(node)) = (&plan.report, node) {
            let patch = json!({"status": {"volumesAttached": report}});
            execute(&self.client, &Action::patch_status(node, patch)).await?;
        }
        for (pod, kind, reason, text) in &plan.tell {
            if tells_blocked || !text.starts_with("Multi-Attach") {
                self.recorder.tell(&**pod, *kind, reason, text.as_str());
            }
        }
        let mut is_settled = true;
        for removal in &plan.delete {
            if !removal.is_forced && self.is_in_use(name, removal).await? {
                is_settled = false;
                continue;
            }
            execute(&self.client, &Action::delete(&*removal.attachment)).await?;
            let uid = removal.attachment.metadata.uid.clone().unwrap_or_default();
            self.written.deleted(&everywhere, [(Key::of(&*removal.attachment), uid)]);
        }
        for attachment in &plan.create {
            let answer = execute(&self.client, &Action::create(attachment)).await?;
            self.written.wrote(&everywhere, &self.attachments, &[answer]);
        }
        Ok(is_settled)
    }

    /// Asks the server once more: taking off what is mounted loses data.
    async fn is_in_use(&self, name: &str, removal: &Removal) -> Result<bool, SyncError> {
        let api: Api<Node> = Api::all(self.client.clone());
        let node = api.get_opt(name).await?;
        Ok(node.is_some_and(|node| has_in_use(&node, &removal.unique)))
    }
}
