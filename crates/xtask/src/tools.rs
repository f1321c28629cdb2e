//! Programs of others that the checks need: found, or installed from Debian by package name; `go` as
//! a module too. Upstream's are built by `upstream.rs`, and `prepare.rs` brings them all.

mod go;

pub use go::{go, module};

use anyhow::{Context, Result, bail};
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long to wait before what failed is tried again, which is as often as there are pauses.
const PAUSES: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(30)];

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
    let mut listed = packages.iter().all(known);
    let mut install = Command::new("apt-get");
    // Another apt may be at work, which a machine starts by itself when it boots.
    install.args([
        "install",
        "-q",
        "-y",
        "--no-install-recommends",
        "-o",
        "DPkg::Lock::Timeout=300",
    ]);
    // No service starts by itself: tests start their own processes.
    install.args(packages).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    again(|| {
        if !std::mem::take(&mut listed) {
            update()?; // or the lists are so old that the packages have gone
        }
        run(&mut install)
    })
}

/// Renews the lists of Debian's packages.
pub(crate) fn update() -> Result<()> {
    run(Command::new("apt-get").args(["update", "-q"]))
}

/// Does what needs the network, and does it again after a while where it fails: often it was a
/// matter of the moment.
pub(crate) fn again<T>(mut work: impl FnMut() -> Result<T>) -> Result<T> {
    for pause in PAUSES {
        match work() {
            Ok(done) => return Ok(done),
            Err(error) => say(&format!("{error:#}; again in {} s", pause.as_secs())),
        }
        std::thread::sleep(pause);
    }
    work()
}

/// The lines that a program prints, each shown where our output goes; they may be no text.
pub(crate) fn shown(output: impl Read) -> impl Iterator<Item = io::Result<String>> {
    BufReader::new(output).split(b'\n').map(|line| {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        Ok(line)
    })
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
