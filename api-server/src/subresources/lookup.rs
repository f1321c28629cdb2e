//! What subresources look up before they act.

use super::kubelet::Kubelet;
use crate::Api;
use crate::ask::Ask;
use cache::At;
use object::{ApiError, Result, Value};

/// An object of a core kind, as it is now; nobody's rights are asked for. What is not there is
/// refused in the name of the resource that `ask` is about, as upstream does.
pub(super) async fn object(
    api: &Api,
    ask: &Ask,
    resource: &str,
    namespace: &str,
    name: &str,
) -> Result<Value> {
    let kind = kinds::find("", "v1", resource).ok_or_else(ApiError::no_such_resource)?;
    let shelf = api.registry.cache.shelf(kind).ok_or_else(ApiError::no_such_resource)?;
    let found = api.registry.cache.get(shelf, namespace, name, At::Newest).await?;
    let found = found.ok_or_else(|| ApiError::not_found(&ask.kind.group_resource(), name))?;
    found.stored_value()
}

/// The kubelet of a node.
pub(super) async fn kubelet(api: &Api, ask: &Ask, node: &str) -> Result<Kubelet> {
    let node = object(api, ask, "nodes", "", node).await?;
    api.kubelets.of_node(&node)
}
