//! TLS: files to a configuration, for a server again whenever the files change.
//!
//! A client may show a certificate; any is taken here, as long as the client holds its key. Who it
//! is, and whether our CA signed it, is decided in authentication, so that a stranger's
//! certificate ends as 401 and not as a broken handshake: Go's `RequestClientCert`. Mirrors
//! `k8s.io/apiserver/pkg/server/{secure_serving,dynamiccertificates}`.

mod client;
mod client_certificates;
mod files;
mod self_signed;
mod server_names;
mod versions;

pub use client::{Identity, Trust, client_config};
pub use files::{TlsError, certificates, private_key};
pub use self_signed::self_signed;
pub use versions::{CipherSuites, MinVersion};

use arc_swap::ArcSwap;
use client_certificates::AcceptAny;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use server_names::Chooser;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often the files are looked at for changes.
const RELOAD_PERIOD: Duration = Duration::from_secs(60);

/// One certificate chain and its key, each with the flag that named it.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The flag, for messages, such as `--tls-cert-file`.
    pub flag: &'static str,
    /// PEM: the leaf first, then its intermediates.
    pub certificate: PathBuf,
    /// PEM: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// The server names it is for; when empty, those in the certificate.
    pub names: Vec<String>,
}

/// What a server's TLS is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Shown when no other fits the name that the client asks for.
    pub default: Pair,
    /// `--tls-sni-cert-key`, in the order given.
    pub by_name: Vec<Pair>,
    /// CA bundles with their flags, whose subjects are offered to clients as a hint at which
    /// certificate to show; no check is made against them here.
    pub client_cas: Vec<(&'static str, PathBuf)>,
    /// `--tls-min-version`.
    pub min_version: MinVersion,
    /// `--tls-cipher-suites`.
    pub suites: CipherSuites,
}

/// A server's TLS as it is now. Ask for [`ServerTls::config`] at each connection.
pub struct ServerTls {
    options: Options,
    current: ArcSwap<ServerConfig>,
}

impl ServerTls {
    /// Reads the files once.
    ///
    /// # Errors
    /// [`TlsError`] naming the flag and the file.
    pub fn load(options: Options) -> Result<Self, TlsError> {
        let config = build(&options)?;
        Ok(Self { options, current: ArcSwap::from_pointee(config) })
    }

    /// The configuration for a connection that begins now.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Looks at the files each minute until the shutdown, and reads them again once one of them
    /// has changed. Files that don't fit together are logged and leave what is served as it is.
    pub async fn keep_fresh(self: Arc<Self>, shutdown: crate::Shutdown) {
        let mut seen = self.stamps();
        let mut tick = crate::clock::every(RELOAD_PERIOD);
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                _ = tick.tick() => {}
            }
            let now = self.stamps();
            if now == seen {
                continue;
            }
            match self.reload() {
                Ok(()) => {
                    tracing::info!("TLS files changed and were read again");
                    seen = now;
                }
                Err(error) => tracing::error!(%error, "TLS files changed and can't be used"),
            }
        }
    }

    /// Reads the files again now.
    ///
    /// # Errors
    /// [`TlsError`]; what is served stays as it was.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(build(&self.options)?));
        Ok(())
    }

    fn stamps(&self) -> Vec<files::Stamp> {
        let pairs = std::iter::once(&self.options.default).chain(&self.options.by_name);
        let pairs = pairs.flat_map(|pair| [&pair.certificate, &pair.key]);
        let cas = self.options.client_cas.iter().map(|(_, file)| file);
        pairs.chain(cas).map(|file| files::stamp(file)).collect()
    }
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerTls").field("options", &self.options).finish_non_exhaustive()
    }
}

fn build(options: &Options) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(CryptoProvider {
        cipher_suites: options.suites.chosen(),
        ..aws_lc_rs::default_provider()
    });
    let mut hints = Vec::new();
    for (flag, file) in &options.client_cas {
        hints.extend(files::subjects(flag, file)?);
    }
    let accept = Arc::new(AcceptAny::new(hints, provider.signature_verification_algorithms));
    let chooser = Chooser::load(&options.default, &options.by_name, &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(options.min_version.allowed())
        .map_err(|error| TlsError::Unusable { why: error.to_string() })?
        .with_client_cert_verifier(accept)
        .with_cert_resolver(Arc::new(chooser));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests;
