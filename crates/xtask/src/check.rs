//! `cargo xtask test`: the whole check, from a bare machine to one line.
//!
//! It brings the programs that are missing, holds the repository to its rules, runs the tests of
//! every crate, builds the programs and runs the tests of the whole against them, and the hard way
//! on real nodes where the machine can have them. What fails does not end it: the last line says how
//! much did. The programs are those of the tests' own profile:
//! link-time optimization of five programs takes longer than all the rest, and is asked for by
//! `--release`.

use crate::{hardway, prepare, repository, tidy, tools};
use anyhow::{Context, Result, bail};
use regex::Regex;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The package with the tests of the whole, which need the built programs.
const WHOLE: &str = "orlop-tests";

/// Runs everything; `release`: against the programs as they are released. Whether all passed.
///
/// # Errors
/// None: what goes wrong is counted.
pub fn run(release: bool) -> Result<bool> {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let built = repository().join(if release { "target/release" } else { "target/debug" });
    let mut step = |name: &str, work: &mut dyn FnMut(&mut Tally) -> Result<()>| {
        println!("\n== {name} (at {} s)", begun.elapsed().as_secs());
        let before = tally.failed;
        if let Err(error) = work(&mut tally) {
            println!("{name}: {error:#}");
            // A step may fail by its tests, which are counted, or before it has any.
            tally.failed = tally.failed.max(before + 1);
        }
    };
    step("prepare", &mut |_| prepare::run());
    let mut nodes = false;
    step("prepare nodes", &mut |_| {
        if let Some(why) = hardway::hindrance()? {
            println!("no nodes on this machine: {why}");
            return Ok(());
        }
        hardway::prepare()?;
        nodes = true;
        Ok(())
    });
    step("tidy", &mut |tally| {
        tidy::run()?;
        tally.passed += 1;
        Ok(())
    });
    step("tests of the crates", &mut |tally| {
        tests(cargo(&["test", "--workspace", "--exclude", WHOLE, "--no-fail-fast"]), tally)
    });
    step("programs", &mut |_| programs(release));
    step("tests of the whole", &mut |tally| {
        let mut command = cargo(&["test", "--package", WHOLE, "--no-fail-fast"]);
        command.env("ORLOP_BIN", &built);
        tests(command, tally)
    });
    if nodes {
        step("the hard way", &mut |tally| {
            let rows = hardway::walk(&built)?;
            tally.passed += rows.passed;
            tally.failed += rows.failed;
            Ok(())
        });
    }
    println!("\ntook {} s", begun.elapsed().as_secs());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
}

#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// Adds what a line such as `test result: ok. 3 passed; 0 failed; ...` says.
    fn read(&mut self, result: &Regex, line: &str) {
        if let Some(found) = result.captures(line) {
            self.passed += found[1].parse::<usize>().unwrap_or(0);
            self.failed += found[2].parse::<usize>().unwrap_or(0);
        }
    }
}

fn result() -> Regex {
    Regex::new(r"^test result: \w+\. (\d+) passed; (\d+) failed;").expect("a regular expression")
}

/// Runs cargo with its output shown, and counts.
fn tests(mut command: Command, tally: &mut Tally) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo")?;
    let output = child.stdout.take().context("cargo's output")?;
    let result = result();
    for line in tools::shown(output) {
        tally.read(&result, &line?);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("cargo test: {status}");
    }
    Ok(())
}

/// The programs that the tests of the whole start.
fn programs(release: bool) -> Result<()> {
    // All of the workspace: a part of it would ask for other features, and compile all anew.
    let mut build = cargo(&["build", "--workspace", "--bins"]);
    if release {
        build.arg("--release");
    }
    let status = build.status().context("cargo")?;
    if !status.success() {
        bail!("cargo build: {status}");
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(repository());
    // Cargo tells the programs that it runs about their package, which is not that of others.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::{Tally, result};

    #[test]
    fn results_are_counted() {
        let mut tally = Tally::default();
        let lines = [
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured",
            "  test result: ok. 9 passed; 9 failed; said by a test",
        ];
        for line in lines {
            tally.read(&result(), line);
        }
        assert_eq!(tally, Tally { passed: 5, failed: 1 });
    }
}
