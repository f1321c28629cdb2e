//! The beginning and the end of each upstream-named program: flags, help, version, logs, the
//! engine, and one line for what went wrong.

use crate::flags::{self, Flag, FlagError, Parsed};
use crate::logging;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// One program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name, such as `kube-scheduler`.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its version, without a `v`.
    pub version: &'static str,
    /// Its flags; `v`, `logging-format`, `feature-gates` and `version` are among them.
    pub flags: Vec<Flag>,
}

impl Program {
    /// Reads the command line and runs; an error of `run` is printed in one line.
    pub fn main<F, W, E>(self, run: F) -> ExitCode
    where
        F: FnOnce(Parsed) -> W,
        W: Future<Output = Result<(), E>>,
        E: Display,
    {
        let parsed = match flags::parse(&self.flags, std::env::args().skip(1)) {
            Ok(parsed) => parsed,
            Err(FlagError::Help) => {
                let help = flags::help(&self.flags);
                print(&format!(
                    "{}\n\nUsage:\n  {} [flags]\n\nFlags:\n{help}",
                    self.about, self.name
                ));
                return ExitCode::SUCCESS;
            }
            Err(error) => return failed(&error),
        };
        // A line of a unit file that lost its backslash ends up here.
        if !parsed.words().is_empty() {
            return failed(&format!(
                "{:?} does not take any arguments, got {:?}",
                self.name,
                parsed.words()
            ));
        }
        if !matches!(parsed.text("version"), "" | "false") {
            print(&format!("Kubernetes v{}", self.version));
            return ExitCode::SUCCESS;
        }
        if let Err(why) = flags::feature_gates::check(parsed.pairs("feature-gates")) {
            return failed(&why);
        }
        for warning in parsed.warnings() {
            eprintln!("{warning}");
        }
        let format = match parsed.text("logging-format").parse() {
            Ok(format) => format,
            Err(why) => return failed(&format!("--logging-format: {why}")),
        };
        logging::start(u8::try_from(parsed.int("v")).unwrap_or(u8::MAX), format);
        let engine = match tokio::runtime::Runtime::new() {
            Ok(engine) => engine,
            Err(error) => return failed(&format!("can't start the async engine: {error}")),
        };
        match engine.block_on(run(parsed)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        }
    }
}

/// Prints for a reader who may have seen enough (`--help | head`).
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn failed(error: &impl Display) -> ExitCode {
    eprintln!("Error: {error:#}");
    ExitCode::FAILURE
}
