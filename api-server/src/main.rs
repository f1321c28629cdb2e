//! kube-apiserver over etcd: flags in, a server out.

use anyhow::{Result, anyhow};
use api_server::flags;
use runtime::Shutdown;
use runtime::flags::Parsed;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let given = match runtime::flags::parse(flags::FLAGS, std::env::args().skip(1)) {
        Ok(given) => given,
        Err(error) => {
            eprintln!("Error: {error}");
            return ExitCode::FAILURE;
        }
    };
    if given.bool("help") {
        print!("The Kubernetes API server.\n\nUsage:\n  kube-apiserver [flags]\n\nFlags:\n");
        print!("{}", runtime::flags::help(flags::FLAGS));
        return ExitCode::SUCCESS;
    }
    if given.text("version") != "false" {
        println!("Kubernetes v{}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    for warning in given.warnings() {
        eprintln!("{warning}");
    }
    match run(&given) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(given: &Parsed) -> Result<()> {
    let verbosity = u8::try_from(given.int("v")).unwrap_or(0);
    let format = given.text("logging-format").parse().map_err(|why| anyhow!("--logging-format: {why}"))?;
    runtime::logging::start(verbosity, format);
    let options = flags::options(given).map_err(|why| anyhow!(why))?;
    let store = api_server::storage::encrypted(api_server::storage::etcd(given)?, &options)?;
    let shutdown = Shutdown::on_signals()?;
    api_server::start(options, store, shutdown.clone()).await?;
    shutdown.begun().await;
    if let Err(left) = shutdown.drain(api_server::limits::DRAIN).await {
        tracing::warn!("{left}");
    }
    Ok(())
}
