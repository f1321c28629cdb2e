//! Upstream's Go modules, as the `go` command has them in its cache.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// The release of Kubernetes whose facts and behaviour are committed here.
pub const KUBERNETES: &str = "v1.36.3";

/// The version of the modules of that release, such as `k8s.io/api`.
pub const STAGING: &str = "v0.36.3";

/// The folder of a module, which is downloaded where it is missing.
///
/// # Errors
/// Without the `go` command, or without the module and a way to it.
pub fn folder(module: &str, version: &str) -> Result<PathBuf> {
    let at = format!("{module}@{version}");
    let output = crate::tools::go()?
        .args(["mod", "download", "-json", &at])
        .current_dir(std::env::temp_dir())
        .output()
        .context("go, which finds upstream's modules, does not start")?;
    let answer: serde_json::Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("go mod download {at}"))?;
    match answer["Dir"].as_str() {
        Some(folder) => Ok(folder.into()),
        None => bail!("go mod download {at}: {}", answer["Error"]),
    }
}
