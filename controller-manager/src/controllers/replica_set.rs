//! replicaset-controller: as many pods as a ReplicaSet asks for.
//!
//! What it does is in [`super::replicas`]; this file says where a ReplicaSet keeps its fields.
//! Mirrors `k8s.io/kubernetes/pkg/controller/replicaset`.

use super::replicas::{self, Counts, Failure, Replicated};
use crate::context::Context;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};

/// Starts it.
pub(crate) fn start(context: &Context) {
    let workers = context.options.concurrency.replica_sets;
    replicas::start::<ReplicaSet>(context, "replicaset-controller", "replicaset", workers);
}

impl Replicated for ReplicaSet {
    fn selector(&self) -> LabelSelector {
        self.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default()
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
            Some(failure) if !known => conditions.push(ReplicaSetCondition {
                type_: "ReplicaFailure".into(),
                status: "True".into(),
                reason: Some(failure.reason.into()),
                message: Some(failure.message),
                last_transition_time: Some(now),
            }),
            Some(_) => {}
            None => conditions.retain(|condition| condition.type_ != "ReplicaFailure"),
        }
        let status = ReplicaSetStatus {
            replicas: counts.replicas,
            fully_labeled_replicas: Some(counts.fully_labeled).filter(|count| *count != 0),
            ready_replicas: Some(counts.ready).filter(|count| *count != 0),
            available_replicas: Some(counts.available).filter(|count| *count != 0),
            terminating_replicas: Some(counts.terminating),
            observed_generation: self.metadata.generation,
            conditions: Some(conditions).filter(|conditions| !conditions.is_empty()),
        };
        Self { status: Some(status), ..self.clone() }
    }

    fn status_is(&self, other: &Self) -> bool {
        self.status == other.status
    }
}
