//! `pods/portforward`: connections to ports of a pod.
//!
//! Mirrors `pkg/registry/core/pod/rest/subresources.go` (`PortForwardREST`).

use super::{container, lookup, streams, upgrade};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use form_urlencoded::Serializer;
use http::Response;
use object::{ApiError, Result, meta};
use std::num::IntErrorKind;

/// How the subprotocols begin that carry SPDY inside of WebSocket.
const TUNNEL: &str = "SPDY/3.1+";

pub(super) async fn serve(api: &Api, ask: Ask, _body: Body) -> Result<Response<Body>> {
    streams::allowed_to_create(api, &ask).await?;
    let ports = ports(ask.query.all("ports"))?;
    let pod =
        lookup::object(api, &ask, "pods", &ask.resource.namespace, &ask.resource.name).await?;
    let kubelet = lookup::kubelet(api, &ask, container::bound_node(&pod)?).await?;
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
fn ports<'a>(named: impl Iterator<Item = &'a str>) -> Result<Vec<String>> {
    named.flat_map(|text| text.split(',')).map(port).collect()
}

fn port(text: &str) -> Result<String> {
    let why = match text.parse::<u16>() {
        Ok(_) if text.starts_with('+') => "invalid syntax",
        Ok(number) => return Ok(number.to_string()),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => "value out of range",
        Err(_) => "invalid syntax",
    };
    Err(ApiError::bad_request(format!(
        "cannot convert to []int32: strconv.ParseUint: parsing {text:?}: {why}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_numbers_of_sixteen_bits() {
        let read = |named: &[&'static str]| ports(named.iter().copied()).map_err(|e| e.message);
        assert_eq!(read(&["80,81", "82"]), Ok(vec!["80".into(), "81".into(), "82".into()]));
        for (text, why) in
            [("", "invalid syntax"), ("-1", "invalid syntax"), ("65536", "value out of range")]
        {
            let expected =
                format!("cannot convert to []int32: strconv.ParseUint: parsing {text:?}: {why}");
            assert_eq!(read(&[text]), Err(expected));
        }
    }
}
