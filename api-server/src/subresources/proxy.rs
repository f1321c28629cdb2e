//! What `nodes/proxy`, `pods/proxy` and `services/proxy` share: one HTTP request, handed on.
//!
//! Mirrors `k8s.io/apimachinery/pkg/util/proxy/{upgradeaware,transport}.go` and Go's `httputil`.

use super::dial::Backend;
use super::{page, upgrade};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use object::{ApiError, Result};
use std::net::IpAddr;

const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

const NO_CACHE: &str = "no-cache, private";

/// Headers about one connection, which don't travel on.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "proxy-connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which a backend would speak for our own origin.
const CORS: &[&str] = &[
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
];

/// What the name in the path asks for: `name`, `name:port` or `scheme:name:port`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    pub scheme: &'a str,
    pub name: &'a str,
    pub port: &'a str,
}

impl<'a> Wanted<'a> {
    /// Reads it; `what` is such as `pod`, for the refusal.
    pub(crate) fn read(what: &str, id: &'a str) -> Result<Self> {
        let parts: Vec<&str> = id.split(':').collect();
        let (scheme, name, port) = match parts[..] {
            [name] => ("", name, ""),
            [name, port] => ("", name, port),
            [scheme, name, port] => (scheme, name, port),
            _ => ("", "", ""),
        };
        if name.is_empty() || !matches!(scheme, "" | "http" | "https") {
            return Err(ApiError::bad_request(format!("invalid {what} request {id:?}")));
        }
        Ok(Self { scheme, name, port })
    }
}

/// A port by its number.
pub(super) fn port(text: &str) -> Result<u16> {
    text.parse().map_err(|_| {
        let why = format!("dial tcp: lookup tcp/{text}: unknown port");
        ApiError::unavailable(format!("error trying to reach service: {why}"))
    })
}

/// The port of a scheme.
pub(super) fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

/// Whether an address may be proxied to: not this machine, not its link.
pub(super) fn is_allowed(address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(is_link_local || address.is_loopback() || address.is_unspecified() || address.is_multicast())
}

/// Hands the request on to a backend, and its answer back.
pub(super) async fn pass(
    api: &Api,
    ask: Ask,
    body: Body,
    backend: &Backend,
) -> Result<Response<Body>> {
    let (prefix, rest) = split(ask.parts.uri.path(), ask.kind.namespaced);
    let (prefix, rest) = (prefix.to_owned(), rest.to_owned());
    let query = ask.parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = if rest.is_empty() { "/" } else { rest.as_str() };
    let path = format!("{path}{query}");
    if upgrade::is_asked_for(&ask.parts.headers) {
        return upgrade::pass(api, ask, backend, &path).await;
    }
    if rest.is_empty() && matches!(ask.parts.method, Method::GET | Method::HEAD) {
        return moved(format!("{prefix}/{query}"));
    }
    let request = Request::builder().method(ask.parts.method.clone()).uri(path);
    let mut request = request.body(body).map_err(ApiError::internal)?;
    let mut headers = ask.parts.headers.clone();
    strip(&mut headers, HOP_BY_HOP);
    upgrade::forwarded(&ask, &mut headers);
    if let Ok(uri) = HeaderValue::from_str(ask.parts.uri.path()) {
        headers.insert(FORWARDED_URI, uri);
    }
    *request.headers_mut() = headers;
    let answered = backend.send(request).await.map_err(|error| {
        ApiError::unavailable(format!("error trying to reach service: {error}"))
    })?;
    let mut answer = answered.map(Body::new);
    let headers = answer.headers_mut();
    strip(headers, HOP_BY_HOP);
    strip(headers, CORS);
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_CACHE));
    }
    let ours = ask.parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = backend.authority();
    let own_hosts = [authority.as_str(), ours.unwrap_or_default()];
    if let Some(location) = headers.get(header::LOCATION).and_then(|text| text.to_str().ok()) {
        let location = HeaderValue::from_str(&through_us(location, &prefix, &own_hosts));
        headers.insert(header::LOCATION, location.map_err(ApiError::internal)?);
        return Ok(answer);
    }
    page::lead_links(answer, |url| through_us(url, &prefix, &own_hosts)).await
}

/// The path up to `proxy`, and what stands behind it, as sent.
fn split(path: &str, namespaced: bool) -> (&str, &str) {
    let segments = if namespaced { 7 } else { 5 };
    let end = path.match_indices('/').nth(segments).map_or(path.len(), |(at, _)| at);
    path.split_at(end)
}

fn moved(to: String) -> Result<Response<Body>> {
    let response = Response::builder().status(StatusCode::MOVED_PERMANENTLY);
    let response = response.header(header::LOCATION, to).header(header::CACHE_CONTROL, NO_CACHE);
    response.body(Body::empty()).map_err(ApiError::internal)
}

fn strip(headers: &mut HeaderMap, names: &[&str]) {
    let listed: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for name in listed {
        headers.remove(name.as_str());
    }
    for name in names {
        headers.remove(*name);
    }
}

/// A redirect of the backend's to itself, led through us.
fn through_us(location: &str, prefix: &str, own_hosts: &[&str]) -> String {
    let absolute = location.split_once("://");
    let path = match absolute {
        None => location,
        Some((_, rest)) => {
            let (host, path) = match rest.find('/') {
                Some(at) => rest.split_at(at),
                None => (rest, ""),
            };
            if !own_hosts.contains(&host) {
                return location.to_owned();
            }
            path
        }
    };
    if path.starts_with(prefix) {
        return path.to_owned();
    }
    if !path.starts_with('/') || path.starts_with("//") {
        return location.to_owned();
    }
    format!("{prefix}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_with_scheme_and_port() {
        let read = |id| Wanted::read("pod", id).map(|w| (w.scheme, w.name, w.port));
        assert_eq!(read("a").unwrap(), ("", "a", ""));
        assert_eq!(read("a:80").unwrap(), ("", "a", "80"));
        assert_eq!(read("https:a:").unwrap(), ("https", "a", ""));
        for wrong in ["ftp:a:1", ":80", "a:b:c:d"] {
            let refusal = read(wrong).unwrap_err();
            assert_eq!(refusal.message, format!("invalid pod request {wrong:?}"));
        }
    }

    #[test]
    fn splits_the_path_behind_proxy() {
        let pod = "/api/v1/namespaces/a/pods/b/proxy";
        assert_eq!(split(pod, true), (pod, ""));
        assert_eq!(split("/api/v1/namespaces/a/pods/b/proxy/x/", true), (pod, "/x/"));
        assert_eq!(
            split("/api/v1/nodes/n/proxy/x%2Fy", false),
            ("/api/v1/nodes/n/proxy", "/x%2Fy")
        );
    }

    #[test]
    fn leads_redirects_through_us() {
        let through = |location| through_us(location, "/p/proxy", &["10.0.0.1:80", "us:6443"]);
        assert_eq!(through("/x/"), "/p/proxy/x/");
        assert_eq!(through("http://10.0.0.1:80/x"), "/p/proxy/x");
        assert_eq!(through("x"), "x");
        assert_eq!(through("https://elsewhere/x"), "https://elsewhere/x");
        assert_eq!(through("/p/proxy/x"), "/p/proxy/x");
    }

    #[test]
    fn refuses_this_machine_and_its_link() {
        for (address, allowed) in [
            ("10.0.0.1", true),
            ("fd00::1", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("fe80::1", false),
            ("::1", false),
        ] {
            assert_eq!(is_allowed(address.parse().unwrap()), allowed, "{address}");
        }
    }
}
