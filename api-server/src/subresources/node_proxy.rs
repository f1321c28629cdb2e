//! `nodes/proxy`: the kubelet's own API, or another port of a node.
//!
//! Mirrors `pkg/registry/core/node/strategy.go` (`ResourceLocation`) and `.../node/rest`.

use super::lookup;
use super::proxy::{self, Wanted};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::{ApiError, Result};

pub(super) async fn serve(api: &Api, ask: Ask, body: Body) -> Result<Response<Body>> {
    let wanted = Wanted::read("node", &ask.resource.name)?;
    let kubelet = lookup::kubelet(api, &ask, wanted.name).await?.backend;
    let addresses = super::dial::resolve(&kubelet.host, kubelet.port).await;
    let addresses = addresses.map_err(|error| ApiError::bad_request(error.to_string()))?;
    if !addresses.iter().all(|address| proxy::is_allowed(address.ip())) {
        return Err(ApiError::bad_request("address not allowed"));
    }
    let backend = match wanted.port {
        "" => kubelet,
        port if port == kubelet.port.to_string() => kubelet,
        port => api.kubelets.stranger(wanted.scheme, kubelet.host, proxy::port(port)?),
    };
    proxy::pass(api, ask, body, &backend).await
}
