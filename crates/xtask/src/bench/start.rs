//! How long `orlop` takes from its start to `/readyz`, on the embedded store, and its memory then.

use super::client::{Address, tls};
use super::process::Process;
use super::report::Report;
use super::servers::{free_port, until_ready};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long it stands idle before its memory is read.
const IDLE: Duration = Duration::from_secs(3);
/// How long the keys may take.
const KEYS: Duration = Duration::from_secs(30);

/// Starts it in a data folder, which a first start finds empty, and notes what it took.
pub(super) async fn orlop(
    program: &Path,
    data: &Path,
    which: &str,
    report: &mut Report,
) -> Result<()> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command.arg("up").arg("--data-dir").arg(data).arg("--quiet");
    command.arg(format!("--secure-port={port}"));
    let log = data.with_extension(which);
    let began = runtime::clock::monotonic();
    let mut process = Process::start(command, &log)?;
    // The last file that the first start writes before it listens.
    let keys = data.join("pki");
    while !keys.join("sa.key").exists() {
        process.still_runs().with_context(|| log.display().to_string())?;
        if began.elapsed() > KEYS {
            anyhow::bail!("no keys in {}", keys.display());
        }
        runtime::clock::sleep(Duration::from_millis(1)).await;
    }
    let address = Address { port, tls: tls(&keys)? };
    until_ready(&mut process, &address, &log).await?;
    let ready = began.elapsed();
    let cpu = process.cpu()?;
    runtime::clock::sleep(IDLE).await;
    report.note(format!(
        "orlop, {which} start: ready after {:.0} ms ({:.0} ms of CPU), idle {:.1} MiB resident",
        ready.as_secs_f64() * 1e3,
        cpu.as_secs_f64() * 1e3,
        process.resident_mib()?,
    ));
    Ok(())
}
