//! A program under measurement: its CPU time and its memory, as the kernel counts them.

use anyhow::{Context, Result};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The kernel counts CPU time in hundredths of a second (`USER_HZ`), whatever its own tick.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running program, which ends when this is dropped.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program; what it says goes to a file.
    pub(super) fn start(mut command: Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| log.display().to_string())?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Self { child })
    }

    /// An error if it has ended.
    pub(super) fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => anyhow::bail!("it ended: {status}"),
            None => Ok(()),
        }
    }

    /// The CPU time that it has used, in user and kernel mode.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let stat = self.read("stat")?;
        // The name of the program, in parentheses, may hold spaces.
        let behind = stat.rsplit_once(')').context("a name in parentheses")?.1;
        let mut numbers = behind.split_whitespace().skip(11);
        let mut next = || numbers.next().and_then(|n| n.parse::<f64>().ok()).context("a number");
        Ok(Duration::from_secs_f64((next()? + next()?) / TICKS_PER_SECOND))
    }

    /// Its resident memory, in MiB.
    pub(super) fn resident_mib(&self) -> Result<f64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).context("VmRSS")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    fn read(&self, name: &str) -> Result<String> {
        let path = format!("/proc/{}/{name}", self.child.id());
        std::fs::read_to_string(&path).context(path)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
