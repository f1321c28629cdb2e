//! `orlop up`: all three programs in one process, on the embedded store.
//!
//! Each program is given a command line, as a unit file would give it, so that nothing here knows
//! more of them than an operator does.

mod pki;

use crate::files;
use crate::kubeconfig::Kubeconfig;
use crate::say::Progress;
use anyhow::{Context, Result, anyhow};
use auth::UserInfo;
use clap::Parser;
use client::Clients;
use runtime::{Shutdown, flags};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{Embedded, Memory, Store};

use pki::Pki;

/// How long the parts may take to end after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(15);
/// The most hollow nodes, since each has a pod subnet of its own.
const HOLLOW_NODES_MAX: u8 = 250;

/// How to start.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// Where everything is kept [default: $XDG_DATA_HOME/orlop, or ~/.local/share/orlop]
    #[arg(long, env = "ORLOP_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Keep everything in memory: nothing of the cluster is left afterwards
    #[arg(long)]
    in_memory: bool,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    bind_address: IpAddr,
    /// The port to serve HTTPS on; 0 takes a free one
    #[arg(long, default_value_t = 6443)]
    secure_port: u16,
    /// The addresses of services
    #[arg(long, default_value = "10.32.0.0/24")]
    service_cluster_ip_range: String,
    /// The addresses of pods
    #[arg(long, default_value = "10.200.0.0/16")]
    cluster_cidr: String,
    /// Nodes that only pretend to run pods
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=i64::from(HOLLOW_NODES_MAX)))]
    hollow_nodes: u8,
    /// How values are encrypted in the store (EncryptionConfiguration)
    #[arg(long)]
    encryption_provider_config: Option<PathBuf>,
    /// More flags for the API server, such as --api-server-flag=--anonymous-auth=false
    #[arg(long = "api-server-flag", allow_hyphen_values = true)]
    api_server_flags: Vec<String>,
    /// Print no progress
    #[arg(short, long)]
    quiet: bool,
    /// How much is logged, 0 to 10
    #[arg(short, long, default_value_t = 0)]
    v: u8,
}

/// Starts everything, and returns when a signal has ended it.
pub(crate) async fn run(options: Options) -> Result<()> {
    let progress = Progress::start(options.quiet);
    match options.v {
        0 => runtime::logging::start_quietly(),
        verbosity => runtime::logging::start(verbosity, runtime::logging::Format::Text),
    }
    let shutdown = Shutdown::on_signals()?;
    let directory = data_directory(options.data_dir.as_deref())?;
    let pki = make_pki(&options, &directory)?;
    progress.step("keys and certificates");

    let api_options = api_server_options(&options, &pki)?;
    let controllers = controller_options(&options, &pki)?;
    let scheduler = scheduler_options()?;
    let store = open_store(&options, &directory, &api_options)?;
    progress.step("store");
    let server = api_server::start(api_options, store, shutdown.clone()).await?;
    let kubeconfig = directory.join("admin.kubeconfig");
    let url = format!("https://{}", server.address);
    write_kubeconfig(&kubeconfig, &url, &pki)?;
    server.ready().await;
    progress.step(&format!("API server ready on {url}"));

    start_controllers(controllers, &server, &shutdown);
    start_scheduler(scheduler, &server, &shutdown);
    progress.step("controllers and scheduler");
    for number in 1..=options.hollow_nodes {
        let client =
            in_process("kubelet", &server, UserInfo::new("system:hollow", &["system:masters"]));
        let child = shutdown.clone();
        shutdown.spawn("hollow node", async move {
            hollow::run(client, &format!("hollow-{number}"), number, child).await;
        });
    }
    progress.needed(&[
        format!("export KUBECONFIG={}", kubeconfig.display()),
        "kubectl get nodes".to_owned(),
    ]);
    shutdown.begun().await;
    progress.step("stopping");
    shutdown.drain(DRAIN).await.map_err(|left| anyhow!("{} parts did not end", left.left))
}

fn data_directory(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        return std::path::absolute(given).context("--data-dir");
    }
    let home = || std::env::home_dir().map(|home| home.join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|d| d.is_absolute());
    let base = base.or_else(home).context("--data-dir: there is no home directory, name one")?;
    Ok(base.join("orlop"))
}

fn make_pki(options: &Options, directory: &Path) -> Result<Pki> {
    let names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ];
    let network =
        api_server::ServiceNetwork::parse(&options.service_cluster_ip_range, "30000-32767")
            .map_err(|why| anyhow!(why))?;
    let addresses =
        [options.bind_address, network.kubernetes_address(), IpAddr::from([127, 0, 0, 1])];
    Pki::ensure(&directory.join("pki"), &names.map(str::to_owned), &addresses)
}

fn write_kubeconfig(file: &Path, url: &str, pki: &Pki) -> Result<()> {
    let admin = Kubeconfig {
        cluster: "orlop",
        context: "orlop",
        user: "admin",
        server: url,
        ca_pem: &pki.ca_pem()?,
        pair: &pki.pair("admin"),
    };
    files::write(file, &admin.text()?)
}

/// The API server's command line, read.
fn api_server_options(options: &Options, pki: &Pki) -> Result<api_server::Options> {
    let file = |name: &str| pki.file(name).display().to_string();
    let mut line = vec![
        format!("--bind-address={}", options.bind_address),
        format!("--secure-port={}", options.secure_port),
        format!("--tls-cert-file={}", file("apiserver.crt")),
        format!("--tls-private-key-file={}", file("apiserver.key")),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--service-account-signing-key-file={}", file("sa.key")),
        format!("--service-account-key-file={}", file("sa.pub")),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        format!("--service-cluster-ip-range={}", options.service_cluster_ip_range),
        "--allow-privileged".to_owned(),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--enable-bootstrap-token-auth".to_owned(),
    ];
    if let Some(file) = &options.encryption_provider_config {
        line.push(format!("--encryption-provider-config={}", file.display()));
    }
    line.extend(options.api_server_flags.iter().cloned());
    let given = flags::parse(&api_server::flags::all(), line)?;
    api_server::flags::options(&given).map_err(|why| anyhow!(why))
}

fn open_store(
    options: &Options,
    directory: &Path,
    api: &api_server::Options,
) -> Result<Arc<dyn Store>> {
    if options.in_memory {
        return api_server::storage::encrypted(Memory::new(), api);
    }
    let store = Embedded::open(&directory.join("store"), &api.etcd_prefix)?;
    api_server::storage::encrypted(store, api)
}

fn in_process(program: &str, server: &api_server::Server, user: UserInfo) -> client::Client {
    client::from_service(client::named(program, server.client(user)))
}

/// The controller manager's command line, read.
fn controller_options(options: &Options, pki: &Pki) -> Result<controller_manager::Options> {
    let file = |name: &str| pki.file(name).display().to_string();
    let line = [
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        format!("--cluster-cidr={}", options.cluster_cidr),
        format!("--service-cluster-ip-range={}", options.service_cluster_ip_range),
        format!("--root-ca-file={}", file("ca.crt")),
        format!("--service-account-private-key-file={}", file("sa.key")),
        format!("--cluster-signing-cert-file={}", file("ca.crt")),
        format!("--cluster-signing-key-file={}", file("ca.key")),
    ];
    let given = flags::parse(&controller_manager::flag_table(), line)?;
    controller_manager::Options::from_flags(&given).map_err(|why| anyhow!(why))
}

/// The scheduler's command line, read.
fn scheduler_options() -> Result<scheduler::Options> {
    let given =
        flags::parse(&scheduler::flag_table(), ["--leader-elect=false", "--secure-port=0"])?;
    scheduler::Options::from_flags(&given).map_err(|why| anyhow!(why))
}

fn start_controllers(
    options: controller_manager::Options,
    server: &api_server::Server,
    shutdown: &Shutdown,
) {
    let user = UserInfo::new("system:kube-controller-manager", &["system:masters"]);
    let clients = Clients::shared(in_process("kube-controller-manager", server, user));
    let child = shutdown.clone();
    shutdown.spawn("controller manager", async move {
        if let Err(error) = controller_manager::run(options, clients, child).await {
            tracing::error!("controller manager: {error}");
        }
    });
}

fn start_scheduler(options: scheduler::Options, server: &api_server::Server, shutdown: &Shutdown) {
    let user = UserInfo::new("system:kube-scheduler", &["system:masters"]);
    let clients = Clients::shared(in_process("kube-scheduler", server, user));
    let child = shutdown.clone();
    shutdown.spawn("scheduler", async move {
        if let Err(error) = scheduler::run(options, clients, child).await {
            tracing::error!("scheduler: {error}");
        }
    });
}
