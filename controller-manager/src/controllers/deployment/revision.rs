//! Which ReplicaSet is the new one, and the annotations that number them.
//!
//! Mirrors `pkg/controller/deployment/util` and the part of `sync.go` that makes the new set.

use super::bounds::{max_surge, wanted};
use super::hash::{prune, template_hash};
use control::owner::controller_ref;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
pub(super) const HASH_LABEL: &str = "pod-template-hash";
/// What a Deployment asks for to be rolled back: a revision, or 0 for the one before.
pub(super) const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";

/// The annotations that a ReplicaSet does not take over from its Deployment.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    ROLLBACK_TO,
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
];

/// The longest list of former revisions that an annotation keeps, in characters.
const HISTORY_CHARS_MAX: usize = 2000;

/// The longest name of an object, in characters.
const NAME_CHARS_MAX: usize = 253;

type Annotations = BTreeMap<String, String>;

/// Whether an annotation goes from a Deployment to its ReplicaSets, and back when it is rolled back.
pub(super) fn is_copied(name: &str) -> bool {
    !NOT_COPIED.contains(&name)
}

/// Whether the template of `set` is that of `deployment`, its hash label aside.
pub(super) fn same_template(deployment: &Deployment, set: &ReplicaSet) -> bool {
    let ours = deployment.spec.as_ref().map(|spec| &spec.template);
    let theirs = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
    ours.map(comparable) == theirs.map(comparable)
}

fn comparable(template: &PodTemplateSpec) -> Option<Value> {
    let mut value = serde_json::to_value(template).expect("API types are trees of plain JSON");
    if let Some(labels) = value.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH_LABEL);
    }
    prune(&value)
}

/// The new set (the oldest with the Deployment's template) and the others, oldest first.
pub(super) fn split(
    deployment: &Deployment,
    mut sets: Vec<Arc<ReplicaSet>>,
) -> (Option<ReplicaSet>, Vec<ReplicaSet>) {
    sets.sort_by(|a, b| by_creation(a, b));
    let new = sets.iter().position(|set| same_template(deployment, set));
    let new = new.map(|index| ReplicaSet::clone(&sets.remove(index)));
    (new, sets.iter().map(|set| ReplicaSet::clone(set)).collect())
}

/// Older first, then by name.
pub(super) fn by_creation(a: &ReplicaSet, b: &ReplicaSet) -> std::cmp::Ordering {
    let time = |set: &ReplicaSet| set.metadata.creation_timestamp.as_ref().map(|time| time.0);
    time(a).cmp(&time(b)).then_with(|| a.metadata.name.cmp(&b.metadata.name))
}

/// Its number; 0 when it has none or an unreadable one.
pub(super) fn revision(set: &ReplicaSet) -> i64 {
    annotation(set, REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

pub(super) fn annotation<'a>(set: &'a ReplicaSet, name: &str) -> Option<&'a str> {
    set.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// A number that this controller wrote into an annotation.
pub(super) fn number(set: &ReplicaSet, name: &str) -> Option<i32> {
    annotation(set, name)?.parse().ok().filter(|number| *number >= 0)
}

/// The next number after those of `old`.
pub(super) fn next(old: &[ReplicaSet]) -> i64 {
    old.iter().map(revision).max().unwrap_or(0) + 1
}

/// Takes over the Deployment's annotations into `set`, and its number where `revision` is higher
/// than the one it has.
pub(super) fn annotate(deployment: &Deployment, set: &mut ReplicaSet, revision: i64) {
    let annotations = set.metadata.annotations.get_or_insert_default();
    for (name, value) in deployment.metadata.annotations.iter().flatten() {
        if is_copied(name) {
            annotations.insert(name.clone(), value.clone());
        }
    }
    let old = annotations.get(REVISION).cloned();
    let old_number = match old.as_deref().unwrap_or_default() {
        "" => 0,
        text => match text.parse::<i64>() {
            Ok(number) => number,
            // Somebody else's word; leave it.
            Err(_) => return,
        },
    };
    if old_number < revision {
        annotations.insert(REVISION.into(), revision.to_string());
        if let Some(old) = old {
            remember(annotations, &old);
        }
    }
}

/// Appends `old` to the former revisions, and drops the oldest that no longer fit.
fn remember(annotations: &mut Annotations, old: &str) {
    let history = annotations.get(HISTORY).cloned().unwrap_or_default();
    if history.is_empty() {
        annotations.insert(HISTORY.into(), old.to_owned());
        return;
    }
    let mut kept: Vec<&str> = history.split(',').collect();
    let length = |kept: &[&str]| kept.join(",").len() + 1 + old.len();
    while !kept.is_empty() && length(&kept) > HISTORY_CHARS_MAX {
        kept.remove(0);
    }
    kept.push(old);
    annotations.insert(HISTORY.into(), kept.join(","));
}

/// Notes the size that the Deployment has, so that a later change of it is seen.
pub(super) fn note_size(deployment: &Deployment, set: &mut ReplicaSet) {
    let desired = wanted(deployment);
    let annotations = set.metadata.annotations.get_or_insert_default();
    annotations.insert(DESIRED.into(), desired.to_string());
    annotations.insert(MAXIMUM.into(), (desired + max_surge(deployment)).to_string());
}

/// The set that the Deployment's template asks for, with no pods yet.
pub(super) fn new_set(deployment: &Deployment, revision: i64) -> ReplicaSet {
    let spec = deployment.spec.clone().unwrap_or_default();
    let collisions = deployment.status.as_ref().and_then(|status| status.collision_count);
    let hash = template_hash(&spec.template, collisions);
    let mut template = spec.template;
    let labels = template.metadata.get_or_insert_default().labels.get_or_insert_default();
    labels.insert(HASH_LABEL.into(), hash.clone());
    let labels = labels.clone();
    let mut match_labels = spec.selector.match_labels.unwrap_or_default();
    match_labels.insert(HASH_LABEL.into(), hash.clone());
    let mut set = ReplicaSet {
        metadata: ObjectMeta {
            name: Some(set_name(deployment.metadata.name.as_deref().unwrap_or_default(), &hash)),
            namespace: deployment.metadata.namespace.clone(),
            owner_references: Some(vec![controller_ref(deployment)]),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(0),
            min_ready_seconds: spec.min_ready_seconds,
            selector: LabelSelector {
                match_labels: Some(match_labels),
                match_expressions: spec.selector.match_expressions,
            },
            template: Some(template),
        }),
        status: None,
    };
    annotate(deployment, &mut set, revision);
    note_size(deployment, &mut set);
    set
}

fn set_name(deployment: &str, hash: &str) -> String {
    let room = NAME_CHARS_MAX - 1 - hash.len();
    format!("{}-{hash}", &deployment[..deployment.len().min(room)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_keeps_the_newest_that_fit() {
        let mut set = ReplicaSet::default();
        let deployment = Deployment::default();
        for number in [1, 4, 3, 9] {
            annotate(&deployment, &mut set, number);
        }
        assert_eq!(annotation(&set, REVISION), Some("9"));
        assert_eq!(annotation(&set, HISTORY), Some("1,4"));
        for number in 10..1500 {
            annotate(&deployment, &mut set, number);
        }
        let history = annotation(&set, HISTORY).expect("kept");
        assert!(history.len() <= HISTORY_CHARS_MAX && history.ends_with(",1497,1498"));
        assert!(!history.starts_with("1,"));
    }

    #[test]
    fn a_long_name_leaves_room_for_the_hash() {
        assert_eq!(set_name("web", "abc"), "web-abc");
        let name = set_name(&"x".repeat(253), "abcde");
        assert_eq!(name.len(), 253);
        assert!(name.ends_with("x-abcde"));
    }
}
