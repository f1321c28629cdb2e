//! The ServiceCIDR named `kubernetes`: the ranges of the flag, as an object.
//!
//! Mirrors `pkg/controlplane/controller/defaultservicecidr`.

use super::ServiceNetwork;
use crate::objects::Cached;
use crate::own::Own;
use auth::Objects;
use object::{GroupResource, Result, Value, json, meta};

const NAME: &str = "kubernetes";
const MANAGER: &str = "kubernetes-service-cidr-controller";

/// Creates it, makes it ready, and gives it a second family when the flag has one now. What else
/// differs from the flag is left as it is.
pub(crate) async fn ensure(own: &Own, objects: &Cached, network: &ServiceNetwork) -> Result<()> {
    if !own.serves("networking.k8s.io/v1", "ServiceCIDR") {
        return Ok(());
    }
    let resource = GroupResource::new("networking.k8s.io", "servicecidrs");
    let ranges = network.texts();
    let Some(current) = objects.get(&resource, "", NAME) else {
        own.ensure(&object(json!({"cidrs": ranges}))).await?;
        return make_ready(own, objects, &resource).await;
    };
    let has: Vec<&str> = current["spec"]["cidrs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if let ([only], [first, _]) = (has.as_slice(), ranges.as_slice())
        && only == first
    {
        let mut dual = Value::clone(&current);
        dual["spec"]["cidrs"] = json!(ranges);
        return own.replace(&dual).await;
    }
    if has != ranges {
        tracing::warn!(
            "the ServiceCIDR {NAME} has {has:?}, --service-cluster-ip-range is {ranges:?}"
        );
        return Ok(());
    }
    let conditions = current["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().find(|c| c["type"] == "Ready");
    let unknown = ready.is_none_or(|condition| condition["status"] == "Unknown");
    if unknown && meta::deletion_timestamp(&current).is_none() {
        return make_ready(own, objects, &resource).await;
    }
    Ok(())
}

async fn make_ready(own: &Own, objects: &Cached, resource: &GroupResource) -> Result<()> {
    let mut object = object(Value::Null);
    object["status"] = json!({"conditions": [{
        "type": "Ready",
        "status": "True",
        "message": "Kubernetes default Service CIDR is ready",
        "lastTransitionTime": object::time::print(runtime::clock::now()),
    }]});
    own.apply_status(&object, MANAGER).await?;
    // Addresses are given out of the ranges that the cache shows: a service that is created at once
    // has to find this one.
    objects.newest(resource, "", NAME).await.map(drop)
}

fn object(spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": NAME},
    });
    if !spec.is_null() {
        object["spec"] = spec;
    }
    object
}
