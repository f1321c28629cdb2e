//! A running program, which ends when this is dropped.

use crate::wait::{Ended, until};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The lines of a log that an error shows.
const LINES_SHOWN: usize = 15;

/// A program and its log.
#[derive(Debug)]
pub struct Process {
    name: String,
    command: Command,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it with its output in `log`, which is continued.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Self { name, command, child, log: log.to_owned() })
    }

    /// Starts it again where it has ended with an error, as systemd does.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn keep_running(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some_and(|status| !status.success()) {
            let output = File::options().append(true).open(&self.log)?;
            self.command.stdout(output.try_clone()?).stderr(output);
            self.child = self.command.spawn()?;
        }
        Ok(())
    }

    /// Nothing, while it runs.
    ///
    /// # Errors
    /// Where it has ended, with the end of its log.
    pub fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                Err(Ended(format!("{} ended: {status}\n{}", self.name, self.tail())).into())
            }
        }
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// Where it does not.
    pub fn stop(mut self) -> Result<ExitStatus> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        if !asked.success() {
            bail!("kill: {asked}");
        }
        self.ended()
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Errors
    /// Where the system does not.
    pub fn kill(mut self) -> Result<()> {
        self.crash()
    }

    /// The same for one that [`Self::keep_running`] starts again.
    ///
    /// # Errors
    /// Where the system does not.
    pub fn crash(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// Where it does not.
    pub fn ended(&mut self) -> Result<ExitStatus> {
        let name = self.name.clone();
        until(&format!("{name} ends"), || self.child.try_wait()?.context("it still runs"))
    }

    /// All that it has said.
    pub fn said(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn tail(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
