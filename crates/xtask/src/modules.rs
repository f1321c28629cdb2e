//! Upstream's Go modules, as the `go` command has them in its cache.

use crate::tools;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The release of Kubernetes whose facts and behaviour are committed here.
pub const KUBERNETES: &str = "v1.36.3";

/// The version of the modules of that release, such as `k8s.io/api`.
pub const STAGING: &str = "v0.36.3";

/// The folder of a module, which is downloaded where it is missing.
///
/// # Errors
/// Without the `go` command, or without the module and a way to it.
pub fn folder(module: &str, version: &str) -> Result<PathBuf> {
    download(&mut tools::go()?, &format!("{module}@{version}"))
}

/// The folder of a module at a version, by this `go` command.
pub(crate) fn download(go: &mut Command, at: &str) -> Result<PathBuf> {
    go.args(["mod", "download", "-json", at]).current_dir(std::env::temp_dir());
    tools::again(|| {
        let output = go.output().context("go, which finds upstream's modules, does not start")?;
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("go mod download {at}"))?;
        match answer["Dir"].as_str() {
            Some(folder) => Ok(folder.into()),
            None => bail!("go mod download {at}: {}", answer["Error"]),
        }
    })
}
