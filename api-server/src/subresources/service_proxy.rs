//! `services/proxy`: what a pod behind a service serves over HTTP.
//!
//! Mirrors `pkg/registry/core/service/storage` (`ResourceLocation`).

use super::lookup;
use super::proxy::{self, Wanted};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::{ApiError, Result, Value};

pub(super) async fn serve(api: &Api, ask: Ask, body: Body) -> Result<Response<Body>> {
    let id = ask.resource.name.as_str();
    let namespace = ask.resource.namespace.as_str();
    let wanted = Wanted::read("service", id)?;
    let service = lookup::object(api, &ask, "services", namespace, wanted.name).await?;
    let mut port_name = wanted.port.to_owned();
    if let Ok(number) = wanted.port.parse::<i64>() {
        port_name = name_of_port(&service, number).ok_or_else(|| {
            let name = wanted.name;
            ApiError::unavailable(format!("no service port {number} found for service {name:?}"))
        })?;
    }
    let endpoints = lookup::object(api, &ask, "endpoints", namespace, wanted.name).await?;
    let subsets = endpoints["subsets"].as_array().map(Vec::as_slice).unwrap_or_default();
    if subsets.is_empty() {
        let name = wanted.name;
        return Err(ApiError::unavailable(format!("no endpoints available for service {name:?}")));
    }
    for subset in from_anywhere(subsets) {
        let Some(port) = port_of(subset, &port_name) else { continue };
        let addresses = subset["addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
        for address in from_anywhere(addresses) {
            if !is_of_a_pod(api, &ask, namespace, address).await {
                continue;
            }
            let host = address["ip"].as_str().unwrap_or_default().to_owned();
            let backend = api.kubelets.stranger(wanted.scheme, host, port);
            return proxy::pass(api, ask, body, &backend).await;
        }
    }
    Err(ApiError::unavailable(format!("no endpoints available for service {id:?}")))
}

/// All of them, from a random one on, so that no backend takes all.
fn from_anywhere(all: &[Value]) -> impl Iterator<Item = &Value> {
    let first = match all.len() {
        0 => 0,
        count => usize::try_from(runtime::entropy::below(count as u64)).unwrap_or(0),
    };
    all[first..].iter().chain(&all[..first])
}

fn name_of_port(service: &Value, number: i64) -> Option<String> {
    let mut ports = service["spec"]["ports"].as_array()?.iter();
    let port = ports.find(|port| port["port"].as_i64() == Some(number))?;
    Some(port["name"].as_str().unwrap_or_default().to_owned())
}

fn port_of(subset: &Value, name: &str) -> Option<u16> {
    let mut ports = subset["ports"].as_array()?.iter();
    let port = ports.find(|port| port["name"].as_str().unwrap_or_default() == name)?;
    port["port"].as_u64().and_then(|number| u16::try_from(number).ok())
}

/// Only pods are proxied to: endpoints can be written by hand, and could name anything.
async fn is_of_a_pod(api: &Api, ask: &Ask, namespace: &str, address: &Value) -> bool {
    let target = &address["targetRef"];
    let (Some(name), Some(of)) = (target["name"].as_str(), target["namespace"].as_str()) else {
        return false;
    };
    if of != namespace {
        return false;
    }
    let Ok(pod) = lookup::object(api, ask, "pods", namespace, name).await else { return false };
    let addresses = pod["status"]["podIPs"].as_array();
    addresses.is_some_and(|all| all.iter().any(|one| one["ip"] == address["ip"]))
}
