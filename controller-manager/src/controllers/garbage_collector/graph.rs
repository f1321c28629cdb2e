//! Who owns whom: pure. Of each object only what the collector asks for.

use crate::discovery::Resource;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// An object's UID.
pub(super) type Uid = Arc<str>;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// One object.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) uid: Uid,
    pub(super) resource: Arc<Resource>,
    /// Empty where its kind has none.
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    /// Owners' UIDs, and whether each waits for this object.
    owners: Box<[(Uid, bool)]>,
    pub(super) is_deleting: bool,
    /// It is being deleted, its dependents first.
    pub(super) waits_for_dependents: bool,
    /// It is being deleted, and its dependents shall live.
    pub(super) orphans_dependents: bool,
}

impl Node {
    pub(super) fn new(resource: Arc<Resource>, meta: &ObjectMeta) -> Self {
        let is_deleting = meta.deletion_timestamp.is_some();
        let has = |finalizer: &str| meta.finalizers.iter().flatten().any(|one| one == finalizer);
        let owners = meta.owner_references.iter().flatten();
        Self {
            uid: meta.uid.as_deref().unwrap_or_default().into(),
            resource,
            namespace: meta.namespace.as_deref().unwrap_or_default().into(),
            name: meta.name.as_deref().unwrap_or_default().into(),
            owners: owners
                .map(|owner| (owner.uid.as_str().into(), owner.block_owner_deletion == Some(true)))
                .collect(),
            is_deleting,
            waits_for_dependents: is_deleting && has(FOREGROUND),
            orphans_dependents: is_deleting && has(ORPHAN),
        }
    }

    pub(super) fn path(&self) -> String {
        let namespace = Some(&*self.namespace).filter(|namespace| !namespace.is_empty());
        format!("{}/{}", self.resource.path(namespace), self.name)
    }

    /// Whether `reference`, found in `namespace`, means this object by its name too.
    pub(super) fn is_named(&self, reference: &OwnerReference, namespace: &str) -> bool {
        let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        *self.name == *reference.name
            && self.resource.kind == reference.kind
            && self.resource.group == group
            && (self.namespace.is_empty() || &*self.namespace == namespace)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: HashMap<Uid, Node>,
    dependents: HashMap<Uid, BTreeSet<Uid>>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    /// Takes in `node`; what has to be looked at because of it.
    pub(super) fn set(&mut self, node: Node) -> Vec<Uid> {
        let mut look = Vec::new();
        let old = self.unlink(&node.uid);
        let before = old.as_ref().map_or(&[][..], |old| &old.owners);
        for (owner, _) in &node.owners {
            self.dependents.entry(owner.clone()).or_default().insert(node.uid.clone());
            let is_new = !before.iter().any(|(known, _)| known == owner);
            // An owner that is not here may be nowhere.
            let is_sound = self.nodes.get(owner).is_some_and(|owner| {
                let here = owner.namespace.is_empty() || owner.namespace == node.namespace;
                here && !owner.waits_for_dependents
            });
            if is_new && !is_sound {
                look.push(node.uid.clone());
            }
        }
        // An owner may have waited for a reference that is gone or blocks no more.
        for (owner, blocked) in before {
            let blocks = node.owners.iter().any(|(known, blocks)| known == owner && *blocks);
            if *blocked && !blocks {
                look.push(owner.clone());
            }
        }
        if node.waits_for_dependents || node.orphans_dependents {
            look.push(node.uid.clone());
            let waited = old.is_some_and(|old| old.waits_for_dependents);
            if node.waits_for_dependents && !waited {
                look.extend(self.dependents(&node.uid).into_iter().map(|node| node.uid));
            }
        }
        self.nodes.insert(node.uid.clone(), node);
        look
    }

    /// Forgets the object `uid`; what has to be looked at because of it.
    pub(super) fn remove(&mut self, uid: &str) -> Vec<Uid> {
        let Some(old) = self.unlink(uid) else { return Vec::new() };
        self.nodes.remove(uid);
        let mut look: Vec<Uid> = self.dependents.get(uid).into_iter().flatten().cloned().collect();
        let waiting = |owner: &Uid| self.nodes.get(owner).is_some_and(|o| o.waits_for_dependents);
        look.extend(old.owners.iter().map(|(owner, _)| owner.clone()).filter(waiting));
        look
    }

    /// The UIDs of the objects of one resource.
    pub(super) fn of_resource(&self, resource: &Resource) -> Vec<Uid> {
        let of = self.nodes.values().filter(|node| *node.resource == *resource);
        of.map(|node| node.uid.clone()).collect()
    }

    /// The objects that name `uid` as an owner.
    pub(super) fn dependents(&self, uid: &str) -> Vec<Node> {
        let uids = self.dependents.get(uid).into_iter().flatten();
        uids.filter_map(|uid| self.nodes.get(uid).cloned()).collect()
    }

    /// Those among them that it has to wait for.
    pub(super) fn blocking(&self, uid: &str) -> Vec<Node> {
        let blocks = |node: &Node| node.owners.iter().any(|(owner, b)| **owner == *uid && *b);
        self.dependents(uid).into_iter().filter(blocks).collect()
    }

    /// Takes `uid` out of its owners' lists.
    fn unlink(&mut self, uid: &str) -> Option<Node> {
        let old = self.nodes.get(uid)?.clone();
        for (owner, _) in &old.owners {
            if let Some(dependents) = self.dependents.get_mut(owner) {
                dependents.remove(uid);
                if dependents.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
        Some(old)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in super::super) fn resource(plural: &str, kind: &str) -> Arc<Resource> {
        Arc::new(Resource::for_tests("apps", "v1", plural, kind))
    }

    pub(in super::super) fn node(name: &str, owners: &[(&str, bool)], extra: Value) -> Node {
        let owners: Vec<_> = owners
            .iter()
            .map(|(uid, block)| {
                json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": uid, "uid": uid,
                       "blockOwnerDeletion": block})
            })
            .collect();
        let mut meta = json!({"name": name, "namespace": "ns", "uid": name,
                              "ownerReferences": owners});
        for (key, value) in extra.as_object().into_iter().flatten() {
            meta[key] = value.clone();
        }
        let meta: ObjectMeta = serde_json::from_value(meta).expect("metadata");
        Node::new(resource("replicasets", "ReplicaSet"), &meta)
    }

    fn ending(finalizer: &str) -> Value {
        json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [finalizer]})
    }

    fn names(uids: Vec<Uid>) -> Vec<String> {
        uids.iter().map(|uid| uid.to_string()).collect()
    }

    #[test]
    fn an_owner_that_goes_makes_its_dependents_looked_at() {
        let mut graph = Graph::default();
        assert!(graph.set(node("owner", &[], json!({}))).is_empty());
        assert!(graph.set(node("child", &[("owner", true)], json!({}))).is_empty());
        assert_eq!(names(graph.set(node("stray", &[("nobody", true)], json!({})))), ["stray"]);
        assert!(graph.set(node("stray", &[("nobody", true)], json!({}))).is_empty());
        assert_eq!(names(graph.remove("owner")), ["child"]);
        assert!(graph.remove("owner").is_empty());
    }

    #[test]
    fn an_owner_in_the_foreground_looks_at_all_and_is_looked_at_when_one_goes() {
        let mut graph = Graph::default();
        graph.set(node("owner", &[], json!({})));
        graph.set(node("a", &[("owner", true)], json!({})));
        graph.set(node("b", &[("owner", false)], json!({})));
        let look = names(graph.set(node("owner", &[], ending(FOREGROUND))));
        assert_eq!(look, ["owner", "a", "b"]);
        assert_eq!(graph.blocking("owner").len(), 1);
        assert_eq!(names(graph.remove("a")), ["owner"]);
        assert!(graph.blocking("owner").is_empty());
        // A late child of an owner that waits is looked at too.
        assert_eq!(names(graph.set(node("late", &[("owner", true)], json!({})))), ["late"]);
        assert_eq!(names(graph.set(node("late", &[("owner", false)], json!({})))), ["owner"]);
    }
}
