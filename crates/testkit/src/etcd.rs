//! A real etcd of one member, and what lies in it.

use crate::pki::Pki;
use crate::port::free_port;
use crate::process::Process;
use crate::wait::until;
use anyhow::{Context, Result, bail};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

/// A running etcd.
#[derive(Debug)]
pub struct Etcd {
    process: Process,
    url: String,
    /// What etcdctl needs to come in.
    credentials: Vec<String>,
}

impl Etcd {
    /// Starts one behind mTLS, with the certificate `kubernetes.pem` of the CA.
    ///
    /// # Errors
    /// Where etcd is missing or ends.
    pub fn start(folder: &Path, pki: &Pki) -> Result<Self> {
        let port = free_port()?;
        let (url, peer) =
            (format!("https://127.0.0.1:{port}"), format!("http://127.0.0.1:{}", free_port()?));
        let file = |name: &str| pki.file(name).display().to_string();
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(folder.join("etcd"));
        command.args(["--listen-client-urls", &url, "--advertise-client-urls", &url]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("default={peer}")]);
        command.args(["--cert-file", &file("kubernetes.pem")]);
        command.args(["--key-file", &file("kubernetes-key.pem")]);
        command.args(["--trusted-ca-file", &file("ca.pem"), "--client-cert-auth"]);
        command.env("ETCD_UNSUPPORTED_ARCH", std::env::consts::ARCH);
        let process = Process::start(command, &folder.join("etcd.log"))?;
        let credentials = vec![
            format!("--cacert={}", file("ca.pem")),
            format!("--cert={}", file("kubernetes.pem")),
            format!("--key={}", file("kubernetes-key.pem")),
        ];
        let mut etcd = Self { process, url, credentials };
        until("etcd listens", || {
            etcd.process.still_runs()?;
            Ok(TcpStream::connect(("127.0.0.1", port))?)
        })?;
        until("etcd answers", || etcd.ctl(&["endpoint", "health"]))?;
        Ok(etcd)
    }

    /// Ends it as a power cut does.
    ///
    /// # Errors
    /// Where the system does not.
    pub fn crash(&mut self) -> Result<()> {
        self.process.crash()
    }

    /// Starts it again, on what it had.
    ///
    /// # Errors
    /// Where it ends.
    pub fn start_again(&mut self) -> Result<()> {
        self.process.keep_running()?;
        until("etcd answers", || self.ctl(&["endpoint", "health"]))?;
        Ok(())
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What `etcdctl` says.
    ///
    /// # Errors
    /// Where it refuses.
    pub fn ctl(&self, words: &[&str]) -> Result<Vec<u8>> {
        let mut command = Command::new("etcdctl");
        command.env("ETCDCTL_API", "3").args(&self.credentials);
        // By itself it gives up after two seconds without a connection, and five without an answer.
        command.args(["--dial-timeout=60s", "--command-timeout=60s"]);
        let output = command
            .arg(format!("--endpoints={}", self.url))
            .args(words)
            .output()
            .context("etcdctl does not start")?;
        if !output.status.success() {
            bail!("etcdctl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output.stdout)
    }

    /// The value of a key; empty where there is none.
    ///
    /// # Errors
    /// Those of [`Self::ctl`].
    pub fn value(&self, key: &str) -> Result<Vec<u8>> {
        let mut said = self.ctl(&["get", "--print-value-only", key])?;
        // etcdctl ends it with a newline of its own.
        said.pop();
        Ok(said)
    }

    /// The keys below a prefix, in their order.
    ///
    /// # Errors
    /// Those of [`Self::ctl`].
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let said = String::from_utf8(self.ctl(&["get", "--prefix", "--keys-only", prefix])?)?;
        Ok(said.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// Puts a value of text.
    ///
    /// # Errors
    /// Those of [`Self::ctl`].
    pub fn put(&self, key: &str, value: &str) -> Result<()> {
        self.ctl(&["put", key, value]).map(drop)
    }
}
