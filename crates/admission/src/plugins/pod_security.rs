//! `PodSecurity`: the Pod Security Standards, of which only `privileged` is served.
//!
//! The other levels are not judged yet, so that a namespace that enforces one is refused, and no
//! pod is made in one that was labelled elsewhere. Labels that warn or audit have no effect.
//! Mirrors the place of `k8s.io/pod-security-admission`, not its checks.

use super::Setup;
use super::pod_parts::text;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Result, Value};
use std::sync::Arc;

const LABEL: &str = "pod-security.kubernetes.io/enforce";

struct PodSecurity {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(PodSecurity { cluster: setup.cluster.clone() })
}

fn enforced(namespace: &Value) -> Option<&str> {
    let level = text(&namespace["metadata"]["labels"][LABEL]);
    (!matches!(level, "" | "privileged")).then_some(level)
}

#[async_trait]
impl Plugin for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(object) = object else { return Ok(()) };
        let created = request.operation == Operation::Create;
        let refuse = |level: &str| {
            Err(request.forbidden(
                Some(object),
                format!(
                    "{LABEL}={level}: this server does not judge pods by Pod Security Standards yet"
                ),
            ))
        };
        if request.is_whole("", "namespaces") {
            return match (enforced(object), request.old.and_then(enforced)) {
                (Some(level), was) if was != Some(level) => refuse(level),
                _ => Ok(()),
            };
        }
        if !request.is_whole("", "pods") || !created {
            return Ok(());
        }
        let namespaces = GroupResource::new("", "namespaces");
        let namespace = self.cluster.get(&namespaces, "", request.namespace);
        match namespace.as_deref().and_then(enforced) {
            Some(level) => refuse(level),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn a_level_that_is_not_judged_is_refused() {
        let cluster = cluster();
        let namespaces = Case::new(make, &cluster, "", "namespaces");
        for (level, allowed) in [("privileged", true), ("baseline", false), ("restricted", false)] {
            let mut namespace = json!({"metadata": {"name": "ns", "labels": {LABEL: level}}});
            assert_eq!(namespaces.create("", &mut namespace).await.is_ok(), allowed, "{level}");
            cluster.put("", "namespaces", namespace);
            let pods = Case::new(make, &cluster, "", "pods");
            assert_eq!(pods.create("ns", &mut json!({})).await.is_ok(), allowed, "{level}");
        }
    }
}
