//! `/version`, `/metrics`, and the list of paths at `/`.

use axum::body::Body;
use cache::Cache;
use http::{Response, header};
use kinds::Served;
use kinds::documents::Group;
use std::sync::Arc;

/// What clients of this server see as its version: the upstream release whose API it is.
pub(crate) const GIT_VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

pub(super) async fn version() -> Response<Body> {
    let mut numbers = env!("CARGO_PKG_VERSION").split('.');
    let (major, minor) = (numbers.next().unwrap_or("1"), numbers.next().unwrap_or_default());
    let fields = [
        ("major", major),
        ("minor", minor),
        ("emulationMajor", major),
        ("emulationMinor", minor),
        ("minCompatibilityMajor", major),
        ("minCompatibilityMinor", "35"),
        ("gitVersion", GIT_VERSION),
        ("gitCommit", ""),
        ("gitTreeState", ""),
        ("buildDate", "1970-01-01T00:00:00Z"),
        ("goVersion", ""),
        ("compiler", "rustc"),
        ("platform", "linux/amd64"),
    ];
    let lines: Vec<String> =
        fields.iter().map(|(name, value)| format!("  {name:?}: {value:?}")).collect();
    document(format!("{{\n{}\n}}", lines.join(",\n")))
}

/// JSON as a person reads it, whoever asks.
pub(super) fn document(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let media = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

pub(super) async fn metrics(cache: Arc<Cache>, served: Arc<Served>) -> Response<Body> {
    crate::metrics::read_now(&cache, &served);
    let mut response = Response::new(Body::from(runtime::metrics::Registry::global().text()));
    let text = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(text));
    response
}

/// The list of paths, for these groups.
pub(super) fn paths(groups: &[Group]) -> String {
    let mut paths: Vec<String> = [
        "/api",
        "/apis",
        "/healthz",
        "/livez",
        "/metrics",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/readyz",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    for group in groups {
        for version in &group.versions {
            if group.name.is_empty() {
                paths.push(format!("/api/{}", version.name));
            } else {
                paths.push(format!("/apis/{}", group.name));
                paths.push(format!("/apis/{}/{}", group.name, version.name));
            }
        }
    }
    paths.sort();
    paths.dedup();
    let lines: Vec<String> = paths.iter().map(|path| format!("    {path:?}")).collect();
    format!("{{\n  \"paths\": [\n{}\n  ]\n}}", lines.join(",\n"))
}
