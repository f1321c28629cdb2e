//! Upstream's own programs: built once from the Go module pinned in `upstream/go.mod`, kept below
//! `~/.cache/orlop/upstream`, and started on loopback to be asked what upstream does.

mod control_plane;

pub use control_plane::ControlPlane;

use crate::modules::KUBERNETES;
use crate::{repository, tools};
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A program of Kubernetes, such as `kube-apiserver`, which is built where it is missing; that takes
/// minutes.
///
/// # Errors
/// Without the `go` command and the way to its modules.
pub fn binary(name: &str) -> Result<PathBuf> {
    let path = cache()?.join(name);
    if !path.exists() {
        build(&format!("k8s.io/kubernetes/cmd/{name}"), &path)?;
    }
    Ok(path)
}

/// What a probe answers to all of `input`: a Go program from a folder of `upstream/`.
///
/// # Errors
/// Those of [`binary`], and where it ends badly.
pub fn ask_probe(name: &str, input: String) -> Result<String> {
    let mut probe =
        Command::new(probe(name)?).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = probe.stdin.take().context("a pipe")?;
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = probe.wait_with_output()?;
    if !output.status.success() {
        bail!("the probe ended: {}", output.status);
    }
    writer.join().ok().context("the writer ended")??;
    Ok(String::from_utf8(output.stdout)?)
}

/// A Go program of this repository that is linked with upstream's packages, from a folder of
/// `upstream/`; built anew, since Go itself knows what is stale.
///
/// # Errors
/// Those of [`binary`].
fn probe(name: &str) -> Result<PathBuf> {
    let path = cache()?.join(format!("probe-{name}"));
    build(&format!("./{name}"), &path)?;
    Ok(path)
}

fn build(package: &str, to: &PathBuf) -> Result<()> {
    const VERSION: &str = "k8s.io/component-base/version";
    let facts = [
        format!("gitVersion={KUBERNETES}"),
        "gitMajor=1".into(),
        "gitMinor=36".into(),
        "gitTreeState=clean".into(),
        "gitCommit=module".into(),
        "buildDate=2026-01-01T00:00:00Z".into(),
    ];
    let facts: Vec<String> = facts.iter().map(|fact| format!("-X {VERSION}.{fact}")).collect();
    let mut go = tools::go()?;
    go.args(["build", "-buildvcs=false", "-trimpath", "-ldflags"])
        .arg(format!("-s -w {}", facts.join(" ")))
        .arg("-o")
        .arg(to)
        .arg(package)
        .current_dir(repository().join("crates/xtask/upstream"));
    // It brings modules that are missing.
    tools::again(|| {
        let status = go.status().context("go, which builds upstream's programs, does not start")?;
        if !status.success() {
            bail!("go build {package}: {status}");
        }
        Ok(())
    })
}

fn cache() -> Result<PathBuf> {
    tools::cache(&format!("upstream/{KUBERNETES}"))
}
