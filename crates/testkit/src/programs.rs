//! Where the programs under test lie, and upstream's.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Who made a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// This repository.
    Ours,
    /// Kubernetes v1.36.3.
    Upstream,
}

impl Maker {
    /// The program of this name.
    ///
    /// # Errors
    /// Where it was not built.
    pub fn program(self, name: &str) -> Result<PathBuf> {
        match self {
            Self::Ours => ours(name),
            Self::Upstream => upstream(name),
        }
    }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate lies two folders below the root").to_path_buf()
}

/// A program of this repository: from the folder that `ORLOP_BIN` names, or from the one that this
/// test was built into.
///
/// # Errors
/// Where it was not built.
pub fn ours(name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os("ORLOP_BIN") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let test = std::env::current_exe()?;
            let deps = test.parent().and_then(Path::parent);
            deps.context("a test lies below a folder of the build")?.to_owned()
        }
    };
    let program = folder.join(name);
    if !program.is_file() {
        bail!("{} is missing: build it, or name its folder by ORLOP_BIN", program.display());
    }
    Ok(program)
}

/// A program of Kubernetes v1.36.3, or `kubectl-1.20`, from `~/.cache/orlop`.
///
/// # Errors
/// Where `cargo xtask test` has not brought it yet.
pub fn upstream(name: &str) -> Result<PathBuf> {
    let cache =
        PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache/orlop");
    let program = match name {
        "kubectl-1.20" => cache.join("kubectl-1.20/usr/bin/kubectl"),
        _ => cache.join("upstream/v1.36.3").join(name),
    };
    if !program.is_file() {
        bail!("{} is missing: `cargo xtask test` brings it", program.display());
    }
    Ok(program)
}
