//! The accept loop: sockets, TLS, HTTP/1.1 and HTTP/2, and the way out.

mod unread;

use crate::Api;
use crate::limits::{DRAIN, TLS_HANDSHAKE};
use crate::metrics;
use crate::pipeline::{Peer, handle};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use runtime::Shutdown;
use runtime::tls::ServerTls;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use unread::Unread;

/// Serves until the shutdown begins, then lets what is under way end.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerTls>,
    api: Arc<Api>,
    shutdown: Shutdown,
) {
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
                let connection = connection(socket, tls.clone(), api.clone(), graceful.clone());
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
    graceful: Arc<GracefulShutdown>,
) {
    let acceptor = TlsAcceptor::from(tls.config());
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
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (api, peer) = (api.clone(), peer.clone());
        let request = request.map(|body| axum::body::Body::new(Unread::new(body)));
        async move { Ok::<_, Infallible>(handle(&api, &peer, request).await) }
    });
    let builder = Builder::new(TokioExecutor::new());
    let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let watcher = graceful.watcher();
    drop(graceful);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!("connection from {address:?} ended: {error}");
    }
}
