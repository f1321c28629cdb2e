//! An API server and the etcd below it, both on loopback, started for a measurement.

use super::certificates::Certificates;
use super::client::{Address, Ask, Connection, JSON, tls};
use super::process::Process;
use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const READY_SECONDS_MAX: u64 = 60;
const POLL: Duration = Duration::from_millis(2);

/// A server under measurement.
pub(super) struct ApiServer {
    pub(super) name: &'static str,
    pub(super) process: Process,
    pub(super) address: Address,
    /// From the start of the program to `/readyz`.
    pub(super) ready_after: Duration,
    _etcd: Process,
}

impl ApiServer {
    /// Starts a kube-apiserver, whoever wrote it, and waits until it is ready.
    pub(super) async fn start(
        name: &'static str,
        program: &Path,
        certificates: &Certificates,
        folder: &Path,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (etcd, etcd_url) = etcd(folder)?;
        let port = free_port()?;
        let mut command = Command::new(program);
        command.arg(format!("--etcd-servers={etcd_url}"));
        command.arg(format!("--secure-port={port}"));
        for (flag, file) in [
            ("tls-cert-file", "apiserver.crt"),
            ("tls-private-key-file", "apiserver.key"),
            ("client-ca-file", "ca.crt"),
            ("service-account-key-file", "sa.pub"),
            ("service-account-signing-key-file", "sa.key"),
        ] {
            command.arg(format!("--{flag}={}", certificates.file(file).display()));
        }
        command.args([
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.32.0.0/24",
            "--authorization-mode=Node,RBAC",
            // Pods of the measurement come without the work of the controller manager.
            "--disable-admission-plugins=ServiceAccount",
            // The client is faster than any cluster.
            "--max-requests-inflight=4000",
            "--max-mutating-requests-inflight=2000",
        ]);
        let log = folder.join("kube-apiserver.log");
        let began = runtime::clock::monotonic();
        let mut process = Process::start(command, &log)?;
        let address = Address { port, tls: tls(certificates.folder())? };
        until_ready(&mut process, &address, &log).await?;
        let ready_after = began.elapsed();
        Ok(Self { name, process, address, ready_after, _etcd: etcd })
    }
}

/// Asks for `/readyz` until the answer is good.
pub(super) async fn until_ready(
    process: &mut Process,
    address: &Address,
    log: &Path,
) -> Result<()> {
    let deadline = runtime::clock::monotonic() + Duration::from_secs(READY_SECONDS_MAX);
    while runtime::clock::monotonic() < deadline {
        let text = || std::fs::read_to_string(log).unwrap_or_default();
        process.still_runs().with_context(text)?;
        if let Ok(mut connection) = address.connect().await {
            while asked(&mut connection).await? {
                if connection.ask(Ask::get("/readyz", JSON)).await.is_ok() {
                    return Ok(());
                }
                runtime::clock::sleep(POLL).await;
            }
        }
        runtime::clock::sleep(POLL).await;
    }
    bail!("not ready after {READY_SECONDS_MAX} seconds: {}", log.display())
}

/// Whether the connection still answers.
async fn asked(connection: &mut Connection) -> Result<bool> {
    Ok(connection.begin(Ask::get("/version", JSON)).await.is_ok())
}

fn etcd(folder: &Path) -> Result<(Process, String)> {
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let (client, peer) = (url(free_port()?), url(free_port()?));
    let mut command = Command::new("etcd");
    command.arg("--data-dir").arg(folder.join("etcd"));
    command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    command.args(["--initial-cluster", &format!("default={peer}")]);
    let process = Process::start(command, &folder.join("etcd.log"))?;
    let port = client.rsplit(':').next().and_then(|port| port.parse().ok()).context("a port")?;
    for _ in 0..500 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            // It listens a little before it serves.
            std::thread::sleep(Duration::from_millis(500));
            return Ok((process, client));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("etcd does not listen: {}", folder.join("etcd.log").display())
}

/// A port that nobody has now.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
