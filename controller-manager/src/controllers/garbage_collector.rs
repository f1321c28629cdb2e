//! garbage-collector-controller: what has lost all its owners goes, and owners that are being
//! deleted wait for, or let go of, what they own.
//!
//! Watches the metadata of everything that can be deleted, and keeps of it a graph of owners.
//! Mirrors `k8s.io/kubernetes/pkg/controller/garbagecollector`; an owner that was not seen is
//! asked for instead of standing in the graph as a guess.

mod collector;
mod graph;
mod monitors;
mod plan;

use crate::context::Context;
use collector::Collector;
use control::run_workers;
use monitors::Monitors;
use std::sync::Arc;

/// Starts it, unless `--enable-garbage-collector=false`.
pub(crate) fn start(context: &Context) {
    if !context.options.enable_garbage_collector {
        return;
    }
    let collector = Arc::new(Collector::new(context));
    let (own, shutdown) = (context.clients.own(), context.shutdown.clone());
    let workers = context.options.concurrency.garbage;
    let child = shutdown.clone();
    shutdown.spawn_until_begun("garbage-collector", async move {
        let mut monitors = Monitors::new(own, collector.clone(), child.clone());
        monitors.sync_first().await;
        let queue = collector.queue.clone();
        run_workers("garbage-collector-controller", workers, queue, &child, move |uid| {
            let collector = collector.clone();
            async move { collector.sync(uid).await }
        });
        monitors.keep_in_step().await;
    });
}
