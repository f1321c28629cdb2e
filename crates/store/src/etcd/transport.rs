//! How a member is reached: TCP, and TLS with rustls over it.
//!
//! The certificate files are read again for each new connection, so that renewed ones are taken
//! up without a restart. Mirrors `client/pkg/transport.TLSInfo` and
//! `storage/storagebackend/factory`.

use crate::{StoreError, limits};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, Error, RootCertStore};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

/// Where Linux distributions keep the certificates that everybody trusts, for `https` members
/// without a `--etcd-cafile`.
const SYSTEM_ROOTS: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// The files of `--etcd-cafile`, `--etcd-certfile` and `--etcd-keyfile`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who may sign the members' certificates.
    pub ca: Option<PathBuf>,
    /// Our own certificate; goes with `key`.
    pub certificate: Option<PathBuf>,
    /// The key of our own certificate.
    pub key: Option<PathBuf>,
}

/// One address of `--etcd-servers`, such as `https://10.0.0.1:2379`.
#[derive(Clone, Debug)]
pub(super) struct Address {
    text: Arc<str>,
    host: Arc<str>,
    port: u16,
    tls: Option<Arc<TlsFiles>>,
}

impl Address {
    /// Reads an address, and the files that it needs once, so that a wrong one is told at start.
    pub(super) fn parse(text: &str, files: &Arc<TlsFiles>) -> Result<Self, StoreError> {
        let failed = |why: String| StoreError::Failed(format!("etcd server {text:?}: {why}"));
        let uri: http::Uri = text.parse().map_err(|error| failed(format!("{error}")))?;
        let tls = match uri.scheme_str() {
            Some("https") => Some(files.clone()),
            Some("http") => None,
            _ => return Err(failed("the address has to begin with http:// or https://".into())),
        };
        let host = uri.host().ok_or_else(|| failed("the address has no host".into()))?;
        let host = Arc::from(host.trim_start_matches('[').trim_end_matches(']'));
        if let Some(files) = &tls {
            client_config(files).map_err(failed)?;
        }
        let port = uri.port_u16().unwrap_or(limits::ETCD_PORT);
        Ok(Self { text: Arc::from(text), host, port, tls })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A channel that connects when it is first used, and again whenever it has to.
    pub(super) fn channel(&self) -> Channel {
        let origin = http::Uri::try_from(&*self.text).expect("parsed before");
        let address = self.clone();
        let connector = tower::service_fn(move |_: http::Uri| {
            let address = address.clone();
            async move { address.connect().await.map(TokioIo::new) }
        });
        // TLS is the connector's business, so the channel must not see `https`; the server does.
        Endpoint::from_static("http://etcd")
            .origin(origin)
            .initial_stream_window_size(limits::ETCD_WINDOW_BYTES)
            .initial_connection_window_size(limits::ETCD_WINDOW_BYTES)
            .http2_keep_alive_interval(limits::ETCD_KEEPALIVE_INTERVAL)
            .keep_alive_timeout(limits::ETCD_KEEPALIVE_TIMEOUT)
            .connect_with_connector_lazy(connector)
    }

    async fn connect(&self) -> io::Result<Box<dyn Wire>> {
        let connecting = runtime::clock::timeout(limits::ETCD_CONNECT_TIMEOUT, self.open()).await;
        let failed = |kind, why: &dyn std::fmt::Display| {
            io::Error::new(kind, format!("connecting to {}: {why}", self.text))
        };
        match connecting {
            Ok(Ok(wire)) => Ok(wire),
            Ok(Err(error)) => Err(failed(error.kind(), &error)),
            Err(_) => Err(failed(io::ErrorKind::TimedOut, &"no answer in time")),
        }
    }

    async fn open(&self) -> io::Result<Box<dyn Wire>> {
        let stream = TcpStream::connect((&*self.host, self.port)).await?;
        stream.set_nodelay(true)?;
        let Some(files) = &self.tls else { return Ok(Box::new(stream)) };
        let config = client_config(files).map_err(io::Error::other)?;
        let name = ServerName::try_from(self.host.to_string()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Box::new(stream))
    }
}

/// A connection of either sort.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Reads the files; an error is a line that names the file and no content of it.
fn client_config(files: &TlsFiles) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(files.ca.as_deref())?);
    let mut config = match (&files.certificate, &files.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let private = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| format!("{}: {error}", key.display()))?;
            let (certificate, key) = (certificate.display(), key.display());
            builder.with_client_auth_cert(chain, private).map_err(|error| match error {
                Error::InconsistentKeys(_) => {
                    format!(
                        "{key}: the private key does not match the certificate in {certificate}"
                    )
                }
                other => format!("{certificate}: {other}"),
            })?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => return Err("a certificate file and a key file go together".into()),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let file = match ca {
        Some(file) => file,
        None => SYSTEM_ROOTS
            .iter()
            .map(Path::new)
            .find(|file| file.is_file())
            .ok_or("there is no CA file, and the system has none either")?,
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(file)?);
    if added == 0 {
        return Err(format!("{}: no certificate that can be used", file.display()));
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{}: {error}", file.display()))
}
