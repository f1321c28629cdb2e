//! `cargo xtask schema`: writes the table of types that the `schema` crate reads.
//!
//! The facts come from struct tags and markers of upstream's types.go, which a small Go program
//! beside this file reads. That they agree with upstream's generated.proto and OpenAPI documents is
//! what the tests here check.

use crate::modules::{self, STAGING};
use crate::{repository, tools};
use anyhow::{Context, Result, bail};

/// The modules whose types are served.
pub const MODULES: [&str; 4] = [
    "k8s.io/api",
    "k8s.io/apimachinery",
    "k8s.io/apiextensions-apiserver",
    "k8s.io/kube-aggregator",
];

/// Writes the table, or with `check` compares it.
///
/// # Errors
/// Where a type of upstream's is not understood, and with `check` where the table is another.
pub fn run(check: bool) -> Result<()> {
    let path = repository().join("crates/schema/tables/builtin.txt");
    let table = table()?;
    if !check {
        return std::fs::write(&path, table).with_context(|| path.display().to_string());
    }
    let committed = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    if committed != table {
        bail!("the schema table is stale: run `cargo xtask schema`");
    }
    Ok(())
}

/// The table's text.
///
/// # Errors
/// Those of the Go program, with what it says.
pub fn table() -> Result<String> {
    let mut command = tools::go()?;
    command.args(["run", "."]);
    command.current_dir(repository().join("crates/xtask/src/schema/extract"));
    for module in MODULES {
        command.arg(format!("{module}={}", modules::folder(module, STAGING)?.display()));
    }
    let output = command.output().context("go, which reads upstream's types, does not start")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests;
