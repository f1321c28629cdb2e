//! Requests: how many, how long, how large, by what they ask for.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/metrics/metrics.go`: a request counts among the answered
//! ones when it has reached a handler; who was turned away before that counts elsewhere.

use super::counted_body::CountedBody;
use crate::query::Query;
use crate::request_info::{RequestInfo, ResourceInfo};
use crate::{deprecation, seats};
use axum::body::Body;
use http::{HeaderMap, Method, Response, header};
use http_body::Body as _;
use runtime::clock::{Instant, monotonic};
use runtime::metrics::{Counter, Family, Gauge, Histogram, Registry};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// Upstream's buckets of request durations, in seconds.
pub(crate) const DURATION_BUCKETS: &[f64] = &[
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0,
    10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
];

const COMPONENT: &str = "apiserver";

/// What is told of an answer; before it, all but the code.
const ANSWERED: &[&str] = &[
    "verb",
    "dry_run",
    "group",
    "version",
    "resource",
    "subresource",
    "scope",
    "component",
    "code",
];

/// The same where trials are not told apart.
const ENDED: &[&str] =
    &["verb", "group", "version", "resource", "subresource", "scope", "component", "code"];

/// Paths beside the objects whose requests count under their own name.
const PROBES: &[&str] = &["/healthz", "/livez", "/readyz"];

struct Families {
    requests: Arc<Family<Counter>>,
    durations: Arc<Family<Histogram>>,
    service_levels: Arc<Family<Histogram>>,
    sizes: Arc<Family<Histogram>>,
    in_flight: Arc<Family<Gauge>>,
    long: Arc<Family<Gauge>>,
    terminations: Arc<Family<Counter>>,
    deprecated: Arc<Family<Gauge>>,
    watch_events: Arc<Family<Counter>>,
    watch_sizes: Arc<Family<Histogram>>,
    tls_errors: Arc<Family<Counter>>,
}

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    let registry = Registry::global();
    let powers = |first: f64, factor: f64, count: i32| -> Vec<f64> {
        (0..count).map(|power| first * factor.powi(power)).collect()
    };
    Families {
        requests: registry.counter(
            "apiserver_request_total",
            "Requests answered, by verb, resource and HTTP code.",
            ANSWERED,
        ),
        durations: registry.histogram(
            "apiserver_request_duration_seconds",
            "How long requests took.",
            &ANSWERED[..8],
            DURATION_BUCKETS,
        ),
        service_levels: registry.histogram(
            "apiserver_request_sli_duration_seconds",
            "How long requests took that were no trial.",
            &ENDED[..7],
            &DURATION_BUCKETS[2..],
        ),
        sizes: registry.histogram(
            "apiserver_response_sizes",
            "The size of answers to reads, in bytes.",
            &ENDED[..7],
            &powers(1000.0, 10.0, 7),
        ),
        in_flight: registry.gauge(
            "apiserver_current_inflight_requests",
            "Requests under way, long ones apart.",
            &["request_kind"],
        ),
        long: registry.gauge(
            "apiserver_longrunning_requests",
            "Watches and other requests that go on for long, under way.",
            &ENDED[..7],
        ),
        terminations: registry.counter(
            "apiserver_request_terminations_total",
            "Requests that were ended to protect the server.",
            ENDED,
        ),
        deprecated: registry.gauge(
            "apiserver_requested_deprecated_apis",
            "Deprecated APIs that were asked for.",
            &["group", "version", "resource", "subresource", "removed_release"],
        ),
        watch_events: registry.counter(
            "apiserver_watch_events_total",
            "Events sent to those who watch.",
            &["group", "version", "resource"],
        ),
        watch_sizes: registry.histogram(
            "apiserver_watch_events_sizes",
            "The size of those events, in bytes.",
            &["group", "version", "resource"],
            &powers(1024.0, 2.0, 8),
        ),
        tls_errors: registry.counter(
            "apiserver_tls_handshake_errors_total",
            "Connections that were dropped since their TLS handshake failed.",
            &[],
        ),
    }
});

/// A TLS handshake failed.
pub(crate) fn tls_handshake_failed() {
    FAMILIES.tls_errors.with(&[]).increment();
}

/// The events that a watch sends.
pub(crate) struct Watched {
    events: Arc<Counter>,
    sizes: Arc<Histogram>,
}

impl Watched {
    /// Those of a watch of this.
    pub(crate) fn of(resource: &ResourceInfo) -> Self {
        let labels = [&*resource.group, &*resource.version, &*resource.resource];
        let events = FAMILIES.watch_events.with(&labels);
        Self { events, sizes: FAMILIES.watch_sizes.with(&labels) }
    }

    /// One of so many bytes was sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.events.increment();
        self.sizes.observe(bytes as f64);
    }
}

/// A request under way; what is known of it is counted when it is answered.
pub(crate) struct Observed {
    begun: Instant,
    labels: Labels,
    is_long: bool,
    kind: &'static str,
    is_handled: AtomicBool,
}

/// What a request asks for, in the words of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Labels {
    verb: &'static str,
    dry_run: &'static str,
    group: String,
    version: String,
    resource: String,
    subresource: String,
    scope: &'static str,
    component: &'static str,
}

impl Observed {
    /// A request has come.
    pub(crate) fn begin(
        method: &Method,
        headers: &HeaderMap,
        info: &RequestInfo,
        query: &Query,
    ) -> Self {
        let kind = if info.is_read() { "readOnly" } else { "mutating" };
        let is_long = seats::is_long(info);
        if !is_long {
            FAMILIES.in_flight.with(&[kind]).add(1.0);
        }
        let labels = Labels::of(method, headers, info, query);
        Self { begun: monotonic(), labels, is_long, kind, is_handled: AtomicBool::new(false) }
    }

    /// It has come as far as a handler: what it asks for is served, and it may ask so.
    pub(crate) fn handled(&self) {
        self.is_handled.store(true, Ordering::Relaxed);
        let Labels { group, version, resource, subresource, .. } = &self.labels;
        if let Some(removed) = deprecation::removed_release(group, version, resource) {
            let labels = [&**group, version, resource, subresource, removed];
            FAMILIES.deprecated.with(&labels).set(1.0);
        }
    }

    /// It was ended before its answer, with this code.
    pub(crate) fn terminated(&self, code: u16) {
        let Labels { verb, group, version, resource, subresource, scope, component, .. } =
            &self.labels;
        let code = code.to_string();
        FAMILIES
            .terminations
            .with(&[verb, group, version, resource, subresource, scope, component, &code])
            .increment();
    }

    /// It is answered; a long one is when its answer ends.
    pub(crate) fn end(&self, response: Response<Body>) -> Response<Body> {
        if !self.is_handled.load(Ordering::Relaxed) {
            return response;
        }
        let code = response.status().as_u16();
        let (labels, begun) = (self.labels.clone(), self.begun);
        let size = response.size_hint().exact();
        if !self.is_long
            && let Some(size) = size
        {
            labels.count(code, begun, size);
            return response;
        }
        let long = self.is_long.then(|| Long::begin(&labels));
        response.map(|body| {
            Body::new(CountedBody::new(body, move |bytes| {
                labels.count(code, begun, bytes);
                drop(long);
            }))
        })
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if !self.is_long {
            FAMILIES.in_flight.with(&[self.kind]).add(-1.0);
        }
    }
}

/// One of the long requests, as long as this lives.
struct Long(Arc<Gauge>);

impl Long {
    fn begin(labels: &Labels) -> Self {
        let Labels { verb, group, version, resource, subresource, scope, component, .. } = labels;
        let all = [verb, &**group, version, resource, subresource, scope, component];
        let gauge = FAMILIES.long.with(&all);
        gauge.add(1.0);
        Self(gauge)
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        self.0.add(-1.0);
    }
}

impl Labels {
    fn of(method: &Method, headers: &HeaderMap, info: &RequestInfo, query: &Query) -> Self {
        let dry_run = dry_run(query);
        let verb = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH if is_apply(headers) => "APPLY",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        let Some(resource) = &info.resource else {
            let probe = PROBES.iter().find(|probe| info.path == **probe);
            let subresource = probe.map_or_else(String::new, |probe| (*probe).to_owned());
            return Self { verb, dry_run, subresource, ..Self::default() };
        };
        let verb = match (info.verb.as_str(), resource.subresource.as_str()) {
            (_, "log" | "exec" | "attach" | "portforward" | "proxy") => "CONNECT",
            ("watch", _) => "WATCH",
            ("list", _) => "LIST",
            _ => verb,
        };
        let scope = match (resource.named || info.verb == "create", resource.namespace.is_empty()) {
            (true, _) => "resource",
            (false, false) => "namespace",
            (false, true) => "cluster",
        };
        Self {
            verb,
            dry_run,
            group: resource.group.clone(),
            version: resource.version.clone(),
            resource: resource.resource.clone(),
            subresource: resource.subresource.clone(),
            scope,
            component: COMPONENT,
        }
    }

    fn count(&self, code: u16, begun: Instant, bytes: u64) {
        let Self { verb, dry_run, group, version, resource, subresource, scope, component } = self;
        if resource.is_empty() && subresource.is_empty() {
            return;
        }
        let code = code.to_string();
        FAMILIES
            .requests
            .with(&[verb, dry_run, group, version, resource, subresource, scope, component, &code])
            .increment();
        let took = monotonic().duration_since(begun);
        FAMILIES
            .durations
            .with(&[verb, dry_run, group, version, resource, subresource, scope, component])
            .observe_duration(took);
        let rest = [verb, &**group, version, resource, subresource, scope, component];
        if dry_run.is_empty() {
            FAMILIES.service_levels.with(&rest).observe_duration(took);
        }
        if matches!(*verb, "GET" | "LIST") {
            FAMILIES.sizes.with(&rest).observe(bytes as f64);
        }
    }
}

fn is_apply(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|media| media == "application/apply-patch+yaml")
}

fn dry_run(query: &Query) -> &'static str {
    match (query.has("dryRun"), query.all("dryRun").all(|value| value == "All")) {
        (false, _) => "",
        (true, true) => "All",
        (true, false) => "invalid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(method: Method, uri: &str, media: &str) -> String {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let query = Query::parse(query);
        let info = RequestInfo::read(&method, path, &query).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, media.parse().unwrap());
        let labels = Labels::of(&method, &headers, &info, &query);
        let Labels { verb, dry_run, group, version, resource, subresource, scope, .. } = labels;
        format!("{verb} {dry_run} {group} {version} {resource} {subresource} {scope}")
    }

    #[test]
    fn requests_are_named_as_upstream_names_them() {
        let (maps, json) = ("/api/v1/namespaces/a/configmaps", "application/json");
        let one = &format!("{maps}/b");
        for (method, uri, media, expected) in [
            (Method::GET, maps, json, "LIST   v1 configmaps  namespace"),
            (Method::GET, "/api/v1/pods?watch=1", json, "WATCH   v1 pods  cluster"),
            (Method::GET, one, json, "GET   v1 configmaps  resource"),
            (Method::POST, maps, json, "POST   v1 configmaps  resource"),
            (Method::DELETE, maps, json, "DELETE   v1 configmaps  namespace"),
            (Method::PATCH, one, json, "PATCH   v1 configmaps  resource"),
            (Method::PATCH, one, "application/apply-patch+yaml", "APPLY   v1 configmaps  resource"),
            (
                Method::PUT,
                "/apis/apps/v1/namespaces/a/deployments/b/scale?dryRun=All",
                json,
                "PUT All apps v1 deployments scale resource",
            ),
            (
                Method::PUT,
                "/api/v1/namespaces/a/configmaps/b?dryRun=All&dryRun=Some",
                json,
                "PUT invalid  v1 configmaps  resource",
            ),
            (
                Method::GET,
                "/api/v1/namespaces/a/pods/b/log",
                json,
                "CONNECT   v1 pods log resource",
            ),
            (Method::GET, "/livez", json, "GET     /livez "),
            (Method::GET, "/nothing", json, "GET      "),
        ] {
            assert_eq!(labels(method, uri, media), expected, "{uri}");
        }
    }
}
