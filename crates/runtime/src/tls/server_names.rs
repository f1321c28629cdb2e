//! Which certificate is shown for which server name.
//!
//! A name given by flag goes before one read from a certificate, an exact name before a wildcard,
//! and among equals the first. Mirrors `GetNamedCertificateMap` in
//! `k8s.io/apiserver/pkg/server/dynamiccertificates`.

use super::Pair;
use super::files::{TlsError, certificates, private_key};
use rustls::Error;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::Arc;
use x509_parser::extensions::GeneralName;

/// The certificates by name, and the one for all other names.
#[derive(Debug)]
pub(super) struct Chooser {
    default: Arc<CertifiedKey>,
    by_name: HashMap<String, Arc<CertifiedKey>>,
}

impl Chooser {
    pub(super) fn load(
        default: &Pair,
        by_name: &[Pair],
        provider: &CryptoProvider,
    ) -> Result<Self, TlsError> {
        let mut names = HashMap::new();
        let loaded = by_name
            .iter()
            .map(|pair| Ok((pair, load(pair, provider)?)))
            .collect::<Result<Vec<_>, TlsError>>()?;
        for (pair, key) in loaded.iter().filter(|(pair, _)| !pair.names.is_empty()) {
            for name in &pair.names {
                names.entry(name.to_ascii_lowercase()).or_insert_with(|| key.clone());
            }
        }
        for (_, key) in loaded.iter().filter(|(pair, _)| pair.names.is_empty()) {
            for name in names_in(key) {
                names.entry(name).or_insert_with(|| key.clone());
            }
        }
        Ok(Self { default: load(default, provider)?, by_name: names })
    }

    fn choose(&self, name: Option<&str>) -> &Arc<CertifiedKey> {
        let Some(name) = name.map(|name| name.trim_end_matches('.').to_ascii_lowercase()) else {
            return &self.default;
        };
        let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        self.by_name.get(&name).or_else(|| self.by_name.get(&wildcard?)).unwrap_or(&self.default)
    }
}

impl ResolvesServerCert for Chooser {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.choose(hello.server_name()).clone())
    }
}

fn load(pair: &Pair, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates(pair.flag, &pair.certificate)?;
    let key = private_key(pair.flag, &pair.key)?;
    CertifiedKey::from_der(chain, key, provider).map(Arc::new).map_err(|error| match error {
        Error::InconsistentKeys(_) => {
            let certificate = pair.certificate.display();
            TlsError::content(
                pair.flag,
                &pair.key,
                format!("the private key does not match the certificate in {certificate}"),
            )
        }
        other => TlsError::content(pair.flag, &pair.key, other),
    })
}

/// The DNS names in the leaf; its common name where it has no such names.
fn names_in(key: &CertifiedKey) -> Vec<String> {
    let Some(Ok((_, leaf))) = key.cert.first().map(|der| x509_parser::parse_x509_certificate(der))
    else {
        return Vec::new();
    };
    let alternative = leaf.subject_alternative_name().ok().flatten();
    let names: Vec<String> = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    if !names.is_empty() {
        return names;
    }
    let common = leaf.subject().iter_common_name().next();
    common.and_then(|name| name.as_str().ok()).map(str::to_ascii_lowercase).into_iter().collect()
}
