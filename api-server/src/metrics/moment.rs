//! What is only true at the moment when somebody asks: the objects stored, and the process.

use kinds::{Kind, Served};
use runtime::metrics::{Family, Gauge, Registry};
use std::sync::{Arc, LazyLock};

struct Families {
    objects: Arc<Family<Gauge>>,
    resource_objects: Arc<Family<Gauge>>,
    memory: Arc<Family<Gauge>>,
    processor: Arc<Family<Gauge>>,
    started: Arc<Family<Gauge>>,
    descriptors: Arc<Family<Gauge>>,
}

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    let registry = Registry::global();
    build_info(registry);
    Families {
        objects: registry.gauge(
            "apiserver_storage_objects",
            "Objects stored, by resource.",
            &["resource"],
        ),
        resource_objects: registry.gauge(
            "apiserver_resource_objects",
            "Objects stored, by group and resource.",
            &["group", "resource"],
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

/// Sets the gauges that are read when somebody asks.
pub(crate) fn read_now(cache: &cache::Cache, served: &Served) {
    let is_served = |kind: &&&'static Kind| served.versions_of(kind).next().is_some();
    for kind in kinds::all().iter().filter(is_served) {
        if let Some(shelf) = cache.shelf(kind) {
            let count = shelf.len() as f64;
            let name = kind.group_resource().to_string();
            FAMILIES.objects.with(&[&name]).set(count);
            FAMILIES.resource_objects.with(&[kind.group, kind.plural]).set(count);
        }
    }
    if let Some(process) = runtime::process::Usage::now() {
        FAMILIES.memory.with(&[]).set(process.resident_bytes as f64);
        FAMILIES.processor.with(&[]).set(process.processor_seconds);
        FAMILIES.started.with(&[]).set(process.started_seconds);
        FAMILIES.descriptors.with(&[]).set(process.open_files as f64);
    }
}

/// One series that is always 1 and says what this is; the same as `/version`.
fn build_info(registry: &Registry) {
    let mut numbers = env!("CARGO_PKG_VERSION").split('.');
    let (major, minor) = (numbers.next().unwrap_or("1"), numbers.next().unwrap_or_default());
    let labels = &[
        "build_date",
        "compiler",
        "git_commit",
        "git_tree_state",
        "git_version",
        "go_version",
        "major",
        "minor",
        "platform",
    ];
    let values = [
        "1970-01-01T00:00:00Z",
        "rustc",
        "",
        "",
        concat!("v", env!("CARGO_PKG_VERSION")),
        "",
        major,
        minor,
        "linux/amd64",
    ];
    let help = "What this program is, as /version says.";
    registry.gauge("kubernetes_build_info", help, labels).with(&values).set(1.0);
}
