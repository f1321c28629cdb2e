//! A controller node: etcd behind mTLS, a PKI, configurations, and the three programs started with
//! the flags of the unit files, by either maker, on one set of files.

use crate::caller::Caller;
use crate::etcd::Etcd;
use crate::kubectl::Kubectl;
use crate::pki::Pki;
use crate::port::free_port;
use crate::process::Process;
use crate::programs::Maker;
use crate::unit::Generation;
use crate::wait::until;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The key with which secrets are encrypted: 32 bytes in base64.
const ENCRYPTION_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Users with a certificate and a kubeconfig: file, name, group.
const USERS: &[(&str, &str, &str)] = &[
    ("admin", "admin", "system:masters"),
    ("kube-controller-manager", "system:kube-controller-manager", "system:kube-controller-manager"),
    ("kube-scheduler", "system:kube-scheduler", "system:kube-scheduler"),
    ("jane", "jane", "developers"),
];

const HOSTS: &[&str] = &[
    "127.0.0.1",
    "10.240.0.10",
    "10.32.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// The node's files and etcd.
#[derive(Debug)]
pub struct Site {
    /// What lies in etcd.
    pub etcd: Etcd,
    /// The CA of everything here.
    pub pki: Pki,
    port: u16,
    folder: tempfile::TempDir,
}

/// A program that runs on the site.
#[derive(Debug)]
pub struct Running {
    /// The process.
    pub process: Process,
}

impl Site {
    /// Makes the files and starts etcd.
    ///
    /// # Errors
    /// Where etcd does not start.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let pki = Pki::new(&folder.path().join("kubernetes"))?;
        pki.issue("kubernetes", "kubernetes", &["Kubernetes"], HOSTS)?;
        pki.issue("service-account", "service-accounts", &["Kubernetes"], &[])?;
        let port = free_port()?;
        for (file, name, group) in USERS {
            pki.issue(file, name, &[*group], &[])?;
        }
        let etcd = Etcd::start(folder.path(), &pki)?;
        let site = Self { etcd, pki, port, folder };
        for (file, ..) in USERS {
            std::fs::write(site.kubeconfig(file), site.kubeconfig_text(file))?;
        }
        std::fs::create_dir_all(site.path("config"))?;
        Ok(site)
    }

    /// Where the API server listens, once one is started.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// A file or folder of the site.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The kubeconfig of a user.
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        self.pki.file(&format!("{user}.kubeconfig"))
    }

    /// Starts an API server and waits until it is ready. `flags` are added to those of the unit
    /// file; a flag given twice counts as given last.
    ///
    /// # Errors
    /// Where it ends, with the end of its log.
    pub fn api_server(&self, maker: Maker, age: Generation, flags: &[&str]) -> Result<Running> {
        let mut running = self.start_api_server(maker, age, flags)?;
        let anonymous = Caller::anonymous(&self.url())?;
        until("kube-apiserver is ready", || {
            running.process.still_runs()?;
            let answer = anonymous.get("/readyz")?;
            ensure!(answer.code == 200, "{}", answer.text());
            Ok(())
        })?;
        Ok(running)
    }

    /// Starts an API server without waiting for it.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn start_api_server(
        &self,
        maker: Maker,
        age: Generation,
        flags: &[&str],
    ) -> Result<Running> {
        let port = format!("--secure-port={}", self.port);
        let flags: Vec<&str> =
            std::iter::once(port.as_str()).chain(flags.iter().copied()).collect();
        self.start("kube-apiserver", maker, age, &flags)
    }

    /// Starts a controller manager.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn controller_manager(
        &self,
        maker: Maker,
        age: Generation,
        flags: &[&str],
    ) -> Result<Running> {
        let port = format!("--secure-port={}", free_port()?);
        let flags: Vec<&str> =
            std::iter::once(port.as_str()).chain(flags.iter().copied()).collect();
        self.start("kube-controller-manager", maker, age, &flags)
    }

    /// Starts a scheduler.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn scheduler(&self, maker: Maker, age: Generation, flags: &[&str]) -> Result<Running> {
        let port = format!("--secure-port={}", free_port()?);
        let flags: Vec<&str> =
            std::iter::once(port.as_str()).chain(flags.iter().copied()).collect();
        self.start("kube-scheduler", maker, age, &flags)
    }

    /// Starts nodes that only pretend to run pods.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn hollow_nodes(&self, names: &[&str]) -> Result<Running> {
        let mut command = Command::new(Maker::Ours.program("hollow-node")?);
        command.arg(self.kubeconfig("admin")).args(names);
        Ok(Running { process: Process::start(command, &self.path("hollow-node.log"))? })
    }

    fn start(
        &self,
        program: &str,
        maker: Maker,
        age: Generation,
        flags: &[&str],
    ) -> Result<Running> {
        for file in ["encryption-config.yaml", "kube-scheduler.yaml"] {
            let folder = if file.starts_with("enc") { "kubernetes" } else { "config" };
            let to = self.path(folder).join(file);
            // A test may have put its own.
            if !to.exists() {
                std::fs::write(to, self.here(&age.read(file)?))?;
            }
        }
        let mut command = Command::new(maker.program(program)?);
        command.args(age.flags(program)?.iter().map(|flag| self.here(flag)));
        command.args(flags.iter().map(|flag| self.here(flag)));
        let process = Process::start(command, &self.path(&format!("{program}.log")))?;
        Ok(Running { process })
    }

    /// Takes another encryption file from the next start on.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn encrypt_with(&self, text: &str) -> Result<()> {
        Ok(std::fs::write(self.path("kubernetes/encryption-config.yaml"), self.here(text))?)
    }

    /// Someone with a certificate of the site's CA.
    ///
    /// # Errors
    /// Where there is none for this name.
    pub fn caller(&self, user: &str) -> Result<Caller> {
        let certificate = self.pki.file(&format!("{user}.pem"));
        let key = self.pki.file(&format!("{user}-key.pem"));
        Caller::with_certificate(&self.url(), &certificate, &key)
    }

    /// kubectl as the admin: `kubectl` or `kubectl-1.20`.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn kubectl(&self, program: &str) -> Result<Kubectl> {
        Kubectl::new(program, &self.kubeconfig("admin"), self.folder.path())
    }

    /// The places that a text of the unit files names, as they are here.
    fn here(&self, text: &str) -> String {
        let folder = |name: &str| self.path(name).display().to_string();
        text.replace("https://${INTERNAL_IP}:2379", self.etcd.url())
            .replace("${INTERNAL_IP}", "10.240.0.10")
            .replace("${ENCRYPTION_KEY}", ENCRYPTION_KEY)
            .replace("=0.0.0.0", "=127.0.0.1")
            .replace("/var/lib/kubernetes", &folder("kubernetes"))
            .replace("/etc/kubernetes/config", &folder("config"))
            .replace("/var/log", &folder(""))
    }

    fn kubeconfig_text(&self, user: &str) -> String {
        let file = |name: &str| display(&self.pki.file(name));
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             clusters:\n- name: here\n  cluster:\n    server: {}\n    certificate-authority: {}\n\
             users:\n- name: {user}\n  user:\n    client-certificate: {}\n    client-key: {}\n\
             contexts:\n- name: here\n  context: {{cluster: here, user: {user}}}\n",
            self.url(),
            file("ca.pem"),
            file(&format!("{user}.pem")),
            file(&format!("{user}-key.pem")),
        )
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}
