//! Upstream's Go modules, as the `go` command has them in its cache.

use crate::tools;
use anyhow::Result;
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
    tools::module(&mut tools::go()?, &format!("{module}@{version}"))
}
