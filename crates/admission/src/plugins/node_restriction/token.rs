//! Tokens that a node asks for: for pods that run on it, and for audiences that they name.

use super::{Asked, not_found};
use crate::Operation;
use crate::plugins::pod_parts::{items, text};
use auth::Attributes;
use object::{GroupResource, Result, Value, meta};
use std::collections::BTreeSet;
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
    match names(asked, &pod, audience) {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(why) => {
            return asked.refuse(format!("error validating audience {audience:?}: {why}"));
        }
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
///
/// # Errors
/// None does, as far as is known; what else there would be to ask is not there.
fn names(asked: &Asked<'_>, pod: &Value, audience: &str) -> Result<bool, String> {
    let mut missing = Vec::new();
    for volume in items(&pod["spec"]["volumes"]) {
        let projected = items(&volume["projected"]["sources"]).any(|source| {
            let token = &source["serviceAccountToken"];
            token.is_object() && text(&token["audience"]) == audience
        });
        if projected {
            return Ok(true);
        }
        match driver_names(asked, pod, volume, audience) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => missing.push(error.message),
        }
    }
    let mut known = BTreeSet::new();
    missing.retain(|why| known.insert(why.clone()));
    match missing.as_slice() {
        [] => Ok(false),
        [one] => Err(one.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

/// Whether the CSI driver behind a volume asks for tokens for this audience.
fn driver_names(asked: &Asked<'_>, pod: &Value, volume: &Value, audience: &str) -> Result<bool> {
    let driver = if volume["ephemeral"].is_object() {
        of_claim(asked, &format!("{}-{}", meta::name(pod), text(&volume["name"])))?
    } else if volume["persistentVolumeClaim"].is_object() {
        of_claim(asked, text(&volume["persistentVolumeClaim"]["claimName"]))?
    } else {
        text(&volume["csi"]["driver"]).to_owned()
    };
    if driver.is_empty() {
        return Ok(false);
    }
    let drivers = GroupResource::new("storage.k8s.io", "csidrivers");
    let known = asked.cluster.get(&drivers, "", &driver);
    let known = known.ok_or_else(|| not_found("csidriver.storage.k8s.io", &driver))?;
    Ok(items(&known["spec"]["tokenRequests"]).any(|wanted| text(&wanted["audience"]) == audience))
}

/// The CSI driver behind a claim; empty where there is none.
fn of_claim(asked: &Asked<'_>, name: &str) -> Result<String> {
    let claims = GroupResource::new("", "persistentvolumeclaims");
    let claim = asked.cluster.get(&claims, asked.request.namespace, name);
    let claim = claim.ok_or_else(|| not_found("persistentvolumeclaim", name))?;
    let name = text(&claim["spec"]["volumeName"]);
    let volumes = GroupResource::new("", "persistentvolumes");
    let volume = asked.cluster.get(&volumes, "", name);
    let volume = volume.ok_or_else(|| not_found("persistentvolume", name))?;
    Ok(text(&volume["spec"]["csi"]["driver"]).to_owned())
}
