//! One connection to a kubelet, a pod or a port of a node, for one request.
//!
//! Errors are in the words of Go's `net` and `crypto/tls`, since clients show and search them.
//! Mirrors the transports of `pkg/kubelet/client` and `k8s.io/apimachinery/pkg/util/net`.

use crate::limits::{BACKEND_CONNECT, BACKEND_TLS_HANDSHAKE};
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use runtime::Task;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, InvalidMessage};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

/// Whom to talk to.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    /// TLS, and how; or plain HTTP.
    pub tls: Option<Arc<ClientConfig>>,
    /// An address or a name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How long the TCP connection may take.
    pub connect_timeout: Duration,
}

/// Why there is no answer, as Go would say it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct DialError(String);

/// The body of an answer, with the connection that it comes from: dropped together.
pub(super) struct Answered {
    body: Incoming,
    _connection: Task<()>,
}

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

impl Backend {
    /// In plain HTTP.
    pub(crate) fn plain(host: String, port: u16) -> Self {
        Self { tls: None, host, port, connect_timeout: BACKEND_CONNECT }
    }

    /// The host and port, as in a URL.
    pub(crate) fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// The URL of a path, for messages and rewritten links.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.authority())
    }

    /// Sends a request whose URI is a path, and waits for the head of the answer. With a status of
    /// 101 the connection can be taken over by [`hyper::upgrade::on`].
    pub(crate) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Answered>, DialError> {
        let socket = self.connect().await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(socket)).await.map_err(|e| self.broken(&e))?;
        let connection = connection.with_upgrades();
        let connection = runtime::spawn("connection to a backend", async move {
            if let Err(error) = connection.await {
                tracing::debug!("connection to a backend: {error}");
            }
        });
        let response = sender.send_request(request).await.map_err(|e| self.broken(&e))?;
        Ok(response.map(|body| Answered { body, _connection: connection }))
    }

    async fn connect(&self) -> Result<Box<dyn Socket>, DialError> {
        let tcp = runtime::clock::timeout(self.connect_timeout, self.connect_tcp())
            .await
            .map_err(|_| DialError(format!("dial tcp {}: i/o timeout", self.authority())))??;
        // Keystrokes and small frames must not wait for each other.
        let _ = tcp.set_nodelay(true);
        let Some(config) = &self.tls else { return Ok(Box::new(tcp)) };
        let name = ServerName::try_from(self.host.clone())
            .map_err(|_| DialError(format!("dial tcp: lookup {}: no such host", self.host)))?;
        let handshake = TlsConnector::from(config.clone()).connect(name, tcp);
        match runtime::clock::timeout(BACKEND_TLS_HANDSHAKE, handshake).await {
            Err(_) => Err(DialError("net/http: TLS handshake timeout".to_owned())),
            Ok(Err(error)) => Err(DialError(self.not_trusted(&error))),
            Ok(Ok(stream)) => Ok(Box::new(stream)),
        }
    }

    async fn connect_tcp(&self) -> Result<TcpStream, DialError> {
        let addresses: Vec<SocketAddr> = match self.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, self.port)],
            Err(_) => resolve(&self.host, self.port).await?,
        };
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some((address, error)),
            }
        }
        Err(DialError(match last {
            Some((address, error)) => format!("dial tcp {address}: connect: {}", words(&error)),
            None => format!("dial tcp: lookup {}: no such host", self.host),
        }))
    }

    /// Why TLS did not come about.
    fn not_trusted(&self, error: &io::Error) -> String {
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
        let why = match inner {
            Some(rustls::Error::InvalidCertificate(why)) => why,
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
                return "tls: first record does not look like a TLS handshake".to_owned();
            }
            Some(other) => return format!("tls: {other}"),
            None if error.kind() == io::ErrorKind::UnexpectedEof => return "EOF".to_owned(),
            None => return words(error),
        };
        let why = match why {
            CertificateError::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "certificate has expired or is not yet valid".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("certificate is not valid for {}", self.host)
            }
            other => other.to_string(),
        };
        format!("tls: failed to verify certificate: x509: {why}")
    }

    fn broken(&self, error: &hyper::Error) -> DialError {
        if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return DialError("EOF".to_owned());
        }
        DialError(format!("{}: {error}", self.authority()))
    }
}

/// The addresses of a name.
pub(super) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
    let found = lookup_host((host, port)).await;
    let none = || DialError(format!("dial tcp: lookup {host}: no such host"));
    let found: Vec<_> = found.map_err(|_| none())?.collect();
    if found.is_empty() { Err(none()) } else { Ok(found) }
}

/// The system's words without the number: `connection refused`.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

impl http_body::Body for Answered {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_what_go_says_when_nobody_listens() {
        // Taken, so that nobody else gets it, and without a listener.
        let taken = tokio::net::TcpSocket::new_v4().unwrap();
        taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = taken.local_addr().unwrap().port();
        let backend = Backend::plain("127.0.0.1".to_owned(), port);
        let refused = backend.send(Request::new(Body::empty())).await.err().unwrap();
        let expected = format!("dial tcp 127.0.0.1:{port}: connect: connection refused");
        assert_eq!(refused.to_string(), expected);
    }

    #[test]
    fn brackets_addresses_with_colons() {
        assert_eq!(Backend::plain("fd00::1".to_owned(), 80).url("/x"), "http://[fd00::1]:80/x");
        assert_eq!(Backend::plain("10.0.0.1".to_owned(), 80).authority(), "10.0.0.1:80");
    }
}
