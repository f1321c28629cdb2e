//! `StorageObjectInUseProtection`: volumes and claims are held while they are used.
//!
//! Mirrors `plugin/pkg/admission/storage/storageobjectinuseprotection`.

use super::Setup;
use crate::{Operation, Plugin, Request};
use async_trait::async_trait;
use object::{Result, Value, json, meta};

/// Group, resource and finalizer.
const HELD: &[(&str, &str, &str)] = &[
    ("", "persistentvolumes", "kubernetes.io/pv-protection"),
    ("", "persistentvolumeclaims", "kubernetes.io/pvc-protection"),
    ("storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection"),
];

struct StorageObjectInUseProtection;

pub(super) fn make(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(StorageObjectInUseProtection)
}

#[async_trait]
impl Plugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        "StorageObjectInUseProtection"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let created = request.operation == Operation::Create;
        let held = HELD.iter().find(|(group, resource, _)| request.is_whole(group, resource));
        let (Some(object), Some((_, _, finalizer)), true) = (object, held, created) else {
            return Ok(());
        };
        let mut all: Vec<&str> = meta::finalizers(object).collect();
        if !all.contains(finalizer) {
            all.push(finalizer);
            let all = json!(all);
            meta::of(object).insert("finalizers".into(), all);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};

    #[tokio::test]
    async fn a_claim_is_held_once() {
        let case = Case::new(make, &cluster(), "", "persistentvolumeclaims");
        let mut claim = json!({"metadata": {"name": "c", "finalizers": ["own"]}});
        for _ in 0..2 {
            case.create("ns", &mut claim).await.expect("admitted");
        }
        assert_eq!(claim["metadata"]["finalizers"], json!(["own", "kubernetes.io/pvc-protection"]));
    }
}
