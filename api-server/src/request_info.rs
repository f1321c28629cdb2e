//! What a request asks for, read from its method, path and query.
//!
//! Every later stage needs this and none looks at the path again. Mirrors
//! `k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`.

use crate::query::Query;
use http::Method;
use object::{ApiError, FieldSelector};
use percent_encoding::percent_decode_str;

/// What a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestInfo {
    /// The path, as sent.
    pub path: String,
    /// The API's verb (`list`, `create` ...), or the method in lower case for other paths.
    pub verb: String,
    /// What is asked of the API; `None` for other paths.
    pub resource: Option<ResourceInfo>,
}

/// What is asked of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourceInfo {
    /// The API group, empty for core.
    pub group: String,
    /// The version.
    pub version: String,
    /// The namespace, empty for none.
    pub namespace: String,
    /// The resource, such as `pods`.
    pub resource: String,
    /// The name; for lists and watches of a single object, the name that the selector asks for.
    pub name: String,
    /// Whether the path itself has the name.
    pub named: bool,
    /// The subresource, empty for the object itself.
    pub subresource: String,
    /// What stands behind the subresource, for proxies.
    pub rest: String,
    /// A watch by the old `/watch/` prefix.
    pub watch_prefix: bool,
}

/// Parts of a namespace, which are not resources in it.
const NAMESPACE_SUBRESOURCES: &[&str] = &["status", "finalize"];

impl RequestInfo {
    /// Whether it changes nothing: such requests are counted, and have their seats, by themselves.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.verb.as_str(), "get" | "list" | "watch" | "head")
    }

    /// Reads a request's method, path and query.
    pub(crate) fn read(method: &Method, path: &str, query: &Query) -> Result<Self, ApiError> {
        let mut info = Self {
            path: path.to_owned(),
            verb: method.as_str().to_ascii_lowercase(),
            resource: None,
        };
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let all: Vec<String> = path.trim_matches('/').split('/').map(decoded).collect();
        let (group, version, mut parts) = match all.as_slice() {
            [api, version, parts @ ..] if api == "api" && !parts.is_empty() => ("", version, parts),
            [apis, group, version, parts @ ..] if apis == "apis" && !parts.is_empty() => {
                (group.as_str(), version, parts)
            }
            _ => return Ok(info),
        };
        let mut found = ResourceInfo {
            group: group.to_owned(),
            version: version.clone(),
            ..ResourceInfo::default()
        };
        info.verb = match *method {
            Method::POST => "create",
            Method::GET | Method::HEAD => "get",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => "",
        }
        .to_owned();
        if parts[0] == "watch" {
            if parts.len() < 2 {
                return Err(ApiError::bad_request(format!(
                    "unable to determine kind and namespace from url, {path}"
                )));
            }
            info.verb = "watch".to_owned();
            found.watch_prefix = true;
            parts = &parts[1..];
        }
        if let [first, namespace, rest @ ..] = parts
            && first == "namespaces"
        {
            found.namespace = namespace.clone();
            if !rest.is_empty() && !NAMESPACE_SUBRESOURCES.contains(&rest[0].as_str()) {
                parts = rest;
            }
        }
        found.resource = parts[0].clone();
        found.name = parts.get(1).cloned().unwrap_or_default();
        found.named = !found.name.is_empty();
        if !found.watch_prefix {
            found.subresource = parts.get(2).cloned().unwrap_or_default();
            found.rest = parts.get(3..).unwrap_or_default().join("/");
        }
        if !found.named {
            match info.verb.as_str() {
                "get" => {
                    info.verb = if query.flag("watch") { "watch" } else { "list" }.to_owned();
                }
                "delete" => info.verb = "deletecollection".to_owned(),
                _ => {}
            }
        }
        if matches!(info.verb.as_str(), "list" | "watch" | "deletecollection") && !found.named {
            found.name = single_name(query).unwrap_or_default();
        }
        info.resource = Some(found);
        Ok(info)
    }
}

/// The name of a field selector that can match only one object.
fn single_name(query: &Query) -> Option<String> {
    let selector = FieldSelector::parse(query.get("fieldSelector")?).ok()?;
    selector.requires_exact_match("metadata.name").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, uri: &str) -> RequestInfo {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        RequestInfo::read(&method, path, &Query::parse(query)).unwrap()
    }

    #[test]
    fn reads_paths_as_upstream_does() {
        let cases = [
            ("GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", ""),
            ("GET", "/api/v1/pods?watch=1", "watch", "", "v1", "", "pods", "", ""),
            ("GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", ""),
            ("GET", "/api/v1/namespaces/a", "get", "", "v1", "a", "namespaces", "a", ""),
            (
                "PUT",
                "/api/v1/namespaces/a/finalize",
                "update",
                "",
                "v1",
                "a",
                "namespaces",
                "a",
                "finalize",
            ),
            ("GET", "/api/v1/namespaces/a/pods/b/log", "get", "", "v1", "a", "pods", "b", "log"),
            (
                "POST",
                "/apis/apps/v1/namespaces/a/deployments",
                "create",
                "apps",
                "v1",
                "a",
                "deployments",
                "",
                "",
            ),
            (
                "DELETE",
                "/apis/apps/v1/namespaces/a/deployments",
                "deletecollection",
                "apps",
                "v1",
                "a",
                "deployments",
                "",
                "",
            ),
            ("GET", "/api/v1/watch/namespaces/a/pods/b", "watch", "", "v1", "a", "pods", "b", ""),
            (
                "GET",
                "/api/v1/pods?fieldSelector=metadata.name%3Dx",
                "list",
                "",
                "v1",
                "",
                "pods",
                "x",
                "",
            ),
        ];
        for (method, uri, verb, group, version, namespace, resource, name, subresource) in cases {
            let info = read(method, uri);
            let found = info.resource.expect(uri);
            let got = (
                info.verb.as_str(),
                found.group.as_str(),
                found.version.as_str(),
                found.namespace.as_str(),
                found.resource.as_str(),
                found.name.as_str(),
                found.subresource.as_str(),
            );
            assert_eq!(
                got,
                (verb, group, version, namespace, resource, name, subresource),
                "{uri}"
            );
        }
        for path in ["/", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/healthz", "/version"]
        {
            let info = read("GET", path);
            assert_eq!((info.verb.as_str(), info.resource), ("get", None), "{path}");
        }
    }
}
