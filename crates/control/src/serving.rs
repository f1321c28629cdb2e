//! `/healthz`, `/livez`, `/readyz`, `/metrics` of a component, over TLS.
//!
//! Health is open to everybody. The rest is for whoever the API server says may have it: the
//! bearer's token is reviewed, and so is the access. A client certificate says nothing here: its
//! CA is not known to this process. Mirrors `k8s.io/apiserver/pkg/server` as
//! kube-controller-manager and kube-scheduler use it.

mod access;

use crate::component::ServingOptions;
use access::{Access, Verdict};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use kube::Client;
use runtime::Shutdown;
use runtime::health::Checks;
use runtime::metrics::{CONTENT_TYPE, Registry};
use runtime::tls::{Options, Pair, ServerTls, TlsError, self_signed};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::limits::{
    SERVING_BACKLOG as BACKLOG, SERVING_CONNECTIONS_MAX, SERVING_HANDSHAKE_TIMEOUT,
};

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// The address is taken, or not ours.
    #[error("--bind-address, --secure-port: can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// The certificate or its key can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

struct Server {
    checks: Arc<Checks>,
    open_paths: Vec<String>,
    access: Access,
    http2: bool,
    streams_max: Option<u32>,
}

/// Serves `checks`, to which more may come, and the process's metrics until `shutdown` begins.
/// With port 0 it serves nothing. `component` names the certificate that is made up where none is
/// given.
///
/// # Errors
/// [`ServingError`], before anything is served.
pub async fn serve(
    options: &ServingOptions,
    component: &str,
    checks: impl Into<Arc<Checks>>,
    client: Client,
    shutdown: &Shutdown,
) -> Result<(), ServingError> {
    if options.port == 0 {
        return Ok(());
    }
    let tls = Arc::new(load(options, component)?);
    let address = SocketAddr::new(options.address, options.port);
    let listener = listen(address, options.shares_port)
        .map_err(|source| ServingError::Listen { address, source })?;
    let server = Arc::new(Server {
        checks: checks.into(),
        open_paths: options.open_paths.clone(),
        access: Access::new(client, options.remembered),
        http2: options.http2,
        streams_max: options.streams_max,
    });
    tracing::info!(%address, "serving securely");
    let fresh = tls.clone();
    let until = shutdown.clone();
    shutdown.spawn("serving certificate", async move { fresh.keep_fresh(until).await });
    let until = shutdown.clone();
    shutdown.spawn_until_begun("serving", async move {
        accept(listener, tls, server, until).await;
    });
    Ok(())
}

fn load(options: &ServingOptions, component: &str) -> Result<ServerTls, TlsError> {
    let default = match &options.pair {
        Some((certificate, key)) => Pair {
            flag: "--tls-cert-file",
            certificate: certificate.clone(),
            key: key.clone(),
            names: Vec::new(),
        },
        None => {
            let folder = options.certificate_folder.clone().unwrap_or_else(|| {
                std::env::temp_dir().join(format!("{component}-{}", std::process::id()))
            });
            self_signed(&folder, component, &["localhost".into(), "127.0.0.1".into()])?
        }
    };
    ServerTls::load(Options {
        default,
        by_name: options.by_name.clone(),
        client_cas: Vec::new(),
        min_version: options.min_version,
        suites: options.suites.clone(),
    })
}

fn listen(address: SocketAddr, shares_port: bool) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As the standard library does: a port whose last connections only die out is free.
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(shares_port)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(
    listener: TcpListener,
    tls: Arc<ServerTls>,
    server: Arc<Server>,
    shutdown: Shutdown,
) {
    let slots = Arc::new(tokio::sync::Semaphore::new(SERVING_CONNECTIONS_MAX));
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let mut config = tls.config();
                if !server.http2 {
                    // What is not spoken must not be offered.
                    Arc::make_mut(&mut config).alpn_protocols = vec![b"http/1.1".to_vec()];
                }
                let acceptor = TlsAcceptor::from(config);
                let server = server.clone();
                shutdown.spawn_until_begun("connection", async move {
                    converse(stream, acceptor, server).await;
                    drop(slot);
                });
            }
            Err(error) => tracing::debug!(%error, "a connection was not accepted"),
        }
    }
}

async fn converse(stream: TcpStream, acceptor: TlsAcceptor, server: Arc<Server>) {
    let handshake = acceptor.accept(stream);
    let Ok(Ok(stream)) = runtime::clock::timeout(SERVING_HANDSHAKE_TIMEOUT, handshake).await else {
        return;
    };
    let mut http = auto::Builder::new(TokioExecutor::new());
    if !server.http2 {
        http = http.http1_only();
    }
    if let Some(streams) = server.streams_max {
        http.http2().max_concurrent_streams(streams);
    }
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.answer(request).await) }
    });
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended badly");
    }
}

impl Server {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        if !is_open(&self.open_paths, &path) {
            let verb = request.method().as_str().to_lowercase();
            let token = bearer(request.headers());
            match self.access.check(token, &path, &verb).await {
                Verdict::Allowed => {}
                Verdict::Unauthenticated => {
                    return text(StatusCode::UNAUTHORIZED, "Unauthorized\n".into());
                }
                Verdict::Forbidden(why) => return text(StatusCode::FORBIDDEN, format!("{why}\n")),
            }
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed\n".into());
        }
        let query = query(request.uri().query().unwrap_or_default());
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        match (parts.next().unwrap_or_default(), parts.next()) {
            ("healthz" | "livez" | "readyz", None | Some("")) => {
                let excluded = query.get("exclude").map(Vec::as_slice).unwrap_or_default();
                let excluded: Vec<&str> = excluded.iter().map(String::as_str).collect();
                let answer = self.checks.answer(query.contains_key("verbose"), &excluded).await;
                text(code(answer.code), answer.body)
            }
            ("healthz" | "livez" | "readyz", Some(name)) => {
                match self.checks.answer_one(name).await {
                    Some(answer) => text(code(answer.code), answer.body),
                    None => not_found(),
                }
            }
            ("metrics", None) => {
                let mut response = text(StatusCode::OK, Registry::global().text());
                let kind = header::HeaderValue::from_static(CONTENT_TYPE);
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                response
            }
            ("version", None) => text(
                StatusCode::OK,
                format!("{{\"gitVersion\":\"v{}\"}}", env!("CARGO_PKG_VERSION")),
            ),
            _ => not_found(),
        }
    }
}

fn is_open(open: &[String], path: &str) -> bool {
    open.iter().any(|rule| match rule.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == rule,
    })
}

fn bearer(headers: &header::HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn query(text: &str) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        all.entry(name.into()).or_default().push(value.into());
    }
    all
}

fn code(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn not_found() -> Response<Full<Bytes>> {
    text(StatusCode::NOT_FOUND, "404 page not found\n".into())
}

fn text(code: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    let strict = header::HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, strict);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_paths_are_exact_or_prefixes() {
        let open = ["/healthz".to_owned(), "/open/*".to_owned()];
        for (path, expected) in
            [("/healthz", true), ("/healthz/x", false), ("/open/a/b", true), ("/metrics", false)]
        {
            assert_eq!(is_open(&open, path), expected, "{path}");
        }
    }

    #[test]
    fn a_query_may_name_a_thing_twice() {
        let query = query("verbose&exclude=a&exclude=b");
        assert_eq!(query["exclude"], ["a", "b"]);
        assert!(query.contains_key("verbose"));
    }
}
