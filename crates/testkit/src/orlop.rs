//! `orlop up` as a process, with its data in a folder that outlives it.

use crate::caller::Caller;
use crate::kubectl::Kubectl;
use crate::port::free_port;
use crate::process::Process;
use crate::programs::ours;
use crate::wait::until;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// A running `orlop`.
#[derive(Debug)]
pub struct Orlop {
    process: Process,
    data: PathBuf,
    url: String,
}

impl Orlop {
    /// Starts it on a folder, and waits until it is ready.
    ///
    /// # Errors
    /// Where it ends, with the end of its log.
    pub fn start(data: &Path, flags: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(data)?;
        let port = free_port()?;
        let mut command = Command::new(ours("orlop")?);
        command
            .args(["up", "--secure-port", &port.to_string(), "--data-dir"])
            .arg(data)
            .args(flags);
        let process = Process::start(command, &data.join("orlop.log"))?;
        let url = format!("https://127.0.0.1:{port}");
        let mut orlop = Self { process, data: data.to_owned(), url };
        let anonymous = Caller::anonymous(&orlop.url)?;
        until("orlop is ready", || {
            orlop.process.still_runs()?;
            let answer = anonymous.get("/readyz")?;
            ensure!(answer.code == 200, "{}", answer.text());
            ensure!(orlop.kubeconfig().is_file(), "there is no kubeconfig yet");
            Ok(())
        })?;
        Ok(orlop)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The kubeconfig that it wrote.
    pub fn kubeconfig(&self) -> PathBuf {
        self.data.join("admin.kubeconfig")
    }

    /// Its admin.
    ///
    /// # Errors
    /// Where the kubeconfig can't be read.
    pub fn caller(&self) -> Result<Caller> {
        let file = |name: &str| self.data.join("pki").join(name);
        Caller::with_certificate(&self.url, &file("admin.crt"), &file("admin.key"))
    }

    /// kubectl as its admin: `kubectl` or `kubectl-1.20`.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn kubectl(&self, program: &str) -> Result<Kubectl> {
        Kubectl::new(program, &self.kubeconfig(), &self.data)
    }

    /// Asks it to end, as Ctrl-C does.
    ///
    /// # Errors
    /// Where it does not.
    pub fn stop(self) -> Result<ExitStatus> {
        self.process.stop()
    }

    /// Ends it as a power cut does.
    ///
    /// # Errors
    /// Where the system does not.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }

    /// All that it has said.
    pub fn said(&self) -> String {
        self.process.said()
    }
}
