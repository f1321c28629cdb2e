//! What the engine asks of a kind, and tells it.

use control::Informed;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use serde::Serialize;

/// Where a kind keeps what the engine needs.
pub(crate) trait Replicated: Informed + Serialize {
    /// Which pods are its own.
    fn selector(&self) -> LabelSelector;
    /// What a new pod looks like.
    fn template(&self) -> Option<&PodTemplateSpec>;
    /// How many pods it asks for.
    fn wanted(&self) -> i32;
    /// How long a pod is ready before it counts as available.
    fn min_ready_seconds(&self) -> i32;
    /// Itself, with the status that says this.
    fn with_status(&self, counts: &Counts, failure: Option<Failure>, now: Time) -> Self;
    /// Whether its status says the same as that of `other`.
    fn status_is(&self, other: &Self) -> bool;
}

/// What the status says about the pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) replicas: i32,
    pub(crate) fully_labeled: i32,
    pub(crate) ready: i32,
    pub(crate) available: i32,
    pub(crate) terminating: i32,
}

/// What kept the engine from having its way.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}
