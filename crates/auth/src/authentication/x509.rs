//! Client certificates: our CA's word for who someone is.
//!
//! The handshake only proved that the client holds the key (see `runtime::tls`); whether the chain
//! leads to our CA, is in time and made for clients is decided here. Mirrors
//! `k8s.io/apiserver/pkg/authentication/request/x509`.

mod remembered;

use super::{Authenticated, Authenticator, Evidence, Rejected};
use crate::user::CREDENTIAL_ID_KEY;
use crate::{UserInfo, limits};
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use remembered::Remembered;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::{Oid, oid};

/// The part of a subject that holds the user's UID.
const UID_OID: Oid<'static> = oid!(1.3.6.1.4.1.57683.2);

/// The CAs whose word counts; they may be replaced while in use.
#[derive(Clone)]
pub struct ClientCas {
    current: Arc<RwLock<Arc<Current>>>,
}

/// The CAs of this moment, and whom they are known to have signed for.
struct Current {
    verifier: Arc<dyn ClientCertVerifier>,
    remembered: Remembered,
}

/// The CAs can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the CA certificates can't be used: {0}")]
pub struct BadCas(String);

impl ClientCas {
    /// These CAs, at least one.
    ///
    /// # Errors
    /// [`BadCas`] when one of them is no certificate, or there is none.
    pub fn new(cas: &[CertificateDer<'static>]) -> Result<Self, BadCas> {
        Ok(Self { current: Arc::new(RwLock::new(current(cas)?)) })
    }

    /// From now on these, for all clones.
    ///
    /// # Errors
    /// [`BadCas`]; those before stand.
    pub fn replace(&self, cas: &[CertificateDer<'static>]) -> Result<(), BadCas> {
        let new = current(cas)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// The leaf of a chain that these CAs signed for a client and that is in time.
    pub(super) fn verified<'a>(
        &self,
        chain: &'a [CertificateDer<'static>],
    ) -> Result<X509Certificate<'a>, Rejected> {
        let [leaf, intermediates @ ..] = chain else {
            return Err(Rejected::new("no certificate was shown"));
        };
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf)
            .map_err(|error| Rejected::new(format!("the certificate can't be read: {error}")))?;
        let failed = |why: String| {
            let serial = parsed.tbs_certificate.serial.to_string();
            Rejected::new(format!("verifying certificate SN={serial} failed: {why}"))
        };
        if chain.len() > limits::CHAIN_CERTIFICATES_MAX {
            return Err(failed("the chain is too long".to_owned()));
        }
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now_seconds().unsigned_abs()));
        let verified = self.current().verifier.verify_client_cert(leaf, intermediates, now);
        verified.map_err(|error| failed(error.to_string()))?;
        Ok(parsed)
    }

    fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn now_seconds() -> i64 {
    runtime::clock::now().as_second().max(0)
}

fn current(cas: &[CertificateDer<'static>]) -> Result<Arc<Current>, BadCas> {
    let mut roots = RootCertStore::empty();
    for ca in cas {
        roots.add(ca.clone()).map_err(|error| BadCas(error.to_string()))?;
    }
    let provider = Arc::new(default_provider());
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let verifier = built.map_err(|error| BadCas(error.to_string()))?;
    Ok(Arc::new(Current { verifier, remembered: Remembered::default() }))
}

impl std::fmt::Debug for ClientCas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCas")
    }
}

/// `--client-ca-file`: the common name is the user, the organisations are the groups.
#[derive(Clone, Debug)]
pub struct ClientCertificates {
    cas: ClientCas,
}

impl ClientCertificates {
    /// By the word of these CAs.
    pub fn new(cas: ClientCas) -> Self {
        Self { cas }
    }
}

#[async_trait]
impl Authenticator for ClientCertificates {
    async fn authenticate(
        &self,
        evidence: &Evidence<'_>,
    ) -> Result<Option<Authenticated>, Rejected> {
        let chain = evidence.certificates;
        let [leaf, ..] = chain else { return Ok(None) };
        // The CAs of before the check, so that nobody is remembered by the word of others.
        let current = self.cas.current();
        if let Some(user) = current.remembered.holder(chain, now_seconds()) {
            return Ok(user.map(Authenticated::new));
        }
        let parsed = self.cas.verified(chain)?;
        let user = user(leaf, &parsed)?;
        current.remembered.add(chain, user.clone());
        Ok(user.map(Authenticated::new))
    }
}

fn user(der: &[u8], certificate: &X509Certificate<'_>) -> Result<Option<UserInfo>, Rejected> {
    let name = common_name(certificate);
    if name.is_empty() {
        return Ok(None);
    }
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        value.as_str().unwrap_or_default().to_owned()
    };
    let groups = certificate.subject().iter_organization().map(text).collect();
    let uids: Vec<_> = certificate
        .subject()
        .iter_attributes()
        .filter(|attribute| *attribute.attr_type() == UID_OID)
        .map(|attribute| attribute.as_str())
        .collect();
    let uid = match uids.as_slice() {
        [] => String::new(),
        [Ok("")] => return Err(Rejected::new("UID cannot be an empty string")),
        [Ok(uid)] => (*uid).to_owned(),
        [Err(_)] => return Err(Rejected::new("unable to parse UID into a string")),
        _ => return Err(Rejected::new("expected 1 UID, but found multiple")),
    };
    let print: String =
        digest(&SHA256, der).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let extra = [(CREDENTIAL_ID_KEY.to_owned(), vec![format!("X509SHA256={print}")])];
    Ok(Some(UserInfo { name, uid, groups, extra: extra.into() }))
}

/// The last common name of the subject, as Go reads it; empty where there is none.
pub(super) fn common_name(certificate: &X509Certificate<'_>) -> String {
    let last = certificate.subject().iter_common_name().last();
    last.and_then(|name| name.as_str().ok()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
