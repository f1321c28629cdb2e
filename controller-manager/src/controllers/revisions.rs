//! ControllerRevisions: the templates that a DaemonSet or a StatefulSet has had.
//!
//! A revision holds a patch that puts its template back. Which revision is whose is decided by the
//! template in it, never by its hash: see [`super::deployment`]'s hash. Upstream compares the
//! patches byte by byte, so ours are the bytes that Go writes; a StatefulSet's revisions are named
//! by them, and have upstream's names. Mirrors `k8s.io/kubernetes/pkg/controller/history`.

use super::deployment::hash::{encode, prune, template_hash};
use control::owner::controller_ref;
use control::{Action, execute};
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::{Client, Resource};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const HASH_LABEL: &str = "controller-revision-hash";

/// The same label where the revisions are a StatefulSet's; its pods have [`HASH_LABEL`].
const OWN_HASH_LABEL: &str = "controller.kubernetes.io/hash";

/// What a revision's name is made of, beside its owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// A hash of the template, as for a DaemonSet.
    Template,
    /// A hash of the patch's bytes, as for a StatefulSet.
    Patch,
}

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
        naming: Naming,
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
                let current = new(owner, template, collisions, naming, next);
                Self { current, is_new: true, is_renumbered: false, old: all }
            }
        }
    }

    /// The hash of the current one: its label, or what its name ends in.
    pub(super) fn hash(&self) -> &str {
        hash_of(&self.current)
    }

    /// Writes the current one, if it is new or has a new number.
    ///
    /// # Errors
    /// The server's answer.
    pub(super) async fn write(&self, client: &Client) -> Result<(), kube::Error> {
        let action = match (self.is_new, self.is_renumbered) {
            (true, _) => Action::create(&self.current),
            (_, true) => Action::update(&self.current),
            _ => return Ok(()),
        };
        execute(client, &action).await.map(drop)
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
        .and_then(|labels| labels.get(HASH_LABEL).or_else(|| labels.get(OWN_HASH_LABEL)))
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
    naming: Naming,
    number: i64,
) -> ControllerRevision {
    let data = patch(template);
    let (label, hash) = match naming {
        Naming::Template => (HASH_LABEL, template_hash(template, collisions)),
        Naming::Patch => (OWN_HASH_LABEL, patch_hash(&data, collisions.unwrap_or(0))),
    };
    let meta = owner.meta();
    let name = meta.name.as_deref().unwrap_or_default();
    let prefix = &name[..name.len().min(PREFIX_CHARS_MAX)];
    let labels = template.metadata.as_ref().and_then(|meta| meta.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.insert(label.into(), hash.clone());
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{prefix}-{hash}")),
            namespace: meta.namespace.clone(),
            labels: Some(labels),
            annotations: meta.annotations.clone(),
            owner_references: Some(vec![controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(data)),
        revision: number,
    }
}

fn patch(template: &PodTemplateSpec) -> Value {
    let mut template = serde_json::to_value(template).expect("API types are trees of plain JSON");
    template["$patch"] = json!("replace");
    json!({"spec": {"template": template}})
}

/// FNV-1 (32 bits) over the bytes of `patch` as Go writes it, then the count of collisions.
fn patch_hash(patch: &Value, collisions: i32) -> String {
    let mut text = patch.to_string();
    for (plain, escaped) in [
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u{2028}", "\\u2028"),
        ("\u{2029}", "\\u2029"),
    ] {
        text = text.replace(plain, escaped);
    }
    text.push_str(&collisions.to_string());
    let step = |hash: u32, byte: u8| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte);
    encode(text.bytes().fold(0x811c_9dc5, step))
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
        let first = Revisions::of(&owner(), &template("a"), None, Naming::Template, Vec::new());
        assert!(first.is_new);
        assert_eq!(first.current.revision, 1);
        let mut all = vec![Arc::new(first.current)];
        let second = Revisions::of(&owner(), &template("b"), None, Naming::Template, all.clone());
        assert_eq!((second.is_new, second.current.revision), (true, 2));
        all.push(Arc::new(second.current));
        let undone = Revisions::of(&owner(), &template("a"), None, Naming::Template, all.clone());
        assert!(!undone.is_new && undone.is_renumbered);
        assert_eq!(undone.current.revision, 3);
        assert_eq!(undone.surplus(0, |_| false).len(), 1);
        assert!(undone.surplus(0, |_| true).is_empty());
        let same = Revisions::of(&owner(), &template("b"), None, Naming::Template, all);
        assert!(!same.is_new && !same.is_renumbered);
    }

    #[test]
    fn a_stateful_sets_revision_has_upstreams_name() {
        let template = serde_json::from_value(json!({"metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "c", "command": ["a && b"]}]}}))
        .expect("a template");
        let made = new(&owner(), &template, None, Naming::Patch, 1);
        assert_eq!(made.metadata.name.as_deref(), Some("ds-548f9c768"));
        assert_eq!(hash_of(&made), "548f9c768");
        assert!(made.metadata.labels.is_some_and(|all| all.contains_key(OWN_HASH_LABEL)));
    }
}
