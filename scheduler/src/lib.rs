//! kube-scheduler: a node for every pod that has none.
//!
//! A pod waits in the [`queue`](mod@queue), a [`cycle`](mod@cycle) looks at a snapshot and decides,
//! and a binding tells the API server. Speaks to the API server only. Mirrors
//! `k8s.io/kubernetes/pkg/scheduler`.

mod cache;
mod class;
mod config;
mod cycle;
mod driver;
mod flags;
mod judge;
mod kin;
mod limits;
mod metrics;
mod node;
mod plugin;
mod plugin_args;
mod plugins;
mod pod;
mod preemption;
mod profile;
mod queue;
mod refusal;
#[cfg(test)]
mod replay;
mod resources;
mod snapshot;
mod surroundings;
mod tallies;
mod terms;
mod topology;
mod volumes;

pub use flags::{Options, table as flag_table};

use client::Clients;
use client::lease::{LeaseError, lead};
use control::serving::{ServingError, serve};
use driver::Scheduler;
use runtime::Shutdown;
use runtime::health::Checks;
use std::time::Duration;

/// What bindings under way have to finish when the scheduler is asked to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the process should end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The lease was lost: another process leads now.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Health and metrics can't be served.
    #[error(transparent)]
    Serving(#[from] ServingError),
}

/// Serves health, waits for the lease, places pods, and returns when the shutdown is done.
///
/// # Errors
/// [`RunError`]: this process should end.
pub async fn run(options: Options, clients: Clients, shutdown: Shutdown) -> Result<(), RunError> {
    let checks = Checks::new("healthz");
    checks.add_ping();
    let serving = &options.component.serving;
    serve(serving, "kube-scheduler", checks, clients.own(), &shutdown).await?;
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
    .await?;
    Ok(())
}
