//! `NamespaceExists`: nothing is written in a namespace that is not there.
//!
//! `NamespaceLifecycle` does the same for what is made and changed; this one also for what is
//! deleted. Mirrors `plugin/pkg/admission/namespace/exists`.

use super::Setup;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{ApiError, GroupResource, Result, Value};
use std::sync::Arc;

struct NamespaceExists {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(NamespaceExists { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for NamespaceExists {
    fn name(&self) -> &'static str {
        "NamespaceExists"
    }

    async fn validate(&self, request: &Request<'_>, _object: Option<&Value>) -> Result<()> {
        let apart = request.namespace.is_empty() || request.is("", "namespaces");
        if apart || request.operation == Operation::Connect {
            return Ok(());
        }
        let namespaces = GroupResource::new("", "namespaces");
        let known = self.cluster.get(&namespaces, "", request.namespace).is_some();
        if known || self.cluster.newest(&namespaces, "", request.namespace).await?.is_some() {
            return Ok(());
        }
        Err(ApiError::not_found(&namespaces, request.namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn a_namespace_must_be_there() {
        let cluster = cluster();
        cluster.put("", "namespaces", json!({"metadata": {"name": "here"}}));
        let case = Case::new(make, &cluster, "", "pods");
        let pod = json!({"metadata": {"name": "p"}});
        assert!(case.delete("here", "p", &pod).await.is_ok());
        let why = case.delete("gone", "p", &pod).await.expect_err("a refusal");
        assert_eq!(why.to_string(), "namespaces \"gone\" not found");
        let case = Case::new(make, &cluster, "", "nodes");
        assert!(case.create("", &mut json!({"metadata": {"name": "n"}})).await.is_ok());
    }
}
