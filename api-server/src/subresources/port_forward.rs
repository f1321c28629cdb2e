//! `pods/portforward`: connections to ports of a pod.
//!
//! Mirrors `pkg/registry/core/pod/rest/subresources.go` (`PortForwardREST`).

use super::{allowed_to_create, container, read, streams, upgrade};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use form_urlencoded::Serializer;
use http::Response;
use object::{ApiError, Result, meta};

/// How the subprotocols begin that carry SPDY inside of WebSocket.
const TUNNEL: &str = "SPDY/3.1+";

pub(super) async fn serve(api: &Api, ask: Ask, _body: Body) -> Result<Response<Body>> {
    allowed_to_create(api, &ask).await?;
    let pod = read(api, "pods", &ask.resource.namespace, &ask.resource.name).await?;
    let ports = ports(&ask)?;
    let kubelet = api.kubelets.of_node(api, container::bound_node(&pod)?).await?;
    let mut path = format!("/portForward/{}/{}", meta::namespace(&pod), meta::name(&pod));
    if !ports.is_empty() {
        let mut query = Serializer::new(String::new());
        query.append_pair("port", &ports.join(","));
        path = format!("{path}?{}", query.finish());
    }
    streams::refuse_unless(&ask, &kubelet, |name| name.starts_with(TUNNEL))?;
    upgrade::pass(api, ask, &kubelet.backend, &path).await
}

/// The ports that WebSocket clients of old name in the query.
fn ports(ask: &Ask) -> Result<Vec<String>> {
    let named = ask.query.all("ports").filter(|text| !text.is_empty());
    named.map(port).collect()
}

fn port(text: &str) -> Result<String> {
    let wrong =
        || ApiError::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
    let numbers = text.split(',').map(|one| one.trim().parse::<i32>());
    let numbers = numbers.collect::<Result<Vec<_>, _>>().map_err(|_| wrong())?;
    Ok(numbers.iter().map(i32::to_string).collect::<Vec<_>>().join(","))
}
