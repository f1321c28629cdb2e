//! The `kube-apiserver` binary: flags in, a server over etcd out.

use anyhow::{Result, anyhow};
use api_server::{flags, limits, storage};
use runtime::flags::Parsed;
use runtime::{Program, Shutdown};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let program = Program {
        name: "kube-apiserver",
        about: "The Kubernetes API server: the door to the cluster's state in etcd.",
        version: env!("CARGO_PKG_VERSION"),
        flags: flags::all(),
    };
    program.main(run)
}

async fn run(given: Parsed) -> Result<()> {
    let options = flags::options(&given).map_err(|why| anyhow!(why))?;
    let etcd = storage::measured(storage::etcd(&given)?, &options);
    let store = storage::encrypted(etcd, &options)?;
    let shutdown = Shutdown::on_signals()?;
    let deadline = options.shutdown_delay + limits::DRAIN;
    api_server::start(options, store, shutdown.clone()).await?;
    shutdown.begun().await;
    if let Err(left) = shutdown.drain(deadline).await {
        tracing::warn!("{left}");
    }
    Ok(())
}
