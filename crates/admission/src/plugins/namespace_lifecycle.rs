//! `NamespaceLifecycle`: nothing is made in a namespace that is not there or is on its way out.
//!
//! Mirrors `k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`.

use super::Setup;
use crate::limits::{LIVE_LOOKUP, LIVE_LOOKUP_NAMESPACES};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{ApiError, Cause, GroupResource, Result, Value};
use runtime::clock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Namespaces that can't be deleted.
const IMMORTAL: &[&str] = &["default", "kube-system", "kube-public"];

struct NamespaceLifecycle {
    cluster: Arc<dyn Cluster>,
    /// Namespaces whose deletion passed here lately: the cache may not know it yet.
    deleted: Mutex<VecDeque<(String, clock::Instant)>>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(NamespaceLifecycle { cluster: setup.cluster.clone(), deleted: Mutex::default() })
}

#[async_trait]
impl Plugin for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        if request.is("", "namespaces") {
            return self.of_namespace(request);
        }
        // What someone may do in a namespace must not tell whether there is one.
        let is_review = request.is("authorization.k8s.io", "localsubjectaccessreviews");
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        if request.namespace.is_empty() || !changes || is_review {
            return Ok(());
        }
        let namespaces = GroupResource::new("", "namespaces");
        let mut found = self.cluster.get(&namespaces, "", request.namespace);
        let doubtful = |found: &Value| {
            found["status"]["phase"] == "Active" && self.was_deleted(request.namespace)
        };
        if found.as_deref().is_none_or(doubtful) {
            found = self.cluster.newest(&namespaces, "", request.namespace).await?;
        }
        let Some(found) = found else {
            return Err(ApiError::not_found(&namespaces, request.namespace));
        };
        if request.operation == Operation::Create && found["status"]["phase"] == "Terminating" {
            return Err(terminating(request, object.as_deref()));
        }
        Ok(())
    }
}

impl NamespaceLifecycle {
    fn of_namespace(&self, request: &Request<'_>) -> Result<()> {
        if request.operation != Operation::Delete {
            return Ok(());
        }
        if IMMORTAL.contains(&request.name) {
            let resource = request.kind.group_resource();
            let why = "this namespace may not be deleted";
            return Err(ApiError::forbidden(&resource, request.name, why));
        }
        let mut deleted = self.deleted.lock().expect("no holder of the lock panics");
        if deleted.len() == LIVE_LOOKUP_NAMESPACES {
            deleted.pop_front();
        }
        deleted.push_back((request.name.to_owned(), clock::monotonic()));
        Ok(())
    }

    fn was_deleted(&self, namespace: &str) -> bool {
        let mut deleted = self.deleted.lock().expect("no holder of the lock panics");
        let now = clock::monotonic();
        deleted.retain(|(_, when)| now.duration_since(*when) < LIVE_LOOKUP);
        deleted.iter().any(|(name, _)| name == namespace)
    }
}

fn terminating(request: &Request<'_>, object: Option<&Value>) -> ApiError {
    let namespace = request.namespace;
    let mut error = request.forbidden(
        object,
        format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        ),
    );
    if let Some(details) = &mut error.details {
        details.causes.push(Cause {
            reason: "NamespaceTerminating".to_owned(),
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".to_owned(),
        });
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    fn namespace(name: &str, phase: &str) -> Value {
        json!({"metadata": {"name": name}, "status": {"phase": phase}})
    }

    #[tokio::test]
    async fn content_needs_a_namespace_that_stays() {
        let cluster = cluster();
        cluster.put("", "namespaces", namespace("here", "Active"));
        cluster.put("", "namespaces", namespace("going", "Terminating"));
        let case = Case::new(make, &cluster, "", "pods");
        let mut pod = json!({"metadata": {"name": "web"}});
        assert_eq!(case.create("here", &mut pod).await, Ok(()));
        let missing = case.create("nowhere", &mut pod).await.expect_err("a refusal");
        assert_eq!(
            (missing.code, missing.to_string()),
            (404, "namespaces \"nowhere\" not found".into())
        );
        let going = case.create("going", &mut pod).await.expect_err("a refusal");
        assert_eq!(
            going.to_string(),
            "pods \"web\" is forbidden: unable to create new content in namespace going because it is \
             being terminated"
        );
        assert_eq!(
            going.to_status()["details"]["causes"],
            json!([{
                "reason": "NamespaceTerminating",
                "message": "namespace going is being terminated",
                "field": "metadata.namespace",
            }])
        );
        assert_eq!(case.update("going", "web", &pod.clone(), &mut pod).await, Ok(()));
    }

    #[tokio::test]
    async fn three_namespaces_stay_for_ever() {
        let case = Case::new(make, &cluster(), "", "namespaces");
        let why = case.delete("", "kube-system", &json!({})).await.expect_err("a refusal");
        assert_eq!(
            why.to_string(),
            "namespaces \"kube-system\" is forbidden: this namespace may not be deleted"
        );
        assert_eq!(case.delete("", "mine", &json!({})).await, Ok(()));
    }
}
