//! `orlop`: a whole Kubernetes control plane in one small process, on an embedded store.

mod authority;
mod files;
mod kubeconfig;
mod pki;
mod say;
mod up;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A whole Kubernetes control plane in one small process.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the control plane (what `orlop` alone does)
    Up(up::Options),
    /// Make the certificates, keys and kubeconfigs of a cluster built the hard way
    Pki(pki::Options),
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let outcome = match command.unwrap_or_else(|| Command::Up(up::Options::parse_from(["up"]))) {
        Command::Up(options) => tokio::runtime::Runtime::new()
            .map_err(anyhow::Error::from)
            .and_then(|engine| engine.block_on(up::run(options))),
        Command::Pki(options) => pki::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
