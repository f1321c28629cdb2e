//! Puts the server together: store, cache, registry, access, sockets; then says that it is ready.

use crate::access::Access;
use crate::bootstrap::{Bootstrap, Hooks};
use crate::fixed::{Documents, Fixed, Health};
use crate::impersonation::Impersonation;
use crate::in_process::InProcess;
use crate::limits::DRAIN;
use crate::objects::Cached;
use crate::seats::Seats;
use crate::services::{Desk, Services, public_address};
use crate::settings::Options;
use crate::subresources::Kubelets;
use crate::{Api, admission, serve};
use anyhow::{Context, Result, anyhow};
use auth::UserInfo;
use cache::Cache;
use object::GroupResource;
use registry::{Allocator, Registry};
use runtime::Shutdown;
use runtime::health::Checks;
use runtime::tls::{CipherSuites, MinVersion, Pair, ServerTls, self_signed};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// A server that is serving.
#[derive(Debug)]
pub struct Server {
    api: Arc<Api>,
    /// Where it listens.
    pub address: SocketAddr,
    hooks: Hooks,
}

impl Server {
    /// A client in the same process, for one user.
    pub fn client(&self, user: UserInfo) -> InProcess {
        InProcess::new(self.api.clone(), user)
    }

    /// Waits until `/readyz` says ok.
    pub async fn ready(&self) {
        self.hooks.all_done().await;
    }
}

/// Starts a server over a store; returns when it listens. The encryption of the store is the
/// caller's business.
pub async fn start(options: Options, store: Arc<dyn Store>, shutdown: Shutdown) -> Result<Server> {
    let stopping = shutdown;
    let shutdown = delayed(&stopping, options.shutdown_delay);
    let tls = Arc::new(tls(&options)?);
    kinds::allow_privileged(options.allow_privileged);
    let cache = Cache::start(store.clone(), &options.etcd_prefix, kinds::all())
        .await
        .context("the store can't be loaded")?;
    let objects = Arc::new(Cached(cache.clone()));
    let (access, issuer) = Access::new(&options, objects.clone())?;

    let address = SocketAddr::new(options.bind_address, options.secure_port);
    let listener = serve::listen(address, options.protocols.shares_port)
        .with_context(|| format!("--bind-address, --secure-port: can't listen on {address}"))?;
    let address = listener.local_addr()?;

    let admission =
        admission::chain(&options, objects.clone(), &access.authorizers, store.clone())?;
    let services = Services::new(&options.network, &store, &cache, options.etcd_prefix.as_str());
    let allocators: Vec<Box<dyn Allocator>> = vec![Box::new(Desk(services.clone()))];
    let registry = Registry::new(
        cache.clone(),
        store.clone(),
        &options.etcd_prefix,
        admission,
        allocators,
        options.event_ttl,
    );
    let health = health(&store, &stopping);
    let hooks = Hooks::new(&[&health.healthz, &health.readyz], &health.livez, options.livez_grace);
    let public = SocketAddr::new(host(&options), address.port());
    let mut documents = Documents::new(&options.served, public.to_string());
    if access.signer.is_none() {
        documents = documents.without(&GroupResource::new("", "serviceaccounts"), "token");
    }
    let served = Arc::new(options.served.clone());
    let fixed = Fixed::new(documents, health, issuer, served, cache.clone());
    let kubelets = Kubelets::new(&options.kubelet)?;
    let seats = Seats::new(&options);
    let api = Arc::new(Api {
        registry,
        served: options.served.clone(),
        access,
        impersonation: Impersonation::new(options.constrained_impersonation),
        fixed,
        kubelets,
        seats,
        watch_seconds_min: options.watch_seconds_min,
        shutdown: shutdown.clone(),
    });

    shutdown.spawn_until_begun("TLS files", tls.clone().keep_fresh(shutdown.clone()));
    let protocols = options.protocols.clone();
    let accepting = serve::serve(listener, tls, api.clone(), protocols, shutdown.clone());
    shutdown.spawn("accept loop", accepting);
    let bootstrap = Bootstrap {
        api: api.clone(),
        hooks: hooks.clone(),
        store: store.clone(),
        services,
        options: options.clone(),
        public,
        shutdown: shutdown.clone(),
    };
    shutdown.spawn_until_begun("bootstrap", bootstrap.run());
    if let Some(interval) = options.compaction_interval {
        shutdown.spawn_until_begun("compaction", compact(store, cache, interval));
    }
    tracing::info!("serving on {address}");
    Ok(Server { api, address, hooks })
}

/// The end of serving: a time after the process has been asked to stop, in which `/readyz` alone
/// says so, and load balancers look for another server.
fn delayed(stopping: &Shutdown, delay: Duration) -> Shutdown {
    if delay.is_zero() {
        return stopping.clone();
    }
    let end = Shutdown::new();
    let (asked, ends) = (stopping.clone(), end.clone());
    stopping.spawn("shutdown delay", async move {
        asked.begun().await;
        runtime::clock::sleep(delay).await;
        ends.begin();
        if let Err(left) = ends.drain(DRAIN).await {
            tracing::warn!("{left}");
        }
    });
    end
}

/// The address at which members of the cluster reach this server.
fn host(options: &Options) -> IpAddr {
    public_address(options.advertise_address, options.bind_address)
}

fn tls(options: &Options) -> Result<ServerTls> {
    let default = match (&options.tls_cert_file, &options.tls_private_key_file) {
        (Some(certificate), Some(key)) => Pair {
            flag: "--tls-cert-file",
            certificate: certificate.clone(),
            key: key.clone(),
            names: Vec::new(),
        },
        (None, None) => {
            let names = [host(options).to_string(), "localhost".to_owned()];
            self_signed(&options.cert_dir, "apiserver", &names)?
        }
        _ => {
            return Err(anyhow!(
                "--tls-cert-file and --tls-private-key-file must be given together"
            ));
        }
    };
    let mut by_name = Vec::new();
    for given in &options.tls_sni {
        let (files, names) = given.split_once(':').unwrap_or((given, ""));
        let Some((certificate, key)) = files.split_once(',') else {
            return Err(anyhow!("--tls-sni-cert-key: {given:?}: expected certificate,key[:names]"));
        };
        by_name.push(Pair {
            flag: "--tls-sni-cert-key",
            certificate: certificate.into(),
            key: key.into(),
            names: names.split(',').filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        });
    }
    let identity = &options.identity;
    let cas = [
        ("--client-ca-file", &identity.client_ca_file),
        ("--requestheader-client-ca-file", &identity.front_proxy_ca_file),
    ];
    let client_cas =
        cas.into_iter().filter_map(|(flag, file)| Some((flag, file.clone()?))).collect();
    let min_version: MinVersion =
        options.tls_min_version.parse().map_err(|why| anyhow!("--tls-min-version: {why}"))?;
    let suites = CipherSuites::parse(&options.tls_cipher_suites)
        .map_err(|why| anyhow!("--tls-cipher-suites: {why}"))?;
    let tls = runtime::tls::Options { default, by_name, client_cas, min_version, suites };
    Ok(ServerTls::load(tls)?)
}

fn health(store: &Arc<dyn Store>, shutdown: &Shutdown) -> Health {
    let all = ["healthz", "livez", "readyz"].map(|name| {
        let checks = Arc::new(Checks::new(name));
        checks.add_ping();
        checks.add("log", || Ok(()));
        let store = store.clone();
        checks.add_async("etcd", move || {
            let store = store.clone();
            Box::pin(async move { store.revision().await.map(drop).map_err(|e| e.to_string()) })
        });
        checks
    });
    let [healthz, livez, readyz] = all;
    let asked = store.clone();
    readyz.add_async("etcd-readiness", move || {
        let store = asked.clone();
        Box::pin(async move { store.revision().await.map(drop).map_err(|e| e.to_string()) })
    });
    // The one cache of all kinds is loaded before anything is served.
    readyz.add("informer-sync", || Ok(()));
    let shutdown = shutdown.clone();
    readyz.add("shutdown", move || {
        if shutdown.has_begun() { Err("process is shutting down".to_owned()) } else { Ok(()) }
    });
    Health { healthz, livez, readyz }
}

async fn compact(store: Arc<dyn Store>, cache: Arc<Cache>, interval: Duration) {
    let mut compactor = store::compact::Compactor::new();
    let mut tick = runtime::clock::every(interval);
    loop {
        tick.tick().await;
        if let Err(error) = compactor.turn(&*store).await {
            tracing::warn!("compaction: {error}");
        }
        cache.compacted_to(compactor.compacted());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn serving_ends_a_while_after_the_process_was_asked_to_stop() {
        for delay in [Duration::ZERO, Duration::from_millis(30)] {
            let stopping = Shutdown::new();
            let end = delayed(&stopping, delay);
            assert!(!end.has_begun());
            stopping.begin();
            assert_eq!(end.has_begun(), delay.is_zero());
            end.begun().await;
            stopping.drain(DRAIN).await.expect("nothing is left");
        }
    }
}
