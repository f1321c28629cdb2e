//! `PersistentVolumeClaimResize`: claims grow only where their class allows it.
//!
//! Mirrors `plugin/pkg/admission/storage/persistentvolume/resize`.

use super::Setup;
use super::pod_parts::text;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Quantity, Result, Value, meta};
use std::sync::Arc;

struct PersistentVolumeClaimResize {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(PersistentVolumeClaimResize { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for PersistentVolumeClaimResize {
    fn name(&self) -> &'static str {
        "PersistentVolumeClaimResize"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let concerns = request.is_whole("", "persistentvolumeclaims")
            && request.operation == Operation::Update;
        let (Some(claim), Some(old), true) = (object, request.old, concerns) else {
            return Ok(());
        };
        let size = |claim: &Value| {
            let asked = text(&claim["spec"]["resources"]["requests"]["storage"]);
            Quantity::parse(asked).ok()
        };
        if size(claim) <= size(old) {
            return Ok(());
        }
        if old["status"]["phase"] != "Bound" {
            let why = "Only bound persistent volume claims can be expanded";
            return Err(request.forbidden(object, why));
        }
        let (class, was) = (class_of(claim), class_of(old));
        let classes = GroupResource::new("storage.k8s.io", "storageclasses");
        let known = self.cluster.get(&classes, "", class);
        let may = known.is_some_and(|class| class["allowVolumeExpansion"] == true);
        if class.is_empty() || class != was || !may {
            let why = "only dynamically provisioned pvc can be resized and the storageclass that \
                       provisions the pvc must support resize";
            return Err(request.forbidden(object, why));
        }
        Ok(())
    }
}

fn class_of(claim: &Value) -> &str {
    meta::annotation(claim, "volume.beta.kubernetes.io/storage-class")
        .unwrap_or_else(|| text(&claim["spec"]["storageClassName"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn a_claim_grows_where_its_class_lets_it() {
        let cluster = cluster();
        for (name, may) in [("soft", true), ("hard", false)] {
            cluster.put(
                "storage.k8s.io",
                "storageclasses",
                json!({"metadata": {"name": name}, "allowVolumeExpansion": may}),
            );
        }
        let claim = |class: &str, size: &str, phase: &str| {
            json!({"metadata": {"name": "c"}, "status": {"phase": phase}, "spec": {"storageClassName": class,
                "resources": {"requests": {"storage": size}}}})
        };
        let case = Case::new(make, &cluster, "", "persistentvolumeclaims");
        for (class, size, phase, allowed) in [
            ("soft", "2Gi", "Bound", true),
            ("hard", "2Gi", "Bound", false),
            ("soft", "2Gi", "Pending", false),
            ("hard", "1Gi", "Bound", true),
            ("hard", "512Mi", "Bound", true),
        ] {
            let old = claim(class, "1Gi", phase);
            let mut new = claim(class, size, phase);
            let outcome = case.update("ns", "c", &old, &mut new).await;
            assert_eq!(outcome.is_ok(), allowed, "{class} {size} {phase}");
        }
    }
}
