//! ControllerRevisions: the templates that a DaemonSet or a StatefulSet has had.
//!
//! A revision holds a patch that puts its template back. Which revision is whose is decided by the
//! template in it, never by its hash: see [`super::deployment`]'s hash. Mirrors
//! `k8s.io/kubernetes/pkg/controller/history`.

use super::deployment::hash::{prune, template_hash};
use control::owner::controller_ref;
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::Resource;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const HASH_LABEL: &str = "controller-revision-hash";

/// The longest part of a name before the hash, in characters.
const PREFIX_CHARS_MAX: usize = 223;

/// The revisions of one owner.
#[derive(Debug)]
pub(super) struct Revisions {
    /// That of the owner's template.
    pub(super) current: ControllerRevision,
    /// Whether it has to be made.
    pub(super) is_new: bool,
    /// Whether it is there with an old number, as after an undo.
    pub(super) is_renumbered: bool,
    /// The others, oldest first.
    pub(super) old: Vec<Arc<ControllerRevision>>,
}

impl Revisions {
    /// Finds the current one among `all`, or draws it up.
    pub(super) fn of<K: Resource<DynamicType = ()>>(
        owner: &K,
        template: &PodTemplateSpec,
        collisions: Option<i32>,
        mut all: Vec<Arc<ControllerRevision>>,
    ) -> Self {
        all.sort_by(|a, b| {
            a.revision.cmp(&b.revision).then_with(|| a.metadata.name.cmp(&b.metadata.name))
        });
        let next = all.last().map_or(1, |last| last.revision + 1);
        match all.iter().rposition(|revision| holds(revision, template)) {
            Some(index) => {
                let mut current = ControllerRevision::clone(&all.remove(index));
                let is_renumbered = all.last().is_some_and(|last| last.revision > current.revision);
                if is_renumbered {
                    current.revision = next;
                }
                Self { current, is_new: false, is_renumbered, old: all }
            }
            None => {
                let current = new(owner, template, collisions, next);
                Self { current, is_new: true, is_renumbered: false, old: all }
            }
        }
    }

    /// The hash of the current one: its label, or what its name ends in.
    pub(super) fn hash(&self) -> &str {
        hash_of(&self.current)
    }

    /// The oldest beyond `limit` that no pod is of: `is_live` says so of a revision.
    pub(super) fn surplus(
        &self,
        limit: usize,
        is_live: impl Fn(&ControllerRevision) -> bool,
    ) -> Vec<Arc<ControllerRevision>> {
        let count = self.old.len().saturating_sub(limit);
        self.old.iter().filter(|revision| !is_live(revision)).take(count).cloned().collect()
    }
}

/// The hash in a revision's label.
pub(super) fn hash_of(revision: &ControllerRevision) -> &str {
    let labels = revision.metadata.labels.as_ref();
    labels
        .and_then(|labels| {
            labels.get(HASH_LABEL).or_else(|| labels.get("controller.kubernetes.io/hash"))
        })
        .map_or("", String::as_str)
}

/// Whether `revision` puts back `template`.
fn holds(revision: &ControllerRevision, template: &PodTemplateSpec) -> bool {
    let data = revision.data.as_ref().map(|data| &data.0);
    let held = data.and_then(|data| data.pointer("/spec/template")).cloned();
    let mut held = held.unwrap_or(Value::Null);
    if let Some(fields) = held.as_object_mut() {
        fields.remove("$patch");
    }
    let wanted = serde_json::to_value(template).expect("API types are trees of plain JSON");
    prune(&held) == prune(&wanted)
}

fn new<K: Resource<DynamicType = ()>>(
    owner: &K,
    template: &PodTemplateSpec,
    collisions: Option<i32>,
    number: i64,
) -> ControllerRevision {
    let hash = template_hash(template, collisions);
    let meta = owner.meta();
    let name = meta.name.as_deref().unwrap_or_default();
    let prefix = &name[..name.len().min(PREFIX_CHARS_MAX)];
    let labels = template.metadata.as_ref().and_then(|meta| meta.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.insert(HASH_LABEL.into(), hash.clone());
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{prefix}-{hash}")),
            namespace: meta.namespace.clone(),
            labels: Some(labels),
            annotations: meta.annotations.clone(),
            owner_references: Some(vec![controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(patch(template))),
        revision: number,
    }
}

fn patch(template: &PodTemplateSpec) -> Value {
    let mut template = serde_json::to_value(template).expect("API types are trees of plain JSON");
    template["$patch"] = json!("replace");
    json!({"spec": {"template": template}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::DaemonSet;

    fn template(image: &str) -> PodTemplateSpec {
        serde_json::from_value(json!({"metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "c", "image": image}]}}))
        .expect("a template")
    }

    fn owner() -> DaemonSet {
        serde_json::from_value(json!({"metadata": {"name": "ds", "namespace": "ns", "uid": "u"}}))
            .expect("an owner")
    }

    #[test]
    fn a_template_finds_its_revision_again_under_a_new_number() {
        let first = Revisions::of(&owner(), &template("a"), None, Vec::new());
        assert!(first.is_new);
        assert_eq!(first.current.revision, 1);
        let mut all = vec![Arc::new(first.current)];
        let second = Revisions::of(&owner(), &template("b"), None, all.clone());
        assert_eq!((second.is_new, second.current.revision), (true, 2));
        all.push(Arc::new(second.current));
        let undone = Revisions::of(&owner(), &template("a"), None, all.clone());
        assert!(!undone.is_new && undone.is_renumbered);
        assert_eq!(undone.current.revision, 3);
        assert_eq!(undone.surplus(0, |_| false).len(), 1);
        assert!(undone.surplus(0, |_| true).is_empty());
        let same = Revisions::of(&owner(), &template("b"), None, all);
        assert!(!same.is_new && !same.is_renumbered);
    }
}
