//! What `/metrics` shows of requests and of the process, under upstream's names.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/metrics` and the process metrics of Prometheus' Go
//! client, as far as dashboards and alerts read them.

use crate::request_info::{RequestInfo, ResourceInfo};
use kinds::{Kind, Served};
use runtime::clock::{Instant, monotonic};
use runtime::metrics::{Counter, Family, Gauge, Histogram, Registry};
use std::sync::{Arc, LazyLock};

/// Upstream's buckets of request durations, in seconds.
const DURATION_BUCKETS: &[f64] = &[
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0,
    10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
];

struct Families {
    requests: Arc<Family<Counter>>,
    durations: Arc<Family<Histogram>>,
    in_flight: Arc<Family<Gauge>>,
    objects: Arc<Family<Gauge>>,
    memory: Arc<Family<Gauge>>,
    processor: Arc<Family<Gauge>>,
    started: Arc<Family<Gauge>>,
    descriptors: Arc<Family<Gauge>>,
}

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    let registry = Registry::global();
    Families {
        requests: registry.counter(
            "apiserver_request_total",
            "Requests answered, by verb, resource and HTTP code.",
            &["verb", "group", "version", "resource", "subresource", "scope", "component", "code"],
        ),
        durations: registry.histogram(
            "apiserver_request_duration_seconds",
            "How long requests took, watches apart.",
            &["verb", "group", "version", "resource", "subresource", "scope", "component"],
            DURATION_BUCKETS,
        ),
        in_flight: registry.gauge(
            "apiserver_current_inflight_requests",
            "Requests under way, watches apart.",
            &["request_kind"],
        ),
        objects: registry.gauge(
            "apiserver_storage_objects",
            "Objects stored, by resource.",
            &["resource"],
        ),
        memory: registry.gauge("process_resident_memory_bytes", "Resident memory.", &[]),
        processor: registry.gauge("process_cpu_seconds_total", "Processor time used.", &[]),
        started: registry.gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970.",
            &[],
        ),
        descriptors: registry.gauge("process_open_fds", "Open file descriptors.", &[]),
    }
});

/// A request under way; what is known of it is counted when it is answered.
pub(crate) struct Observed {
    begun: Instant,
    labels: [String; 6],
    kind: &'static str,
}

impl Observed {
    /// A request has come.
    pub(crate) fn begin(info: &RequestInfo) -> Self {
        let mut labels = [(); 6].map(|()| String::new());
        labels[0] = info.verb.to_ascii_uppercase();
        // Of what is not served no name is kept, so that nobody can fill the metrics with names.
        let served = |r: &&ResourceInfo| kinds::find(&r.group, &r.version, &r.resource).is_some();
        if let Some(resource) = info.resource.as_ref().filter(served) {
            let scope = match (resource.named, resource.namespace.is_empty()) {
                (true, _) => "resource",
                (false, false) => "namespace",
                (false, true) => "cluster",
            };
            labels[1].clone_from(&resource.group);
            labels[2].clone_from(&resource.version);
            labels[3].clone_from(&resource.resource);
            labels[4].clone_from(&resource.subresource);
            scope.clone_into(&mut labels[5]);
        }
        let reads = matches!(info.verb.as_str(), "get" | "list" | "watch" | "head" | "options");
        let kind = if reads { "readOnly" } else { "mutating" };
        FAMILIES.in_flight.with(&[kind]).add(1.0);
        Self { begun: monotonic(), labels, kind }
    }

    /// It is answered.
    pub(crate) fn end(self, code: u16) {
        let [verb, group, version, resource, subresource, scope] =
            self.labels.each_ref().map(String::as_str);
        let code = code.to_string();
        let component = "apiserver";
        FAMILIES
            .requests
            .with(&[verb, group, version, resource, subresource, scope, component, &code])
            .increment();
        if verb != "WATCH" {
            let took = monotonic().duration_since(self.begun);
            FAMILIES
                .durations
                .with(&[verb, group, version, resource, subresource, scope, component])
                .observe_duration(took);
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        FAMILIES.in_flight.with(&[self.kind]).add(-1.0);
    }
}

/// Sets the gauges that are read when somebody asks.
pub(crate) fn read_now(cache: &cache::Cache, served: &Served) {
    let is_served = |kind: &&&'static Kind| served.versions_of(kind).next().is_some();
    for kind in kinds::all().iter().filter(is_served) {
        if let Some(shelf) = cache.shelf(kind) {
            let name = kind.group_resource().to_string();
            FAMILIES.objects.with(&[&name]).set(shelf.len() as f64);
        }
    }
    if let Some(process) = runtime::process::Usage::now() {
        FAMILIES.memory.with(&[]).set(process.resident_bytes as f64);
        FAMILIES.processor.with(&[]).set(process.processor_seconds);
        FAMILIES.started.with(&[]).set(process.started_seconds);
        FAMILIES.descriptors.with(&[]).set(process.open_files as f64);
    }
}
