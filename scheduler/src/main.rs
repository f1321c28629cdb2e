//! The `kube-scheduler` binary: flags, signals, and then [`scheduler::run`].

use anyhow::{Context as _, Result, anyhow};
use client::Clients;
use runtime::flags::Parsed;
use runtime::{Program, Shutdown};
use scheduler::{Options, flag_table};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let program = Program {
        name: "kube-scheduler",
        about: "The Kubernetes scheduler: it finds a node for every pod.",
        version: env!("CARGO_PKG_VERSION"),
        flags: flag_table(),
    };
    program.main(run)
}

async fn run(given: Parsed) -> Result<()> {
    let options = Options::from_flags(&given).map_err(|why| anyhow!(why))?;
    let shutdown = Shutdown::on_signals().context("can't listen to signals")?;
    let clients = Clients::connect(&options.component.connect, false).await?;
    scheduler::run(options, clients, shutdown).await?;
    Ok(())
}
