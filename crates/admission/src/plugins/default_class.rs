//! `DefaultStorageClass` and `DefaultIngressClass`: what names no class gets the default one.
//!
//! Mirrors `plugin/pkg/admission/storage/storageclass/setdefault` and
//! `plugin/pkg/admission/network/defaultingressclass`.

use super::Setup;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Result, Value, meta};
use std::cmp::Reverse;
use std::sync::Arc;

/// Which objects get a class, and where it is marked as the default.
struct DefaultClass {
    name: &'static str,
    /// Group and resource of what gets a class, the field, and the old annotation for it.
    of: (&'static str, &'static str, &'static str, &'static str),
    /// Group and resource of the classes, and the annotations that make one the default.
    classes: (&'static str, &'static str, &'static [&'static str]),
    cluster: Arc<dyn Cluster>,
}

pub(super) fn storage(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(DefaultClass {
        name: "DefaultStorageClass",
        of: (
            "",
            "persistentvolumeclaims",
            "storageClassName",
            "volume.beta.kubernetes.io/storage-class",
        ),
        classes: (
            "storage.k8s.io",
            "storageclasses",
            &[
                "storageclass.kubernetes.io/is-default-class",
                "storageclass.beta.kubernetes.io/is-default-class",
            ],
        ),
        cluster: setup.cluster.clone(),
    })
}

pub(super) fn ingress(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(DefaultClass {
        name: "DefaultIngressClass",
        of: ("networking.k8s.io", "ingresses", "ingressClassName", "kubernetes.io/ingress.class"),
        classes: (
            "networking.k8s.io",
            "ingressclasses",
            &["ingressclass.kubernetes.io/is-default-class"],
        ),
        cluster: setup.cluster.clone(),
    })
}

#[async_trait]
impl Plugin for DefaultClass {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let (group, resource, field, annotation) = self.of;
        let concerns = request.is_whole(group, resource) && request.operation == Operation::Create;
        let Some(object) = object.filter(|_| concerns) else { return Ok(()) };
        if !object["spec"][field].is_null() || meta::annotation(object, annotation).is_some() {
            return Ok(());
        }
        let (group, resource, marks) = self.classes;
        let mut classes = self.cluster.list(&GroupResource::new(group, resource), None);
        classes.retain(|class| marks.iter().any(|m| meta::annotation(class, m) == Some("true")));
        // The newest, and of those made in the same second, the first by name.
        classes.sort_by_key(|class| {
            let created = class["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
            (Reverse(created.to_owned()), meta::name(class).to_owned())
        });
        if let Some(class) = classes.first() {
            object["spec"][field] = meta::name(class).into();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn the_newest_default_class_is_taken() {
        let cluster = cluster();
        let mark = "storageclass.kubernetes.io/is-default-class";
        for (name, default, created) in [
            ("old", "true", "2020-01-01T00:00:00Z"),
            ("new", "true", "2021-01-01T00:00:00Z"),
            ("other", "false", "2022-01-01T00:00:00Z"),
        ] {
            cluster.put(
                "storage.k8s.io",
                "storageclasses",
                json!({"metadata": {"name": name,
                "creationTimestamp": created, "annotations": {mark: default}}}),
            );
        }
        let case = Case::new(storage, &cluster, "", "persistentvolumeclaims");
        let mut claim = json!({"spec": {}});
        case.create("ns", &mut claim).await.expect("admitted");
        assert_eq!(claim["spec"]["storageClassName"], "new");
        let mut none = json!({"spec": {"storageClassName": ""}});
        case.create("ns", &mut none).await.expect("admitted");
        assert_eq!(none["spec"]["storageClassName"], "", "no class is a choice");
    }
}
