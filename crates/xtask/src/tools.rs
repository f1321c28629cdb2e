//! Programs of others that the checks need: found, or brought where they are missing. Debian's by
//! package name, upstream's from their Go modules, all else from nowhere.

mod go;

pub use go::go;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
pub fn ensure() -> Result<()> {
    for (program, package) in PROGRAMS {
        if find(program).is_none() {
            install(&[package])?;
        }
    }
    old_kubectl()?;
    for program in UPSTREAM {
        say(&format!("upstream's {program} (built once, which takes minutes)"));
        crate::upstream::binary(program)?;
    }
    Ok(())
}

/// Where a program lies, by `PATH`, or where Debian puts what an administrator calls.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/go/bin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// `~/.cache/orlop` and a folder below, made.
///
/// # Errors
/// Without a home.
pub fn cache(below: &str) -> Result<PathBuf> {
    let home = std::env::var_os("HOME").context("HOME is not set")?;
    let path = PathBuf::from(home).join(".cache/orlop").join(below);
    std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// Installs Debian packages.
///
/// # Errors
/// Where Debian's tools are missing or refuse.
pub fn install(packages: &[&str]) -> Result<()> {
    say(&format!("installing {} from Debian", packages.join(" ")));
    let known = |package: &&str| {
        let mut show = Command::new("apt-cache");
        show.args(["show", package]).stdout(Stdio::null()).stderr(Stdio::null());
        show.status().is_ok_and(|status| status.success())
    };
    if !packages.iter().all(known) {
        run(Command::new("apt-get").args(["update", "-q"]))?;
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "-q", "-y", "--no-install-recommends"]).args(packages);
    // No service starts by itself: tests start their own processes.
    install.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    run(&mut install)
}

/// The kubectl of Debian 12, which is 1.20, unpacked beside the system: it would stand in the way of
/// a newer one.
fn old_kubectl() -> Result<()> {
    let folder = cache("kubectl-1.20")?;
    if folder.join("usr/bin/kubectl").is_file() {
        return Ok(());
    }
    say("kubectl 1.20 from Debian");
    let scratch = tempfile::tempdir_in(cache("")?)?;
    let download = || {
        run(Command::new("apt-get")
            .args(["download", "-q", "kubernetes-client"])
            .current_dir(&scratch))
    };
    if download().is_err() {
        run(Command::new("apt-get").args(["update", "-q"]))?;
        download()?;
    }
    let package = std::fs::read_dir(&scratch)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get download kubernetes-client left no package")?;
    unpack(&package, &folder)
}

fn unpack(package: &Path, folder: &Path) -> Result<()> {
    run(Command::new("dpkg").arg("-x").arg(package).arg(folder))
}

/// Runs to the end, its output where ours goes.
fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} does not start"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}

fn say(what: &str) {
    println!("prepare: {what}");
}
