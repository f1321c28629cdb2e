//! `pods/proxy`: what a pod serves over HTTP.
//!
//! Mirrors `pkg/registry/core/pod/strategy.go` (`ResourceLocation`).

use super::lookup;
use super::proxy::{self, Wanted};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::{ApiError, Result, Value};
use std::net::IpAddr;

pub(super) async fn serve(api: &Api, ask: Ask, body: Body) -> Result<Response<Body>> {
    let wanted = Wanted::read("pod", &ask.resource.name)?;
    let pod = lookup::object(api, &ask, "pods", &ask.resource.namespace, wanted.name).await?;
    let address = pod["status"]["podIPs"][0]["ip"].as_str().unwrap_or_default();
    match address.parse::<IpAddr>() {
        Ok(address) if proxy::is_allowed(address) => {}
        _ => return Err(ApiError::bad_request("address not allowed")),
    }
    let port = match wanted.port {
        "" => first_port(&pod).unwrap_or_else(|| proxy::default_port(wanted.scheme)),
        port => proxy::port(port)?,
    };
    let backend = api.kubelets.stranger(wanted.scheme, address.to_owned(), port);
    proxy::pass(api, ask, body, &backend).await
}

/// The first port that the pod's containers declare.
fn first_port(pod: &Value) -> Option<u16> {
    let mut containers = pod["spec"]["containers"].as_array()?.iter();
    let port = containers.find_map(|container| container["ports"][0]["containerPort"].as_u64())?;
    u16::try_from(port).ok()
}
