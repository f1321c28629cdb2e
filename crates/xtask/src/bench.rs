//! `cargo xtask bench`: how fast the servers are, and how large, beside upstream's.
//!
//! It prints and never asserts: absolute figures wander with the machine. What holds is the ratio
//! of the two servers' CPU time for the same operation, measured one right after the other by one
//! client, each server on an etcd of its own, with the same certificates and RBAC on.

mod certificates;
mod client;
mod objects;
mod process;
mod report;
mod rows;
mod servers;
mod start;
mod watchers;

use crate::upstream;
use anyhow::{Context, Result, bail};
use certificates::Certificates;
use clap::Args;
use report::Report;
use servers::ApiServer;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is measured, and for how long.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Measure upstream's kube-apiserver too, and print ratios
    #[arg(long)]
    upstream: bool,
    /// The seconds that each row is measured for, on each server
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The pods to list
    #[arg(long, default_value_t = 2000)]
    pods: usize,
    /// The watchers of the fan-out
    #[arg(long, default_value_t = 200)]
    watchers: usize,
    /// Only the rows whose names contain this
    #[arg(long)]
    row: Option<String>,
    /// Take the servers from this folder instead of building them
    #[arg(long)]
    programs: Option<PathBuf>,
}

/// Builds the servers, measures them and prints a table.
///
/// # Errors
/// Where a server does not start, or the two servers' answers differ.
pub fn run(options: &Options) -> Result<()> {
    if cfg!(debug_assertions) {
        return again_optimised();
    }
    let programs = match &options.programs {
        Some(folder) => folder.clone(),
        None => build()?,
    };
    let engine = tokio::runtime::Runtime::new()?;
    engine.block_on(measure(options, &programs))
}

async fn measure(options: &Options, programs: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut report = Report::default();
    if options.row.is_none() {
        let data = folder.path().join("orlop");
        for which in ["first", "second"] {
            start::orlop(&programs.join("orlop"), &data, which, &mut report).await?;
        }
    }
    let certificates = Certificates::make(&folder.path().join("pki"))?;
    let ours = programs.join("kube-apiserver");
    let mut servers =
        vec![ApiServer::start("ours", &ours, &certificates, &folder.path().join("ours")).await?];
    if options.upstream {
        let program = upstream::binary("kube-apiserver")?;
        let folder = folder.path().join("upstream");
        servers.push(ApiServer::start("upstream", &program, &certificates, &folder).await?);
    }
    for server in &servers {
        report.note(format!(
            "{}: ready after {:.0} ms on an empty etcd, {:.1} MiB resident",
            server.name,
            server.ready_after.as_secs_f64() * 1e3,
            server.process.resident_mib()?,
        ));
    }
    rows::all(options, &servers, &mut report).await?;
    report.print();
    Ok(())
}

/// A client that is not optimised would be slower than the servers.
fn again_optimised() -> Result<()> {
    let given = std::env::args().skip(1);
    let status = cargo(&["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(given)
        .status()
        .context("cargo does not start")?;
    if !status.success() {
        bail!("the optimised run: {status}");
    }
    Ok(())
}

fn build() -> Result<PathBuf> {
    let status = cargo(&["build", "--release", "-p", "kube-apiserver", "-p", "orlop"]).status()?;
    if !status.success() {
        bail!("cargo build: {status}");
    }
    let here = std::env::current_exe()?;
    Ok(here.parent().context("a program lies in a folder")?.to_path_buf())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(crate::repository());
    command
}
