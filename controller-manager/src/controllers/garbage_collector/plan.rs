//! What to do about one object: pure.

use super::graph::{Node, Uid};
use control::Action;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Value, json};

/// What has become of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// It is there.
    Solid,
    /// It is not.
    Gone,
    /// It is being deleted and waits for its dependents.
    Waiting,
}

impl Owner {
    pub(super) fn of(node: &Node) -> Self {
        if node.waits_for_dependents { Self::Waiting } else { Self::Solid }
    }

    pub(super) fn of_meta(meta: &ObjectMeta) -> Self {
        let has = meta.finalizers.iter().flatten().any(|one| one == "foregroundDeletion");
        if meta.deletion_timestamp.is_some() && has { Self::Waiting } else { Self::Solid }
    }
}

/// The object as the server has it, and what surrounds it.
#[derive(Debug)]
pub(super) struct Latest<'a> {
    pub(super) path: String,
    pub(super) meta: ObjectMeta,
    /// Each of its references, and what became of that owner.
    pub(super) owners: Vec<(OwnerReference, Owner)>,
    pub(super) dependents: &'a [Node],
    /// The dependents that it waits for.
    pub(super) blocking: &'a [Node],
}

/// One thing to do.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Another object has to be looked at.
    Look(Uid),
    /// The object at `path` has to lose its reference to this one.
    Release {
        /// Where the dependent is.
        path: String,
        /// Which object it has to be.
        uid: Uid,
    },
    /// A write.
    Do(Action),
}

/// Plans for `node`.
pub(super) fn plan(node: &Node, latest: Latest<'_>) -> Vec<Step> {
    if node.orphans_dependents {
        return orphan(&latest);
    }
    if node.waits_for_dependents {
        if latest.blocking.is_empty() {
            return vec![drop_finalizer(&latest, "foregroundDeletion")];
        }
        let undone = latest.blocking.iter().filter(|one| !one.waits_for_dependents);
        return undone.map(|one| Step::Look(one.uid.clone())).collect();
    }
    if latest.owners.is_empty() {
        return Vec::new();
    }
    let has = |state: Owner| latest.owners.iter().any(|(_, owner)| *owner == state);
    if has(Owner::Solid) {
        if !has(Owner::Gone) && !has(Owner::Waiting) {
            return Vec::new();
        }
        let kept: Vec<&OwnerReference> = latest
            .owners
            .iter()
            .filter(|(_, owner)| *owner == Owner::Solid)
            .map(|(reference, _)| reference)
            .collect();
        return vec![patch(&latest, json!({"ownerReferences": kept}))];
    }
    if has(Owner::Waiting) && !latest.dependents.is_empty() {
        let mut steps = Vec::new();
        if latest.dependents.iter().any(|dependent| dependent.waits_for_dependents) {
            // It may be a circle, in which everybody waits for the next: stop blocking.
            let mut references = latest.meta.owner_references.clone().unwrap_or_default();
            references.iter_mut().for_each(|one| one.block_owner_deletion = Some(false));
            steps.push(Step::Do(Action::Patch {
                path: latest.path.clone(),
                strategic: false,
                body: json!({"metadata": {"uid": latest.meta.uid, "ownerReferences": references}}),
            }));
            // The patch makes a new revision; only the UID can still be asked for.
            steps.push(delete(&latest, "Foreground", false));
        } else {
            steps.push(delete(&latest, "Foreground", true));
        }
        return steps;
    }
    let has_finalizer =
        |name: &str| latest.meta.finalizers.iter().flatten().any(|finalizer| finalizer == name);
    let policy = if has_finalizer("orphan") {
        "Orphan"
    } else if has_finalizer("foregroundDeletion") {
        "Foreground"
    } else {
        "Background"
    };
    vec![delete(&latest, policy, true)]
}

fn orphan(latest: &Latest<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = latest
        .dependents
        .iter()
        .map(|dependent| Step::Release { path: dependent.path(), uid: dependent.uid.clone() })
        .collect();
    steps.push(drop_finalizer(latest, "orphan"));
    steps
}

fn drop_finalizer(latest: &Latest<'_>, finalizer: &str) -> Step {
    let kept: Vec<_> =
        latest.meta.finalizers.iter().flatten().filter(|one| *one != finalizer).collect();
    patch(latest, json!({"finalizers": kept}))
}

/// A patch of the metadata of exactly the revision that was read.
fn patch(latest: &Latest<'_>, mut metadata: Value) -> Step {
    metadata["uid"] = json!(latest.meta.uid);
    metadata["resourceVersion"] = json!(latest.meta.resource_version);
    let body = json!({"metadata": metadata});
    Step::Do(Action::Patch { path: latest.path.clone(), strategic: false, body })
}

fn delete(latest: &Latest<'_>, policy: &str, this_revision: bool) -> Step {
    let mut preconditions = json!({"uid": latest.meta.uid});
    if this_revision {
        preconditions["resourceVersion"] = json!(latest.meta.resource_version);
    }
    Step::Do(Action::Delete {
        path: latest.path.clone(),
        options: json!({"preconditions": preconditions, "propagationPolicy": policy}),
    })
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::node;
    use super::*;

    fn reference(uid: &str, block: bool) -> OwnerReference {
        OwnerReference {
            uid: uid.into(),
            block_owner_deletion: Some(block),
            ..OwnerReference::default()
        }
    }

    fn steps(subject: &Node, owners: &[(bool, Owner)], dependents: &[Node]) -> Vec<String> {
        let owners = owners
            .iter()
            .enumerate()
            .map(|(index, (block, owner))| (reference(&index.to_string(), *block), *owner))
            .collect();
        let meta: ObjectMeta = serde_json::from_value(json!({"uid": "u", "resourceVersion": "5",
            "finalizers": ["x", "foregroundDeletion", "orphan"]}))
        .expect("metadata");
        let meta = if subject.is_deleting { meta } else { ObjectMeta { finalizers: None, ..meta } };
        let latest = Latest { path: "/it".into(), meta, owners, dependents, blocking: dependents };
        plan(subject, latest)
            .into_iter()
            .map(|step| match step {
                Step::Look(uid) => format!("look {uid}"),
                Step::Release { path, uid } => format!("release {uid} at {path}"),
                Step::Do(Action::Delete { options, .. }) => {
                    format!("delete {}", options["propagationPolicy"].as_str().expect("a policy"))
                }
                Step::Do(Action::Patch { path, body, .. }) => {
                    let meta = &body["metadata"];
                    match meta.get("finalizers") {
                        Some(finalizers) => format!("finalizers {finalizers}"),
                        None => {
                            let owners = meta["ownerReferences"].as_array().map_or(0, Vec::len);
                            format!("owners {owners} of {path}")
                        }
                    }
                }
                other => format!("{other:?}"),
            })
            .collect()
    }

    fn ending(finalizer: &str) -> Node {
        let extra = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [finalizer]});
        node("it", &[], extra)
    }

    #[test]
    fn owners_decide() {
        let it = node("it", &[("0", true)], json!({}));
        let child = node("child", &[("it", true)], json!({}));
        let busy = ending("foregroundDeletion");
        type Row<'a> = (&'a [(bool, Owner)], &'a [Node], &'a [&'a str]);
        let table: [Row<'_>; 9] = [
            (&[], &[], &[]),
            (&[(true, Owner::Solid)], &[], &[]),
            (&[(true, Owner::Gone)], &[], &["delete Background"]),
            (&[(true, Owner::Gone), (true, Owner::Solid)], &[], &["owners 1 of /it"]),
            (&[(true, Owner::Waiting)], std::slice::from_ref(&child), &["delete Foreground"]),
            (&[(true, Owner::Waiting)], &[], &["delete Background"]),
            // What doesn't hold up its owner goes at once all the same.
            (&[(false, Owner::Waiting)], &[], &["delete Background"]),
            (&[(false, Owner::Waiting), (true, Owner::Solid)], &[], &["owners 1 of /it"]),
            (
                &[(true, Owner::Waiting)],
                std::slice::from_ref(&busy),
                &["owners 0 of /it", "delete Foreground"],
            ),
        ];
        for (owners, dependents, expected) in table {
            assert_eq!(steps(&it, owners, dependents), expected, "{owners:?}");
        }
    }

    #[test]
    fn an_owner_in_the_foreground_goes_last() {
        let child = node("child", &[("it", true)], json!({}));
        let waiting = ending("foregroundDeletion");
        assert_eq!(steps(&waiting, &[], std::slice::from_ref(&child)), ["look child"]);
        assert_eq!(steps(&waiting, &[], &[]), [r#"finalizers ["x","orphan"]"#]);
    }

    #[test]
    fn orphans_are_let_go_before_their_owner_is() {
        let child = node("child", &[("it", true)], json!({}));
        let expected = [
            "release child at /apis/apps/v1/namespaces/ns/replicasets/child",
            r#"finalizers ["x","foregroundDeletion"]"#,
        ];
        assert_eq!(steps(&ending("orphan"), &[], std::slice::from_ref(&child)), expected);
    }
}
