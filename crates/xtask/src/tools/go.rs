//! A `go` that is new enough for upstream's modules. An older one, such as Debian's, can still bring
//! the newer as the Go module that it is.

use super::{again, find, install, run, say};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What `upstream/go.mod` asks for, and the module that is it.
const VERSION: (u32, u32) = (1, 26);
const TOOLCHAIN: &str = "golang.org/toolchain@v0.0.1-go1.26.0.linux";

/// The `go` command.
///
/// # Errors
/// Where there is none and none can be brought.
pub fn go() -> Result<Command> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    if PROGRAM.get().is_none() {
        let found = program()?;
        let _ = PROGRAM.set(found);
    }
    let mut command = Command::new(PROGRAM.get().context("it was set above")?);
    // A newer one is not looked for: this one is new enough.
    command.env("GOTOOLCHAIN", "local").env_remove("GOROOT");
    Ok(command)
}

/// The folder of a module at a version such as `k8s.io/api@v0.36.3`, which this `go` downloads.
///
/// # Errors
/// Where it does not start, or finds no way to the module.
pub fn module(go: &mut Command, at: &str) -> Result<PathBuf> {
    go.args(["mod", "download", "-json", at]).current_dir(std::env::temp_dir());
    again(|| {
        let output = go.output().context("go, which finds upstream's modules, does not start")?;
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("go mod download {at}"))?;
        match answer["Dir"].as_str() {
            Some(folder) => Ok(folder.into()),
            None => bail!("go mod download {at}: {}", answer["Error"]),
        }
    })
}

fn program() -> Result<PathBuf> {
    if find("go").is_none() {
        install(&["golang-go"])?;
    }
    let found = find("go").context("there is no go command, and Debian's golang-go has none")?;
    if version(&found).is_some_and(|version| version >= VERSION) {
        return Ok(found);
    }
    say("a newer Go, as a module");
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let folder = module(&mut Command::new(&found), &format!("{TOOLCHAIN}-{machine}"))?;
    let newer = folder.join("bin/go");
    make_runnable(&folder)?;
    match version(&newer) {
        Some(version) if version >= VERSION => Ok(newer),
        _ => bail!("{} does not run", newer.display()),
    }
}

/// `go version go1.26.0 linux/amd64`, read.
fn version(go: &Path) -> Option<(u32, u32)> {
    let output = Command::new(go)
        .arg("version")
        .env("GOTOOLCHAIN", "local")
        .env_remove("GOROOT")
        .current_dir(std::env::temp_dir())
        .output()
        .ok()?;
    read_version(&String::from_utf8_lossy(&output.stdout))
}

fn read_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split_whitespace().nth(2)?.strip_prefix("go")?.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    Some((major, minor.parse().ok()?))
}

/// A module's files lose their bits, which a Go since 1.21 gives back by itself.
fn make_runnable(folder: &Path) -> Result<()> {
    for part in ["bin", "pkg/tool"] {
        run(Command::new("chmod").args(["-R", "u+rwx,go+rx"]).arg(folder.join(part)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions() {
        let rows = [
            ("go version go1.26.0 linux/amd64", Some((1, 26))),
            ("go version go1.19.8 linux/amd64", Some((1, 19))),
            ("go version go1.27rc1 linux/amd64", Some((1, 27))),
            ("gcc", None),
        ];
        for (text, expected) in rows {
            assert_eq!(super::read_version(text), expected, "{text}");
        }
    }
}
