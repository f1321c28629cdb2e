//! Rollbacks that are asked for by an annotation, in which the APIs of old kept their
//! `spec.rollbackTo`: pure.
//!
//! Mirrors `rollback.go` of `pkg/controller/deployment`.

use super::revision::{HASH_LABEL, ROLLBACK_TO, is_copied, revision, same_template};
use crate::context::Telling;
use control::EventType;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

const NOT_FOUND: &str = "DeploymentRollbackRevisionNotFound";
const UNCHANGED: &str = "DeploymentRollbackTemplateUnchanged";
const DONE: &str = "DeploymentRollback";

/// The Deployment as it is to be, where it no longer asks, and what to tell once it is written.
#[derive(Debug)]
pub(super) struct Rollback {
    pub(super) deployment: Deployment,
    pub(super) tell: Telling,
}

/// The revision that is asked for; none where nothing readable is.
pub(super) fn asked(deployment: &Deployment) -> Option<i64> {
    deployment.metadata.annotations.as_ref()?.get(ROLLBACK_TO)?.parse().ok()
}

/// Rolls `deployment` back to the revision `asked`, which one of its `sets` should have.
pub(super) fn roll_back(deployment: &Deployment, sets: &[&ReplicaSet], asked: i64) -> Rollback {
    let mut rolled = deployment.clone();
    if let Some(annotations) = &mut rolled.metadata.annotations {
        annotations.remove(ROLLBACK_TO);
    }
    let name = deployment.metadata.name.as_deref().unwrap_or_default();
    let wanted = if asked == 0 { before_last(sets) } else { asked };
    let tell = match sets.iter().find(|set| revision(set) == wanted) {
        _ if wanted == 0 => warning(NOT_FOUND, "Unable to find last revision.".into()),
        None => warning(NOT_FOUND, "Unable to find the revision to rollback to.".into()),
        Some(set) if same_template(deployment, set) => warning(
            UNCHANGED,
            format!(
                "The rollback revision contains the same template as current deployment {name:?}"
            ),
        ),
        Some(set) => {
            take_over(&mut rolled, set);
            let message = format!("Rolled back deployment {name:?} to revision {wanted}");
            Telling::normal(DONE, message)
        }
    };
    Rollback { deployment: rolled, tell }
}

fn warning(reason: &'static str, message: String) -> Telling {
    Telling { kind: EventType::Warning, reason, message }
}

/// The highest number but one; 0 where there is none.
fn before_last(sets: &[&ReplicaSet]) -> i64 {
    let mut numbers: Vec<i64> = sets.iter().map(|set| revision(set)).collect();
    numbers.sort_unstable();
    numbers.into_iter().rev().nth(1).unwrap_or(0)
}

/// Gives a Deployment the template and the annotations that it had when it made `set`.
fn take_over(deployment: &mut Deployment, set: &ReplicaSet) {
    let template = set.spec.as_ref().and_then(|spec| spec.template.clone());
    if let (Some(spec), Some(mut template)) = (&mut deployment.spec, template) {
        if let Some(metadata) = &mut template.metadata {
            metadata.labels.as_mut().map(|labels| labels.remove(HASH_LABEL));
        }
        spec.template = template;
    }
    let annotations = deployment.metadata.annotations.get_or_insert_default();
    annotations.retain(|name, _| !is_copied(name));
    for (name, value) in set.metadata.annotations.iter().flatten() {
        if is_copied(name) {
            annotations.insert(name.clone(), value.clone());
        }
    }
}
