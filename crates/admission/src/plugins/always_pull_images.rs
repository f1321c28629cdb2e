//! `AlwaysPullImages`: no pod uses an image that another one's credentials pulled.
//!
//! Mirrors `plugin/pkg/admission/alwayspullimages`.

use super::Setup;
use super::pod_parts::{CONTAINERS, containers, items, text};
use crate::{Operation, Plugin, Request};
use async_trait::async_trait;
use object::{FieldErrors, Result, Value};
use std::collections::BTreeSet;

struct AlwaysPullImages;

pub(super) fn make(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(AlwaysPullImages)
}

#[async_trait]
impl Plugin for AlwaysPullImages {
    fn name(&self) -> &'static str {
        "AlwaysPullImages"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let Some(pod) = object.filter(|pod| concerns(request, pod)) else { return Ok(()) };
        for list in CONTAINERS {
            for container in pod["spec"][*list].as_array_mut().into_iter().flatten() {
                container["imagePullPolicy"] = "Always".into();
            }
        }
        for volume in pod["spec"]["volumes"].as_array_mut().into_iter().flatten() {
            if volume["image"].is_object() {
                volume["image"]["pullPolicy"] = "Always".into();
            }
        }
        Ok(())
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(pod) = object.filter(|pod| concerns(request, pod)) else { return Ok(()) };
        let mut errors = FieldErrors::new();
        for list in CONTAINERS {
            for (index, container) in items(&pod["spec"][*list]).enumerate() {
                let policy = text(&container["imagePullPolicy"]);
                if policy != "Always" {
                    let path = format!("spec.{list}[{index}].imagePullPolicy");
                    errors.not_supported(&path, policy, &["Always"]);
                }
            }
        }
        match errors.0.first() {
            Some(first) => Err(request.forbidden(Some(pod), first)),
            None => Ok(()),
        }
    }
}

/// An update that brings no new image is left alone.
fn concerns(request: &Request<'_>, pod: &Value) -> bool {
    let images = |pod| -> BTreeSet<String> {
        containers(pod).map(|(_, container)| text(&container["image"]).to_owned()).collect()
    };
    match request.operation {
        _ if !request.is_whole("", "pods") => false,
        Operation::Create => true,
        Operation::Update => !request.old.is_some_and(|old| images(pod).is_subset(&images(old))),
        Operation::Delete | Operation::Connect => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn every_image_is_pulled() {
        let case = Case::new(make, &cluster(), "", "pods");
        let mut pod = json!({"spec": {"initContainers": [{"image": "a"}],
            "containers": [{"image": "b", "imagePullPolicy": "Never"}]}});
        case.create("ns", &mut pod).await.expect("admitted");
        assert_eq!(pod["spec"]["initContainers"][0]["imagePullPolicy"], "Always");
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], "Always");
    }
}
