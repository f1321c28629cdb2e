//! kube-scheduler: a node for every pod that has none.
//!
//! A pod waits in the [`queue`](mod@queue), a [`cycle`](mod@cycle) looks at a snapshot and decides,
//! and a binding tells the API server. Speaks to the API server only. Mirrors
//! `k8s.io/kubernetes/pkg/scheduler`.

mod cache;
mod config;
mod cycle;
mod driver;
mod flags;
mod limits;
mod plugins;
mod pod;
mod queue;
mod resources;
mod snapshot;

pub use flags::{Options, table as flag_table};

use client::Clients;
use client::lease::{LeaseError, lead};
use driver::Scheduler;
use runtime::Shutdown;
use std::time::Duration;

/// What bindings under way have to finish when the scheduler is asked to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Waits for the lease, places pods, and returns when the shutdown is done.
///
/// # Errors
/// [`LeaseError::Lost`] when another process leads now: this one should end.
pub async fn run(options: Options, clients: Clients, shutdown: Shutdown) -> Result<(), LeaseError> {
    let lease = options.component.lease.clone();
    let own = clients.own();
    lead(own, &lease, "default-scheduler", &shutdown, |child| async move {
        let scheduler = Scheduler::new(&options, clients.own(), &child);
        scheduler.start(&child);
        child.begun().await;
        if let Err(error) = child.drain(DRAIN_TIMEOUT).await {
            tracing::warn!(%error, "stopping all the same");
        }
    })
    .await
}
