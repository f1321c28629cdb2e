//! Brings all that the tests of the whole need: Debian's packages, an old kubectl, and upstream's
//! programs.

use crate::{tools, upstream};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Programs that the checks call, and Debian's packages with them.
const PROGRAMS: &[(&str, &str)] =
    &[("etcd", "etcd-server"), ("etcdctl", "etcd-client"), ("openssl", "openssl")];

/// Upstream's programs that tests run.
const UPSTREAM: &[&str] =
    &["kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler"];

/// Brings all that the tests of the whole need. The first time takes minutes, most of them Go's.
///
/// # Errors
/// What could not be brought, with the reason.
pub fn run() -> Result<()> {
    for (program, package) in PROGRAMS {
        if tools::find(program).is_none() {
            tools::install(&[package])?;
        }
    }
    old_kubectl()?;
    for program in UPSTREAM {
        tools::say(&format!("upstream's {program} (built once, which takes minutes)"));
        upstream::binary(program)?;
    }
    Ok(())
}

/// The kubectl of Debian 12, which is 1.20, unpacked beside the system: it would stand in the way of
/// a newer one.
fn old_kubectl() -> Result<()> {
    let folder = tools::cache("kubectl-1.20")?;
    if folder.join("usr/bin/kubectl").is_file() {
        return Ok(());
    }
    tools::say("kubectl 1.20 from Debian");
    let scratch = tempfile::tempdir_in(tools::cache("")?)?;
    let mut download = Command::new("apt-get");
    download.args(["download", "-q", "kubernetes-client"]).current_dir(&scratch);
    if tools::run(&mut download).is_err() {
        tools::again(|| {
            tools::update()?;
            tools::run(&mut download)
        })?;
    }
    let package = std::fs::read_dir(&scratch)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get download kubernetes-client left no package")?;
    unpack(&package, &folder)
}

fn unpack(package: &Path, folder: &Path) -> Result<()> {
    tools::run(Command::new("dpkg").arg("-x").arg(package).arg(folder))
}
