//! The way of a request to an API server: HTTP/2 over TLS, over as few connections as it takes.
//!
//! [`kube::client::ClientBuilder`] speaks HTTP/1.1, where each watch holds a connection of its own;
//! a controller manager watches some seventy kinds, and both ends pay for every socket. Mirrors
//! `k8s.io/client-go/rest` and `k8s.io/apimachinery/pkg/util/net` (`SetTransportDefaults`): HTTP/2
//! where the server has it, a ping where it has been silent. TLS, credentials, headers and retries
//! are kube's.

use crate::certificate::follow_files;
use crate::error::chain;
use crate::proxy::Dial;
use crate::{ClientError, limits};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::Config;
use kube::client::{Body, ConfigExt as _, retry::RetryPolicy};
use std::sync::{Arc, Mutex, PoisonError};
use tower::retry::RetryLayer;
use tower::util::{BoxCloneSyncService, ServiceExt as _};
use tower::{BoxError, ServiceBuilder};

/// What carries a request and brings its answer. Clones share their connections.
pub(crate) type Transport = BoxCloneSyncService<Request<Body>, Response<Answer>, BoxError>;

/// The body of an answer: any that ends in any error.
pub(crate) type Answer = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// The transport that `config` describes.
///
/// # Errors
/// [`ClientError::Setup`] when its certificates, keys or headers can't be used.
pub(crate) fn to_server(config: &Config) -> Result<Transport, ClientError> {
    let connections =
        Arc::new(Connections { connector: connector(config)?, open: Mutex::default() });
    let send = tower::service_fn(move |request| connections.clone().send(request));
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(RetryLayer::new(retries()))
        .option_layer(config.auth_layer().map_err(setup)?)
        .layer(config.extra_headers_layer().map_err(setup)?)
        .service(send);
    Ok(BoxCloneSyncService::new(service.map_err(BoxError::from)))
}

/// Of what the server was too busy for. Kube's own policy has a request wait for minutes after an
/// outage; whoever asks comes back by itself.
fn retries() -> RetryPolicy {
    let (first, longest) = (limits::FIRST_RETRY_DELAY, limits::LONGEST_RETRY_DELAY);
    RetryPolicy::new(first, longest, limits::RETRIES, true).expect("the first is the shortest")
}

type Connector = TimeoutConnector<HttpsConnector<Dial>>;

fn connector(config: &Config) -> Result<Connector, ClientError> {
    let mut plain = HttpConnector::new();
    plain.enforce_http(false);
    plain.set_nodelay(true);
    plain.set_keepalive(Some(limits::KEEP_ALIVE_INTERVAL));
    let dial = Dial::new(plain, &config.cluster_url, config.proxy_url.as_ref())?;
    let mut tls = config.rustls_client_config().map_err(setup)?;
    follow_files(&mut tls, &config.auth_info);
    let mut https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let wrong = |source| ClientError::ServerName { name: name.clone(), source };
        let name = name.clone().try_into().map_err(wrong)?;
        https = https.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let mut connector = TimeoutConnector::new(https.enable_all_versions().wrap_connector(dial));
    connector.set_connect_timeout(config.connect_timeout);
    Ok(connector)
}

fn setup(error: kube::Error) -> ClientError {
    ClientError::Setup(chain(&error))
}

/// The connections to one server. A request goes over the first that has a stream to spare.
struct Connections {
    connector: Connector,
    open: Mutex<Vec<Connection>>,
}

/// One connection over HTTP/2, or as many as there are requests where the server has only
/// HTTP/1.1; made when it is needed, and made again when it breaks.
struct Connection {
    client: Client<Connector, Body>,
    /// Held by the list of connections, and by each request until its answer has ended.
    streams: Arc<()>,
}

impl Connections {
    async fn send(self: Arc<Self>, request: Request<Body>) -> Result<Response<Answer>, BoxError> {
        let (client, stream) = self.take();
        let asked = format!("{} {}", request.method(), request.uri());
        let unreached = |error| format!("{asked}: {}", chain(&error));
        let answer = client.request(request).await.map_err(unreached)?;
        Ok(answer.map(|body| {
            body.map_err(BoxError::from)
                .map_frame(move |frame| {
                    let _held_until_the_end = &stream;
                    frame
                })
                .boxed_unsync()
        }))
    }

    fn take(&self) -> (Client<Connector, Body>, Arc<()>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = |connection: &&Connection| {
            Arc::strong_count(&connection.streams) <= limits::STREAMS_PER_CONNECTION
        };
        if let Some(found) = open.iter().find(spare) {
            return (found.client.clone(), found.streams.clone());
        }
        let (client, streams) = (http_client(self.connector.clone()), Arc::default());
        open.push(Connection { client: client.clone(), streams: Arc::clone(&streams) });
        (client, streams)
    }
}

fn http_client(connector: Connector) -> Client<Connector, Body> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(limits::KEEP_ALIVE_INTERVAL)
        .http2_keep_alive_timeout(limits::KEEP_ALIVE_TIMEOUT)
        .build(connector)
}

#[cfg(test)]
mod tests;
