//! Programs of others that the checks need: found, or installed from Debian by package name; `go` as
//! a module too. Upstream's are built by `upstream.rs`, and `prepare.rs` brings them all.

mod go;

pub use go::go;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

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

/// Runs to the end, its output where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} does not start"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}

/// Tells what is brought.
pub(crate) fn say(what: &str) {
    println!("prepare: {what}");
}
