//! The accept loop: sockets, TLS, HTTP/1.1 and HTTP/2, and the way out.

mod unread;

use crate::Api;
use crate::limits::{BACKLOG, DRAIN, STREAMS_MAX, TLS_HANDSHAKE};
use crate::metrics;
use crate::pipeline::{Peer, handle};
use crate::settings::Protocols;
use http::header::STRICT_TRANSPORT_SECURITY;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use runtime::Shutdown;
use runtime::tls::ServerTls;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use unread::Unread;

/// Listens, where others may listen too if `shared`.
///
/// # Errors
/// The system's, when the address can't be had.
pub(crate) fn listen(address: SocketAddr, shared: bool) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(shared)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until the shutdown begins, then lets what is under way end.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerTls>,
    api: Arc<Api>,
    protocols: Protocols,
    shutdown: Shutdown,
) {
    let protocols = Arc::new(protocols);
    let graceful = Arc::new(GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            () = shutdown.begun() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, from)) => {
                // Small writes (watch events) must not wait for each other.
                let _ = socket.set_nodelay(true);
                let (tls, api, protocols) = (tls.clone(), api.clone(), protocols.clone());
                let connection = connection(socket, tls, api, protocols, graceful.clone());
                tracing::trace!("connection from {from}");
                runtime::spawn("connection", connection).detach();
            }
            Err(error) => {
                // Out of descriptors, most likely: others will end.
                tracing::warn!("a connection can't be accepted: {error}");
                runtime::clock::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = runtime::clock::timeout(DRAIN, graceful.shutdown()).await;
    }
}

async fn connection(
    socket: TcpStream,
    tls: Arc<ServerTls>,
    api: Arc<Api>,
    protocols: Arc<Protocols>,
    graceful: Arc<GracefulShutdown>,
) {
    let mut config = tls.config();
    if protocols.without_http2 {
        // What is not spoken must not be offered.
        Arc::make_mut(&mut config).alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    let acceptor = TlsAcceptor::from(config);
    let address = socket.peer_addr().ok();
    let handshake = runtime::clock::timeout(TLS_HANDSHAKE, acceptor.accept(socket)).await;
    let Ok(Ok(stream)) = handshake else {
        metrics::tls_handshake_failed();
        tracing::debug!("TLS handshake failed from {address:?}");
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificates = certificates.iter().map(|c| c.clone().into_owned()).collect();
    let peer = Arc::new(Peer { certificates, address, user: None });
    let strict = protocols.strict_transport.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (api, peer, strict) = (api.clone(), peer.clone(), strict.clone());
        let request = request.map(|body| axum::body::Body::new(Unread::new(body)));
        async move {
            let mut response = handle(&api, &peer, request).await;
            if let Some(directives) = strict {
                response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, directives);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(protocols.streams_max.unwrap_or(STREAMS_MAX));
    if protocols.without_http2 {
        builder = builder.http1_only();
    }
    let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let watcher = graceful.watcher();
    drop(graceful);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!("connection from {address:?} ended: {error}");
    }
}
