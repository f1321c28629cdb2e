//! `PodSecurity`: pods are held to the standard that their namespace's labels ask for.
//!
//! What violates the standard to enforce is refused; what violates the one to warn of is warned
//! of, also when it is only a template of pods. The standard to audit is read, and has no effect
//! yet. Mirrors `k8s.io/pod-security-admission/admission`.

mod checks;
mod configuration;
mod namespace;
mod pod;
mod standard;

pub use configuration::Configuration;

use super::Setup;
use super::pod_parts::{items, text};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{ApiError, GroupResource, Result, Value};
use pod::Pod;
use standard::{Level, Policy};
use std::sync::Arc;

/// The kinds that make pods, and where their template is.
const TEMPLATES: &[(&str, &str, &str)] = &[
    ("", "replicationcontrollers", "/spec/template"),
    ("", "podtemplates", "/template"),
    ("apps", "replicasets", "/spec/template"),
    ("apps", "deployments", "/spec/template"),
    ("apps", "statefulsets", "/spec/template"),
    ("apps", "daemonsets", "/spec/template"),
    ("batch", "jobs", "/spec/template"),
    ("batch", "cronjobs", "/spec/jobTemplate/spec/template"),
];

/// The parts of a pod that can't change what it may do.
const HARMLESS: &[&str] =
    &["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

struct PodSecurity {
    cluster: Arc<dyn Cluster>,
    configuration: Configuration,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    let (cluster, configuration) = (setup.cluster.clone(), setup.pod_security.clone());
    Box::new(PodSecurity { cluster, configuration })
}

#[async_trait]
impl Plugin for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let Some(object) = object.filter(|_| changes) else { return Ok(()) };
        if request.is_whole("", "namespaces") {
            return self.namespace(request, object);
        }
        if request.is("", "pods") {
            return self.pod(request, object).await;
        }
        let place = TEMPLATES.iter().find(|(group, plural, _)| request.is_whole(group, plural));
        let template = place.and_then(|(_, _, path)| object.pointer(path));
        match template.filter(|template| !template.is_null()) {
            Some(template) => self.template(request, template).await,
            None => Ok(()),
        }
    }
}

impl PodSecurity {
    async fn pod(&self, request: &Request<'_>, object: &Value) -> Result<()> {
        if HARMLESS.contains(&request.subresource) || self.is_exempt(request) {
            return Ok(());
        }
        let Some(policy) = self.policy(request.namespace).await else {
            let why = format!("failed to lookup namespace {:?}", request.namespace);
            return Err(ApiError::internal(why));
        };
        let same = |old| request.operation == Operation::Update && !concerns(object, old);
        if policy.is_privileged() || request.old.is_some_and(same) {
            return Ok(());
        }
        let pod = Pod::of(object);
        if self.has_exempt_runtime(pod) {
            return Ok(());
        }
        let against = checks::findings(policy.enforce, pod);
        if against.is_empty() {
            warn(request, &policy, pod);
            return Ok(());
        }
        let (standard, against) = (policy.enforce, checks::in_full(&against));
        let why = format!("violates PodSecurity \"{standard}\": {against}");
        Err(request.forbidden(Some(object), why))
    }

    /// What makes pods is let through, whatever becomes of its pods.
    async fn template(&self, request: &Request<'_>, template: &Value) -> Result<()> {
        if self.is_exempt(request) {
            return Ok(());
        }
        let Some(policy) = self.policy(request.namespace).await else { return Ok(()) };
        let pod = Pod::of(template);
        if policy.warn.level != Level::Privileged && !self.has_exempt_runtime(pod) {
            warn(request, &policy, pod);
        }
        Ok(())
    }

    /// What a namespace asks for; `None` where there is no such namespace.
    async fn policy(&self, namespace: &str) -> Option<Policy> {
        let resource = GroupResource::new("", "namespaces");
        let found = match self.cluster.get(&resource, "", namespace) {
            Some(found) => found,
            None => self.cluster.newest(&resource, "", namespace).await.ok().flatten()?,
        };
        let labels = &found["metadata"]["labels"];
        Some(Policy::of_labels(labels, &self.configuration.defaults).0)
    }

    fn is_exempt(&self, request: &Request<'_>) -> bool {
        self.configuration.namespaces.contains(request.namespace)
            || self.configuration.usernames.contains(&request.user.name)
    }

    fn has_exempt_runtime(&self, pod: Pod<'_>) -> bool {
        self.configuration.runtime_classes.contains(text(&pod.spec["runtimeClassName"]))
    }
}

fn warn(request: &Request<'_>, policy: &Policy, pod: Pod<'_>) {
    let against = checks::findings(policy.warn, pod);
    if !against.is_empty() {
        let (standard, against) = (policy.warn, checks::in_full(&against));
        request.warn(format!("would violate PodSecurity \"{standard}\": {against}"));
    }
}

/// Whether an update changes what a standard is about: containers come, or run something else.
fn concerns(new: &Value, old: &Value) -> bool {
    let other_images = |name: &str| {
        let (new, old) = (items(&new["spec"][name]), items(&old["spec"][name]));
        !new.map(|container| &container["image"]).eq(old.map(|container| &container["image"]))
    };
    let added = items(&new["spec"]["ephemeralContainers"]).any(|container| {
        let known = items(&old["spec"]["ephemeralContainers"])
            .find(|known| known["name"] == container["name"]);
        known.is_none_or(|known| known["image"] != container["image"])
    });
    other_images("containers") || other_images("initContainers") || added
}

#[cfg(test)]
mod tests;
