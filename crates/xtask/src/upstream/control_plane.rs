//! An etcd and an upstream kube-apiserver on loopback, in a folder that goes away with them.

use super::binary;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const READY_SECONDS_MAX: u64 = 90;

/// Running processes, which end when this is dropped.
pub struct ControlPlane {
    folder: tempfile::TempDir,
    children: Vec<Child>,
    etcd_port: u16,
    port: u16,
}

impl ControlPlane {
    /// The bearer token of a member of `system:masters`.
    pub const ADMIN_TOKEN: &str = "admin-token";

    /// People without a right of their own; the bearer token of `joe` is `joe-token`.
    const PEOPLE: &[&str] = &["joe", "jim", "ann"];

    /// Starts both and waits until the API server is ready. `flags` are added to its own; a flag
    /// given twice counts as given last.
    ///
    /// # Errors
    /// Where a program is missing or ends early, with the end of its log.
    pub fn start(flags: &[&str]) -> Result<Self> {
        Self::start_program(&binary("kube-apiserver")?, flags)
    }

    /// The same with another kube-apiserver than upstream's.
    ///
    /// # Errors
    /// Those of [`ControlPlane::start`].
    pub fn start_program(program: &Path, flags: &[&str]) -> Result<Self> {
        let mut plane = Self {
            folder: tempfile::tempdir()?,
            children: vec![],
            etcd_port: free_port()?,
            port: free_port()?,
        };
        plane.start_etcd()?;
        plane.start_api_server(program, flags)?;
        plane.wait_until_ready()?;
        Ok(plane)
    }

    /// Where the API server listens, such as `https://127.0.0.1:40001`.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Where etcd listens, without TLS.
    pub fn etcd_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.etcd_port)
    }

    /// The folder with keys and logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// An upstream kubectl that speaks to this API server as its admin.
    ///
    /// # Errors
    /// Those of [`binary`].
    pub fn kubectl(&self) -> Result<Command> {
        let mut command = Command::new(binary("kubectl")?);
        command.args(["--server", &self.url(), "--token", Self::ADMIN_TOKEN]);
        command.args(["--insecure-skip-tls-verify", "--kubeconfig", "/dev/null"]);
        command.env("HOME", self.folder.path());
        Ok(command)
    }

    fn start_etcd(&mut self) -> Result<()> {
        let (client, peer) = (self.etcd_url(), format!("http://127.0.0.1:{}", free_port()?));
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(self.folder.path().join("etcd"));
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("default={peer}")]);
        self.spawn(command, "etcd.log")
    }

    fn start_api_server(&mut self, program: &Path, flags: &[&str]) -> Result<()> {
        let folder = self.folder.path();
        let (key, tokens) = (folder.join("sa.key"), folder.join("tokens.csv"));
        let made = Command::new("openssl")
            .args(["genrsa", "-traditional", "-out"])
            .arg(&key)
            .arg("2048")
            .stderr(Stdio::null())
            .status()
            .context("openssl, which makes the key for service accounts, does not start")?;
        if !made.success() {
            bail!("openssl genrsa: {made}");
        }
        let people = Self::PEOPLE.iter().map(|name| format!("{name}-token,{name},{name}\n"));
        let admin = format!("{},admin,admin,system:masters\n", Self::ADMIN_TOKEN);
        std::fs::write(&tokens, admin + &people.collect::<String>())?;

        let mut command = Command::new(program);
        command.arg(format!("--etcd-servers={}", self.etcd_url()));
        command.arg(format!("--secure-port={}", self.port));
        command.arg(format!("--cert-dir={}", folder.join("certificates").display()));
        command.arg(format!("--token-auth-file={}", tokens.display()));
        command.arg(format!("--service-account-key-file={}", key.display()));
        command.arg(format!("--service-account-signing-key-file={}", key.display()));
        command.args([
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.32.0.0/24",
            "--authorization-mode=Node,RBAC",
        ]);
        command.args(flags);
        self.spawn(command, "kube-apiserver.log")
    }

    fn spawn(&mut self, mut command: Command, log: &str) -> Result<()> {
        let log = File::create(self.folder.path().join(log))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let name = command.get_program().to_string_lossy().into_owned();
        self.children.push(command.spawn().with_context(|| format!("{name} does not start"))?);
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        const ASKS_PER_SECOND: u64 = 5;
        for _ in 0..READY_SECONDS_MAX * ASKS_PER_SECOND {
            for child in &mut self.children {
                if let Some(status) = child.try_wait()? {
                    bail!("a program of the control plane ended: {status}\n{}", self.log());
                }
            }
            let answer = self.kubectl()?.args(["get", "--raw", "/readyz"]).output()?;
            if answer.status.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1000 / ASKS_PER_SECOND));
        }
        bail!("the API server is not ready after {READY_SECONDS_MAX} seconds\n{}", self.log())
    }

    /// The last lines of the API server's log.
    fn log(&self) -> String {
        const LINES: usize = 20;
        let path = self.folder.path().join("kube-apiserver.log");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // The API server first: it would complain that etcd is away.
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that nobody has now. Another program may take it before it is used; starting fails then.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free() {
        // Another program may be faster, but not each time.
        let free = || TcpListener::bind(("127.0.0.1", free_port().expect("a port"))).is_ok();
        assert!((0..5).any(|_| free()));
    }
}
