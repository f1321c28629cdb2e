//! What a namespace that is being emptied says about it.
//!
//! Mirrors `status_condition_utils.go` of `k8s.io/kubernetes/pkg/controller/namespace/deletion`.

use super::content::Emptied;
use crate::discovery::Resource;
use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition, NamespaceStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeMap;

/// What one round of emptying met with.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Group versions that could not be asked for their resources.
    pub(super) discovery: Vec<String>,
    /// Deletions that were refused.
    pub(super) errors: Vec<String>,
    remaining: Vec<String>,
    finalizers: BTreeMap<String, usize>,
}

/// A reason and a message.
type AllWell = (&'static str, &'static str);
type Trouble = (&'static str, String);

impl Findings {
    pub(super) fn note(&mut self, resource: &Resource, emptied: &Emptied) {
        if emptied.remaining > 0 {
            let (plural, group, count) = (&resource.plural, &resource.group, emptied.remaining);
            self.remaining.push(format!("{plural}.{group} has {count} resource instances"));
        }
        for (finalizer, count) in &emptied.finalizers {
            *self.finalizers.entry(finalizer.clone()).or_default() += count;
        }
    }

    /// Each condition: type, what it says when all is well, and what is wrong.
    fn conditions(&self) -> [(&'static str, AllWell, Option<Trouble>); 5] {
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list.join(", ")
        };
        let finalizers: Vec<String> = self
            .finalizers
            .iter()
            .map(|(finalizer, count)| format!("{finalizer} in {count} resource instances"))
            .collect();
        let unless_empty =
            |list: &[String], reason, text: String| (!list.is_empty()).then_some((reason, text));
        [
            (
                "NamespaceDeletionDiscoveryFailure",
                ("ResourcesDiscovered", "All resources successfully discovered"),
                unless_empty(
                    &self.discovery,
                    "DiscoveryFailed",
                    format!(
                        "Discovery failed for some groups, {} failing: unable to retrieve the \
                         complete list of server APIs: {}",
                        self.discovery.len(),
                        sorted(&self.discovery)
                    ),
                ),
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
                None,
            ),
            (
                "NamespaceDeletionContentFailure",
                (
                    "ContentDeleted",
                    "All content successfully deleted, may be waiting on finalization",
                ),
                unless_empty(
                    &self.errors,
                    "ContentDeletionFailed",
                    format!(
                        "Failed to delete all resource types, {} remaining: {}",
                        self.errors.len(),
                        sorted(&self.errors)
                    ),
                ),
            ),
            (
                "NamespaceContentRemaining",
                ("ContentRemoved", "All content successfully removed"),
                unless_empty(
                    &self.remaining,
                    "SomeResourcesRemain",
                    format!("Some resources are remaining: {}", sorted(&self.remaining)),
                ),
            ),
            (
                "NamespaceFinalizersRemaining",
                ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
                unless_empty(
                    &finalizers,
                    "SomeFinalizersRemain",
                    format!(
                        "Some content in the namespace has finalizers remaining: {}",
                        sorted(&finalizers)
                    ),
                ),
            ),
        ]
    }
}

/// The new status; `None` when it says the same as before.
pub(super) fn updated(
    namespace: &Namespace,
    findings: &Findings,
    now: Timestamp,
) -> Option<NamespaceStatus> {
    let before = namespace.status.clone().unwrap_or_default();
    let mut status = before.clone();
    let conditions = status.conditions.get_or_insert_default();
    for (kind, (good_reason, good_message), trouble) in findings.conditions() {
        let (value, reason, message) = match trouble {
            Some((reason, message)) => ("True", reason, message),
            None => ("False", good_reason, good_message.to_owned()),
        };
        let new = NamespaceCondition {
            type_: kind.into(),
            status: value.into(),
            reason: Some(reason.into()),
            message: Some(message),
            last_transition_time: Some(Time(now)),
        };
        match conditions.iter_mut().find(|condition| condition.type_ == kind) {
            None => conditions.push(new),
            Some(old) => {
                let moved = if old.status == new.status {
                    old.last_transition_time.clone()
                } else {
                    new.last_transition_time.clone()
                };
                *old = NamespaceCondition { last_transition_time: moved, ..new };
            }
        }
    }
    (status != before).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(status: &NamespaceStatus, kind: &str) -> (String, String) {
        let conditions = status.conditions.as_ref().expect("conditions");
        let found = conditions.iter().find(|condition| condition.type_ == kind).expect("found");
        (found.status.clone(), found.message.clone().unwrap_or_default())
    }

    #[test]
    fn what_remains_is_said_and_then_unsaid() {
        let mut findings = Findings::default();
        findings.remaining.push("pods. has 2 resource instances".into());
        findings.finalizers.insert("example.com/hold".into(), 2);
        let mut namespace = Namespace::default();
        let now = Timestamp::UNIX_EPOCH;
        let status = updated(&namespace, &findings, now).expect("changed");
        let (value, message) = text(&status, "NamespaceContentRemaining");
        assert_eq!(value, "True");
        assert_eq!(message, "Some resources are remaining: pods. has 2 resource instances");
        let (_, message) = text(&status, "NamespaceFinalizersRemaining");
        assert!(message.ends_with("remaining: example.com/hold in 2 resource instances"));

        namespace.status = Some(status);
        assert!(updated(&namespace, &findings, now).is_none());
        let status = updated(&namespace, &Findings::default(), now).expect("changed");
        assert_eq!(text(&status, "NamespaceContentRemaining").0, "False");
    }
}
