//! From flags to a client: `--kubeconfig`, `--master`, or the pod's own service account.
//!
//! Mirrors `clientcmd.BuildConfigFromFlags` (`k8s.io/client-go/tools/clientcmd`): a kubeconfig's
//! current context is used, `--master` replaces its server, and with neither the in-cluster
//! configuration is tried.

use crate::error::chain;
use crate::transport::{Transport, to_server};
use crate::{ClientError, agent, limits, proxy};
use http::{Request, Response};
use kube::client::Body;
use kube::config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use std::path::PathBuf;
use tower::{BoxError, Service};

/// What the flags say about the way to the API server.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// The name of the program, which it says of itself.
    pub program: String,
    /// `--kubeconfig`: the file whose current context is used.
    pub kubeconfig: Option<PathBuf>,
    /// `--master`: the API server's URL, in place of the kubeconfig's.
    pub master: Option<String>,
    /// `--kube-api-qps`: requests a second that one controller sends; 0 or less is no limit.
    pub qps: f64,
    /// `--kube-api-burst`: requests that may go out at once after a quiet time.
    pub burst: u32,
}

/// A client without a limit on its requests; see [`crate::Clients`] for those with one.
///
/// # Errors
/// [`ClientError`] when the file is missing or wrong, or when its certificates can't be used.
pub async fn connect(options: &ConnectOptions) -> Result<kube::Client, ClientError> {
    Ok(from_service(transport(options).await?))
}

/// The way that [`connect`]'s client takes.
pub(crate) async fn transport(options: &ConnectOptions) -> Result<Transport, ClientError> {
    to_server(&config(options).await?)
}

/// The same server as [`transport`] reaches, without any credentials.
pub(crate) async fn anonymous_transport(
    options: &ConnectOptions,
) -> Result<Transport, ClientError> {
    let mut config = config(options).await?;
    config.auth_info = AuthInfo::default();
    to_server(&config)
}

/// A client over any tower service: how `orlop` reaches its own API server without a socket.
pub fn from_service<S, B>(service: S) -> kube::Client
where
    S: Service<Request<Body>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: hyper::body::Body<Data = hyper::body::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    kube::Client::new(service, "default")
}

async fn config(options: &ConnectOptions) -> Result<Config, ClientError> {
    let mut own_proxy = false;
    let mut config = match (&options.kubeconfig, &options.master) {
        (Some(path), _) => {
            let wrong = |error| ClientError::Kubeconfig {
                path: path.display().to_string(),
                why: why(&error),
            };
            let file = Kubeconfig::read_from(path).map_err(wrong)?;
            own_proxy = names_a_proxy(&file);
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                .await
                .map_err(wrong)?
        }
        (None, Some(master)) => Config::new(parse_master(master)?),
        (None, None) => {
            Config::incluster().map_err(|error| ClientError::NotConfigured(Box::new(error)))?
        }
    };
    if let Some(master) = &options.master {
        config.cluster_url = parse_master(master)?;
    }
    if !own_proxy {
        let variable = |name: &str| std::env::var(name).ok();
        config.proxy_url = proxy::of_environment(&config.cluster_url, variable)?;
    }
    config.headers.extend(agent::header(&options.program));
    config.connect_timeout = Some(limits::CONNECT_TIMEOUT);
    Ok(config)
}

/// Whether the cluster of the current context has a `proxy-url`: kube takes the environment's where
/// it has none, whatever the server is.
fn names_a_proxy(file: &Kubeconfig) -> bool {
    let current = file.current_context.as_ref();
    let context = file.contexts.iter().find(|context| Some(&context.name) == current);
    let cluster = context.and_then(|context| Some(&context.context.as_ref()?.cluster));
    let cluster = file.clusters.iter().find(|named| Some(&named.name) == cluster);
    let proxy = cluster.and_then(|named| named.cluster.as_ref()?.proxy_url.as_ref());
    proxy.is_some_and(|url| !url.is_empty())
}

/// Without the file's name, which the caller knows to say.
fn why(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(inner, _) => chain(inner),
        other => chain(other),
    }
}

fn parse_master(address: &str) -> Result<http::Uri, ClientError> {
    let url =
        if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    url.parse().map_err(|source| ClientError::Master { address: address.to_owned(), source })
}
