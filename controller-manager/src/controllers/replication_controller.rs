//! replicationcontroller-controller: as many pods as a ReplicationController asks for.
//!
//! What it does is in [`super::replicas`]; this file says where the fields are. Mirrors
//! `k8s.io/kubernetes/pkg/controller/replication`.

use super::replicas::{self, Counts, Failure, Replicated};
use crate::context::Context;
use k8s_openapi::api::core::v1::{
    PodTemplateSpec, ReplicationController, ReplicationControllerCondition,
    ReplicationControllerStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};

/// Starts it.
pub(crate) fn start(context: &Context) {
    let workers = context.options.concurrency.replication_controllers;
    let (name, counted_as) = ("replicationcontroller-controller", "replicationmanager");
    replicas::start::<ReplicationController>(context, name, counted_as, workers);
}

impl Replicated for ReplicationController {
    fn selector(&self) -> LabelSelector {
        let labels = self.spec.as_ref().and_then(|spec| spec.selector.clone());
        LabelSelector { match_labels: labels, match_expressions: None }
    }

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref()?.template.as_ref()
    }

    fn wanted(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
    }

    fn with_status(&self, counts: &Counts, failure: Option<Failure>, now: Time) -> Self {
        let old = self.status.clone().unwrap_or_default();
        let mut conditions = old.conditions.unwrap_or_default();
        let known = conditions.iter().any(|condition| condition.type_ == "ReplicaFailure");
        match failure {
            Some(failure) if !known => conditions.push(ReplicationControllerCondition {
                type_: "ReplicaFailure".into(),
                status: "True".into(),
                reason: Some(failure.reason.into()),
                message: Some(failure.message),
                last_transition_time: Some(now),
            }),
            Some(_) => {}
            None => conditions.retain(|condition| condition.type_ != "ReplicaFailure"),
        }
        let some = |count: i32| Some(count).filter(|count| *count != 0);
        let status = ReplicationControllerStatus {
            replicas: counts.replicas,
            fully_labeled_replicas: some(counts.fully_labeled),
            ready_replicas: some(counts.ready),
            available_replicas: some(counts.available),
            observed_generation: self.metadata.generation,
            conditions: Some(conditions).filter(|conditions| !conditions.is_empty()),
        };
        Self { status: Some(status), ..self.clone() }
    }

    fn status_is(&self, other: &Self) -> bool {
        self.status == other.status
    }
}
