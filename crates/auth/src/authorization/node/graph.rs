//! What belongs to which node, through the pods that run there.
//!
//! Upstream keeps a general graph; ours is three steps deep and no more, so it is kept as counts:
//! how many pods on a node need an object, and which volumes lead from a secret to a claim.

use super::references::{self, Kind, Name, Reference};
use crate::Change;
use object::Value;
use std::collections::{BTreeSet, HashMap};

/// The resources that the graph is made of.
pub(super) const SOURCES: [(&str, &str); 4] = [
    ("", "pods"),
    ("", "persistentvolumes"),
    ("storage.k8s.io", "volumeattachments"),
    ("resource.k8s.io", "resourceslices"),
];

#[derive(Default)]
pub(super) struct Graph {
    /// Each pod with its node and what it needs, itself included.
    pods: HashMap<Name, (String, BTreeSet<Reference>)>,
    /// For each object that pods need, how many on which node.
    needed: HashMap<Reference, HashMap<String, usize>>,
    /// Each volume with its claim and the secrets that mounting it takes.
    volumes: HashMap<String, (Name, Vec<Name>)>,
    /// The volumes whose mounting takes a secret.
    volumes_by_secret: HashMap<Name, BTreeSet<String>>,
    /// Attachments and slices, which name their node themselves.
    direct: HashMap<(Kind, String), String>,
}

impl Graph {
    pub(super) fn apply(&mut self, resource: &str, change: &Change) {
        let object = change.object.as_deref();
        match resource {
            "pods" => self.apply_pod((change.namespace.clone(), change.name.clone()), object),
            "persistentvolumes" => self.apply_volume(&change.name, object),
            "volumeattachments" => self.apply_direct(Kind::Attachment, &change.name, object),
            _ => self.apply_direct(Kind::ResourceSlice, &change.name, object),
        }
    }

    /// Whether an object belongs to a node.
    pub(super) fn relates(&self, kind: Kind, namespace: &str, name: &str, node: &str) -> bool {
        let key = || (namespace.to_owned(), name.to_owned());
        match kind {
            Kind::Attachment | Kind::ResourceSlice => {
                self.direct.get(&(kind, name.to_owned())).is_some_and(|owner| owner == node)
            }
            Kind::Volume => self.volume_relates(name, node),
            Kind::Secret => {
                self.is_needed((kind, key()), node)
                    || self
                        .volumes_by_secret
                        .get(&key())
                        .is_some_and(|volumes| volumes.iter().any(|v| self.volume_relates(v, node)))
            }
            kind => self.is_needed((kind, key()), node),
        }
    }

    fn is_needed(&self, object: Reference, node: &str) -> bool {
        self.needed.get(&object).is_some_and(|nodes| nodes.contains_key(node))
    }

    fn volume_relates(&self, volume: &str, node: &str) -> bool {
        let claim = self.volumes.get(volume).map(|(claim, _)| claim.clone());
        claim.is_some_and(|claim| self.is_needed((Kind::Claim, claim), node))
    }

    fn apply_pod(&mut self, name: Name, pod: Option<&Value>) {
        let node = pod.and_then(|pod| pod["spec"]["nodeName"].as_str()).unwrap_or_default();
        let new = match pod {
            Some(pod) if !node.is_empty() => {
                let mut needs = references::of_pod(pod);
                needs.insert((Kind::Pod, name.clone()));
                Some((node.to_owned(), needs))
            }
            _ => None,
        };
        if self.pods.get(&name) == new.as_ref() {
            return;
        }
        if let Some((node, needs)) = self.pods.remove(&name) {
            for object in needs {
                self.forget(&object, &node);
            }
        }
        if let Some((node, needs)) = new {
            for object in &needs {
                let nodes = self.needed.entry(object.clone()).or_default();
                *nodes.entry(node.clone()).or_default() += 1;
            }
            self.pods.insert(name, (node, needs));
        }
    }

    fn forget(&mut self, object: &Reference, node: &str) {
        let Some(nodes) = self.needed.get_mut(object) else { return };
        if let Some(count) = nodes.get_mut(node) {
            *count -= 1;
            if *count == 0 {
                nodes.remove(node);
            }
        }
        if nodes.is_empty() {
            self.needed.remove(object);
        }
    }

    fn apply_volume(&mut self, name: &str, volume: Option<&Value>) {
        if let Some((_, secrets)) = self.volumes.remove(name) {
            for secret in secrets {
                if let Some(volumes) = self.volumes_by_secret.get_mut(&secret) {
                    volumes.remove(name);
                    if volumes.is_empty() {
                        self.volumes_by_secret.remove(&secret);
                    }
                }
            }
        }
        let Some((claim, secrets)) = volume.and_then(references::of_volume) else { return };
        for secret in &secrets {
            self.volumes_by_secret.entry(secret.clone()).or_default().insert(name.to_owned());
        }
        self.volumes.insert(name.to_owned(), (claim, secrets));
    }

    fn apply_direct(&mut self, kind: Kind, name: &str, object: Option<&Value>) {
        let node = object.and_then(|object| object["spec"]["nodeName"].as_str());
        let key = (kind, name.to_owned());
        match node.filter(|node| !node.is_empty()) {
            Some(node) => self.direct.insert(key, node.to_owned()),
            None => self.direct.remove(&key),
        };
    }
}
