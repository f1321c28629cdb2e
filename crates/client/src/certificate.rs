//! A client certificate that lies in files: read anew for each connection, so that a renewed one is
//! shown without a restart.
//!
//! Mirrors `certRotatingDialer` (`k8s.io/client-go/transport`). Certificates inside of a kubeconfig
//! are read once, as there.

use kube::config::AuthInfo;
use runtime::tls::{TlsError, certificates, private_key};
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};
use std::path::PathBuf;
use std::sync::Arc;

/// Lets `tls` read the files that `auth` names. Whoever calls has read them once without an error.
pub(crate) fn follow_files(tls: &mut ClientConfig, auth: &AuthInfo) {
    // What a plugin gives, or what stands in the kubeconfig itself, goes before files.
    let data = auth.client_certificate_data.is_some() || auth.client_key_data.is_some();
    if data || auth.exec.is_some() {
        return;
    }
    if let (Some(certificate), Some(key)) = (&auth.client_certificate, &auth.client_key) {
        let files = Files { certificate: certificate.into(), key: key.into() };
        let first = tls.client_auth_cert_resolver.clone();
        tls.client_auth_cert_resolver = Arc::new(Renewed { files, first });
    }
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn read(&self) -> Result<CertifiedKey, ReadError> {
        let chain = certificates("client-certificate", &self.certificate)?;
        let key = private_key("client-key", &self.key)?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        Ok(CertifiedKey::from_der(chain, key, &provider)?)
    }
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    File(#[from] TlsError),
    #[error("client-certificate and client-key of the kubeconfig: {0}")]
    Pair(#[from] rustls::Error),
}

#[derive(Debug)]
struct Renewed {
    files: Files,
    /// What was there at the start, for a moment in which one of the two files is new already.
    first: Arc<dyn ResolvesClientCert>,
}

impl ResolvesClientCert for Renewed {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        match self.files.read() {
            Ok(pair) => Some(Arc::new(pair)),
            Err(error) => {
                tracing::warn!(%error, "showing the certificate that was there at the start");
                self.first.resolve(hints, schemes)
            }
        }
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &std::path::Path, name: &str) -> rcgen::CertifiedKey<rcgen::KeyPair> {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a pair");
        std::fs::write(folder.join("crt"), made.cert.pem()).expect("writes");
        std::fs::write(folder.join("key"), made.signing_key.serialize_pem()).expect("writes");
        made
    }

    fn shown(tls: &ClientConfig) -> Vec<u8> {
        let pair = tls.client_auth_cert_resolver.resolve(&[], &[]).expect("a certificate");
        pair.cert[0].to_vec()
    }

    #[test]
    fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = write(folder.path(), "first");
        let text = |name: &str| Some(folder.path().join(name).display().to_string());
        let mut config = kube::Config::new("https://127.0.0.1:6443".parse().expect("a URL"));
        config.auth_info.client_certificate = text("crt");
        config.auth_info.client_key = text("key");
        let mut tls = kube::client::ConfigExt::rustls_client_config(&config).expect("a pair");
        follow_files(&mut tls, &config.auth_info);
        assert_eq!(shown(&tls), first.cert.der().to_vec());

        let second = write(folder.path(), "second");
        assert_eq!(shown(&tls), second.cert.der().to_vec());

        std::fs::write(folder.path().join("key"), "half a k").expect("writes");
        assert_eq!(shown(&tls), first.cert.der().to_vec());
    }
}
