//! The `kube-controller-manager` binary: flags, signals, and then [`controller_manager::run`].

use anyhow::{Context as _, Result, anyhow};
use client::Clients;
use controller_manager::{Options, flag_table};
use runtime::flags::Parsed;
use runtime::{Program, Shutdown};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let program = Program {
        name: "kube-controller-manager",
        about: "The Kubernetes controller manager: the loops that make the cluster what its objects ask for.",
        version: env!("CARGO_PKG_VERSION"),
        flags: flag_table(),
    };
    program.main(run)
}

async fn run(given: Parsed) -> Result<()> {
    let options = Options::from_flags(&given).map_err(|why| anyhow!(why))?;
    let shutdown = Shutdown::on_signals().context("can't listen to signals")?;
    let clients = Clients::connect(&options.component.connect, options.per_controller).await?;
    controller_manager::run(options, clients, shutdown).await?;
    Ok(())
}
