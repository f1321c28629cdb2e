//! The client: HTTP/1.1 over mTLS, one request at a time on each connection.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where to connect to, and as whom.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) port: u16,
    pub(super) tls: Arc<ClientConfig>,
}

/// One connection.
pub(super) struct Connection(SendRequest<Full<Bytes>>);

/// A request, as short as can be told.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    /// The media type of the answer.
    pub(super) accept: &'static str,
    /// The media type of the body, which is empty where this is.
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

pub(super) const JSON: &str = "application/json";
pub(super) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// TLS with the keys in a folder: `ca.crt`, `admin.crt`, `admin.key`.
pub(super) fn tls(folder: &Path) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.crt"))?)?;
    let certificate = CertificateDer::from_pem_file(folder.join("admin.crt"))?;
    let key = PrivateKeyDer::from_pem_file(folder.join("admin.key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], key)?;
    Ok(Arc::new(config))
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: &'a str, accept: &'static str) -> Self {
        Self { method: Method::GET, path, accept, content_type: "", body: Bytes::new() }
    }

    pub(super) fn send(
        method: Method,
        path: &'a str,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        Self { method, path, accept: JSON, content_type, body: body.into() }
    }
}

impl Address {
    pub(super) async fn connect(&self) -> Result<Connection> {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        let stream = TlsConnector::from(self.tls.clone()).connect(name, socket).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        runtime::spawn("connection", async move { drop(connection.await) }).detach();
        Ok(Connection(sender))
    }
}

impl Connection {
    /// The answer, whatever its status, its body still to come.
    pub(super) async fn begin(&mut self, ask: Ask<'_>) -> Result<(StatusCode, Incoming)> {
        let mut request = Request::builder()
            .method(ask.method)
            .uri(ask.path)
            .header("host", "127.0.0.1")
            .header("accept", ask.accept)
            .header("user-agent", "bench");
        if !ask.content_type.is_empty() {
            request = request.header("content-type", ask.content_type);
        }
        self.0.ready().await?;
        let answer = self.0.send_request(request.body(Full::new(ask.body))?).await?;
        Ok((answer.status(), answer.into_body()))
    }

    /// The size of a good answer, whose body is read and thrown away.
    pub(super) async fn size(&mut self, ask: Ask<'_>) -> Result<usize> {
        let path = ask.path.to_owned();
        let (status, mut body) = self.begin(ask).await?;
        if !status.is_success() {
            bail!("{path}: {status}: {:?}", body.collect().await?.to_bytes());
        }
        let mut size_bytes = 0;
        while let Some(frame) = body.frame().await {
            size_bytes += frame?.data_ref().map_or(0, Bytes::len);
        }
        Ok(size_bytes)
    }

    /// A good answer.
    pub(super) async fn ask(&mut self, ask: Ask<'_>) -> Result<Bytes> {
        let path = ask.path.to_owned();
        let (status, body) = self.begin(ask).await?;
        let body = body.collect().await.context("the body")?.to_bytes();
        if !status.is_success() {
            bail!("{path}: {status}: {body:?}");
        }
        Ok(body)
    }
}
