//! The `kube-scheduler` binary: flags, logs, signals, and then [`scheduler::run`].

use anyhow::Context as _;
use client::Clients;
use runtime::Shutdown;
use runtime::flags::{self, FlagError};
use scheduler::{Options, flag_table, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let table = flag_table();
    let parsed = match flags::parse(&table, std::env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(FlagError::Help) => {
            println!("Usage:\n  kube-scheduler [flags]\n\n{}", flags::help(&table));
            return 0.into();
        }
        Err(error) => {
            eprintln!("Error: {error}");
            return 1.into();
        }
    };
    if !parsed.text("version").is_empty() {
        println!("Kubernetes v{}", env!("CARGO_PKG_VERSION"));
        return 0.into();
    }
    for warning in parsed.warnings() {
        eprintln!("{warning}");
    }
    match start(&parsed) {
        Ok(()) => 0.into(),
        Err(error) => {
            eprintln!("Error: {error:#}");
            1.into()
        }
    }
}

fn start(parsed: &flags::Parsed) -> anyhow::Result<()> {
    let format = parsed.text("logging-format").parse().map_err(anyhow::Error::msg)?;
    runtime::logging::start(u8::try_from(parsed.int("v")).unwrap_or(u8::MAX), format);
    let options = Options::from_flags(parsed).map_err(anyhow::Error::msg)?;
    let engine = tokio::runtime::Runtime::new().context("can't start the async runtime")?;
    engine.block_on(async {
        let shutdown = Shutdown::on_signals().context("can't listen to signals")?;
        let clients = Clients::connect(&options.component.connect, false).await?;
        run(options, clients, shutdown).await?;
        Ok(())
    })
}
