//! What node-lifecycle-controller counts: `nodelifecycle/metrics.go` of upstream's controllers.
//!
//! Not here: how long one look at all nodes takes. There is no such look, each node has its own.

use runtime::metrics::{Counter, Gauge, Registry};
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds of the time that a look at one node takes, in seconds.
const LOOK_SECONDS: [f64; 8] = [0.001, 0.004, 0.016, 0.064, 0.256, 1.024, 4.096, 16.384];

/// How many nodes of `zone` lost their pods.
pub(super) fn evictions(zone: &str) -> Arc<Counter> {
    let family = Registry::global().counter(
        "node_collector_evictions_total",
        "[STABLE] Number of Node evictions that happened since current instance of \
         NodeController started.",
        &["zone"],
    );
    family.with(&[zone])
}

/// One node was looked at, and what had to be written was.
pub(super) fn looked_at_a_node(took: Duration) {
    let family = Registry::global().histogram(
        "node_collector_update_node_health_duration_seconds",
        "[ALPHA] Duration in seconds for NodeController to update the health of a single node.",
        &[],
        &LOOK_SECONDS,
    );
    family.with(&[]).observe_duration(took);
}

/// How many nodes a zone has, and how many of them are not ready.
pub(super) fn zone(zone: &str, all: usize, unready: usize) {
    let gauge = |name: &'static str, help: &'static str| -> Arc<Gauge> {
        Registry::global().gauge(name, help, &["zone"]).with(&[zone])
    };
    let health = if all == 0 { 100.0 } else { (100 * (all - unready)) as f64 / all as f64 };
    gauge(
        "node_collector_zone_size",
        "[ALPHA] Gauge measuring number of registered Nodes per zones.",
    )
    .set(all as f64);
    gauge(
        "node_collector_zone_health",
        "[ALPHA] Gauge measuring percentage of healthy nodes per zone.",
    )
    .set(health);
    gauge(
        "node_collector_unhealthy_nodes_in_zone",
        "[ALPHA] Gauge measuring number of not Ready Nodes per zones.",
    )
    .set(unready as f64);
    // A zone's count begins with the zone.
    evictions(zone).add(0);
}
