//! Tokens that a node asks for: for pods that run on it, and for audiences that they name.

use super::Asked;
use crate::Operation;
use crate::plugins::pod_parts::{items, text};
use auth::Attributes;
use object::{GroupResource, Result, Value, meta};
use std::sync::Arc;

pub(super) async fn admit(asked: &Asked<'_>) -> Result<()> {
    let Some(request) = asked.object.filter(|_| asked.request.operation == Operation::Create)
    else {
        return Ok(());
    };
    let bound = &request["spec"]["boundObjectRef"];
    let name = text(&bound["name"]);
    let to_pod = bound["apiVersion"] == "v1" && bound["kind"] == "Pod" && !name.is_empty();
    asked.unless(to_pod, "node requested token not bound to a pod")?;
    let uid = text(&bound["uid"]);
    asked.unless(!uid.is_empty(), "node requested token with a pod binding without a uid")?;
    let pod = asked.pod(name).await?;
    asked.unless(
        uid == meta::uid(&pod),
        format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object \
             might have been deleted and then recreated"
        ),
    )?;
    asked.unless(
        pod["spec"]["nodeName"] == asked.node,
        "node requested token bound to a pod scheduled on a different node",
    )?;
    let audiences: Vec<&str> = items(&request["spec"]["audiences"]).map(text).collect();
    let audience = match audiences.as_slice() {
        [] => "",
        [one] => one,
        _ => return asked.refuse("node may only request 0 or 1 audiences"),
    };
    if names(asked, &pod, audience) {
        return Ok(());
    }
    let user = Arc::new(asked.request.user.clone());
    let who = user.name.clone();
    let right = Attributes::resource(user, "request-serviceaccounts-token-audience", "", audience)
        .in_namespace(asked.request.namespace)
        .named(asked.request.name);
    let allowed = asked.cluster.decide(&right).await.is_allow();
    asked.unless(
        allowed,
        format!(
            "audience {audience:?} not found in pod spec volume, {who} is not authorized to request \
             tokens for this audience"
        ),
    )
}

/// Whether a volume of the pod needs a token for this audience.
fn names(asked: &Asked<'_>, pod: &Value, audience: &str) -> bool {
    items(&pod["spec"]["volumes"]).any(|volume| {
        let projected = items(&volume["projected"]["sources"]).any(|source| {
            let token = &source["serviceAccountToken"];
            token.is_object() && text(&token["audience"]) == audience
        });
        projected || driver_names(asked, pod, volume, audience)
    })
}

/// Whether the CSI driver behind a volume asks for tokens for this audience.
fn driver_names(asked: &Asked<'_>, pod: &Value, volume: &Value, audience: &str) -> bool {
    let inline = text(&volume["csi"]["driver"]).to_owned();
    let claim = if volume["ephemeral"].is_object() {
        format!("{}-{}", meta::name(pod), text(&volume["name"]))
    } else {
        text(&volume["persistentVolumeClaim"]["claimName"]).to_owned()
    };
    let driver = if inline.is_empty() { of_claim(asked, &claim) } else { Some(inline) };
    let drivers = GroupResource::new("storage.k8s.io", "csidrivers");
    let known = driver.and_then(|driver| asked.cluster.get(&drivers, "", &driver));
    known.is_some_and(|driver| {
        items(&driver["spec"]["tokenRequests"]).any(|wanted| text(&wanted["audience"]) == audience)
    })
}

fn of_claim(asked: &Asked<'_>, claim: &str) -> Option<String> {
    let claims = GroupResource::new("", "persistentvolumeclaims");
    let claim = asked.cluster.get(&claims, asked.request.namespace, claim)?;
    let volumes = GroupResource::new("", "persistentvolumes");
    let volume = asked.cluster.get(&volumes, "", text(&claim["spec"]["volumeName"]))?;
    volume["spec"]["csi"]["driver"].as_str().map(str::to_owned)
}
