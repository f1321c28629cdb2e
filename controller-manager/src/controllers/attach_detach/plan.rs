//! What to attach to a node and what to take off it: pure.
//!
//! A node's status says what is attached; its kubelet mounts nothing else. A volume goes out of
//! that list before it is taken off, and it is not taken off while the kubelet says that it has it
//! in use, unless the node is lost. Mirrors `reconciler.go` of
//! `k8s.io/kubernetes/pkg/controller/volume/attachdetach` and `csi_attacher.go` of
//! `pkg/volume/csi`.

use super::wanted::{Attacher, Wanted};
use control::{EventType, Key};
use k8s_openapi::api::core::v1::{AttachedVolume, Node, Pod};
use k8s_openapi::api::storage::v1::{
    VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How long a volume that is in use on an unhealthy node is waited for.
const UNMOUNT_MAX: Duration = Duration::from_secs(6 * 60);
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
const MANAGED: &str = "volumes.kubernetes.io/controller-managed-attach-detach";

/// What is known of a node.
pub(super) struct Snapshot<'a> {
    pub(super) name: &'a str,
    /// None when it is gone.
    pub(super) node: Option<&'a Node>,
    /// By unique name.
    pub(super) wanted: BTreeMap<String, Wanted>,
    /// What is attached to it or about to be, with the unique names.
    pub(super) attachments: Vec<(String, Arc<VolumeAttachment>)>,
    /// Whether the PersistentVolume of this name is attached to another node.
    pub(super) is_elsewhere: &'a (dyn Fn(&str) -> bool + Send + Sync),
    /// The pods on other nodes that use the volume with this unique name.
    pub(super) rivals: &'a (dyn Fn(&str) -> Vec<Arc<Pod>> + Send + Sync),
    /// How long the volume with this unique name has been waited for to be taken off.
    pub(super) waited: &'a (dyn Fn(&str) -> Duration + Send + Sync),
    /// Whether it is taken off an unhealthy node at last.
    pub(super) forces: bool,
}

/// The answer to a snapshot.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) create: Vec<VolumeAttachment>,
    /// The list in the node's status, where it changes; before `delete`.
    pub(super) report: Option<Vec<AttachedVolume>>,
    pub(super) delete: Vec<Removal>,
    pub(super) tell: Vec<(Arc<Pod>, EventType, &'static str, String)>,
    /// Unique names of volumes that have to be taken off another node first.
    pub(super) blocked: Vec<String>,
    /// Unique names of volumes that wait to be taken off.
    pub(super) waiting: Vec<String>,
    pub(super) look_again: Option<Duration>,
}

/// An attachment that is to end.
#[derive(Debug)]
pub(super) struct Removal {
    pub(super) unique: String,
    pub(super) attachment: Arc<VolumeAttachment>,
    /// Whether the node need not be asked once more.
    pub(super) is_forced: bool,
}

/// The name of the attachment of a driver's volume to a node.
pub(super) fn attachment_name(driver: &str, handle: &str, node: &str) -> String {
    let digest = Sha256::digest(format!("{handle}{driver}{node}"));
    digest.iter().fold("csi-".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}

/// Whether a node leaves attaching to this controller.
pub(super) fn is_managed(node: &Node) -> bool {
    let annotations = node.metadata.annotations.as_ref();
    annotations.and_then(|all| all.get(MANAGED)).is_some_and(|value| value == "true")
}

/// Whether its kubelet says that it has the volume with the name `unique` in use.
pub(super) fn has_in_use(node: &Node, unique: &str) -> bool {
    let status = node.status.as_ref();
    status.is_some_and(|status| status.volumes_in_use.iter().flatten().any(|own| own == unique))
}

/// Plans for `snapshot`.
pub(super) fn plan(snapshot: &Snapshot<'_>) -> Plan {
    let mut work = Work {
        snapshot,
        before: attached(snapshot.node),
        reported: Vec::new(),
        plan: Plan::default(),
    };
    for (unique, wanted) in &snapshot.wanted {
        work.attach(unique, wanted);
    }
    for (unique, attachment) in &snapshot.attachments {
        if !snapshot.wanted.contains_key(unique) {
            work.detach(unique, attachment);
        }
    }
    work.keep_others();
    work.finish()
}

struct Work<'a> {
    snapshot: &'a Snapshot<'a>,
    before: Vec<String>,
    reported: Vec<String>,
    plan: Plan,
}

impl Work<'_> {
    fn attach(&mut self, unique: &str, wanted: &Wanted) {
        let Attacher::Csi { driver, handle } = &wanted.attacher else {
            return self.report(unique, wanted);
        };
        let own = self.snapshot.attachments.iter().find(|(known, _)| known == unique);
        let Some((_, attachment)) = own else {
            if !wanted.is_shared && (self.snapshot.is_elsewhere)(&wanted.name) {
                return self.block(unique, wanted);
            }
            return self.plan.create.push(new(self.snapshot.name, driver, handle, &wanted.name));
        };
        // One that ends is made anew once it has.
        if attachment.metadata.deletion_timestamp.is_some() {
            return;
        }
        let Some(status) = &attachment.status else { return };
        if status.attached {
            return self.report(unique, wanted);
        }
        if let Some(error) = &status.attach_error {
            let why = error.message.as_deref().unwrap_or_default();
            let text = format!("AttachVolume.Attach failed for volume {:?} : {why}", wanted.name);
            self.tell(wanted, EventType::Warning, "FailedAttachVolume", &text);
        }
    }

    fn report(&mut self, unique: &str, wanted: &Wanted) {
        if !self.before.iter().any(|known| known == unique) {
            let text = format!("AttachVolume.Attach succeeded for volume {:?} ", wanted.name);
            self.tell(wanted, EventType::Normal, "SuccessfulAttachVolume", &text);
        }
        self.reported.push(unique.to_owned());
    }

    fn tell(&mut self, wanted: &Wanted, kind: EventType, reason: &'static str, text: &str) {
        let told = wanted.pods.iter().map(|pod| (pod.clone(), kind, reason, text.to_owned()));
        self.plan.tell.extend(told);
    }

    /// A volume that only one node may have is on another.
    fn block(&mut self, unique: &str, wanted: &Wanted) {
        self.plan.blocked.push(unique.to_owned());
        let rivals = (self.snapshot.rivals)(unique);
        for pod in &wanted.pods {
            // People of one namespace are not told the names of pods in another.
            let (near, far): (Vec<_>, Vec<_>) =
                rivals.iter().partition(|rival| rival.metadata.namespace == pod.metadata.namespace);
            let names: Vec<String> = near.iter().map(|pod| Key::of(&***pod).name).collect();
            let others = format!("{} pod(s) in different namespaces", far.len());
            let why = match (names.is_empty(), far.is_empty()) {
                (true, true) => "Volume is already exclusively attached to one node and can't be \
                                 attached to another"
                    .to_owned(),
                (true, false) => format!("Volume is already used by {others}"),
                (false, true) => format!("Volume is already used by pod(s) {}", names.join(", ")),
                (false, false) => {
                    format!("Volume is already used by pod(s) {} and {others}", names.join(", "))
                }
            };
            let text = format!("Multi-Attach error for volume {:?} {why}", wanted.name);
            let told = (pod.clone(), EventType::Warning, "FailedAttachVolume", text);
            self.plan.tell.push(told);
        }
    }

    fn detach(&mut self, unique: &str, attachment: &Arc<VolumeAttachment>) {
        if attachment.metadata.deletion_timestamp.is_some() {
            return;
        }
        self.plan.waiting.push(unique.to_owned());
        let node = self.snapshot.node;
        let is_healthy = node.is_some_and(is_ready);
        let left = UNMOUNT_MAX.saturating_sub((self.snapshot.waited)(unique));
        let is_late = left.is_zero() && self.snapshot.forces;
        let is_lost = node.is_some_and(is_out_of_service);
        let in_use = node.is_some_and(|node| has_in_use(node, unique));
        if in_use && !is_lost && (is_healthy || !is_late) {
            if attachment.status.as_ref().is_some_and(|status| status.attached) {
                self.reported.push(unique.to_owned());
            }
            if !is_healthy && self.snapshot.forces && !left.is_zero() {
                let earlier = self.plan.look_again.map_or(left, |other| other.min(left));
                self.plan.look_again = Some(earlier);
            }
            return;
        }
        self.plan.delete.push(Removal {
            unique: unique.to_owned(),
            attachment: attachment.clone(),
            is_forced: is_lost || is_late || node.is_none(),
        });
    }

    /// What was reported and has no attachment stays as long as the kubelet uses it.
    fn keep_others(&mut self) {
        let Some(node) = self.snapshot.node else { return };
        let known: HashSet<&str> =
            self.snapshot.attachments.iter().map(|(unique, _)| unique.as_str()).collect();
        for unique in &self.before {
            let is_known =
                known.contains(unique.as_str()) || self.snapshot.wanted.contains_key(unique);
            if !is_known && has_in_use(node, unique) {
                self.reported.push(unique.clone());
            }
        }
    }

    fn finish(mut self) -> Plan {
        let is_reported = |unique: &&String| self.reported.contains(unique);
        let mut after: Vec<String> = self.before.iter().filter(is_reported).cloned().collect();
        let added = self.reported.iter().filter(|unique| !self.before.contains(unique));
        after.extend(added.cloned());
        if self.snapshot.node.is_some() && after != self.before {
            let entry = |name| AttachedVolume { name, device_path: String::new() };
            self.plan.report = Some(after.into_iter().map(entry).collect());
        }
        self.plan
    }
}

fn attached(node: Option<&Node>) -> Vec<String> {
    let status = node.and_then(|node| node.status.as_ref());
    let all = status.into_iter().flat_map(|status| status.volumes_attached.iter().flatten());
    all.map(|volume| volume.name.clone()).collect()
}

fn is_ready(node: &Node) -> bool {
    let status = node.status.as_ref();
    let mut conditions = status.into_iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn is_out_of_service(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.is_some_and(|taints| taints.iter().any(|taint| taint.key == OUT_OF_SERVICE))
}

fn new(node: &str, driver: &str, handle: &str, volume: &str) -> VolumeAttachment {
    VolumeAttachment {
        metadata: ObjectMeta {
            name: Some(attachment_name(driver, handle, node)),
            ..ObjectMeta::default()
        },
        spec: VolumeAttachmentSpec {
            attacher: driver.to_owned(),
            node_name: node.to_owned(),
            source: VolumeAttachmentSource {
                persistent_volume_name: Some(volume.to_owned()),
                inline_volume_spec: None,
            },
        },
        status: None,
    }
}

#[cfg(test)]
mod tests;
