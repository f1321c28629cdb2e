//! Chains that were found good a moment ago.
//!
//! Checking signatures takes longer than all the rest of a small request, and a client shows the
//! same certificate with each. What is remembered is only that the signatures and times are good,
//! until the first certificate of the chain ends or the CAs are replaced.

use crate::limits::REMEMBERED_CHAINS_MAX;
use aws_lc_rs::digest::{Context, SHA256};
use rustls_pki_types::CertificateDer;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use x509_parser::certificate::X509Certificate;

/// SHA-256 over a whole chain.
type Digest = [u8; 32];

/// Chains, and the second since 1970 in which each ends.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<Digest, i64>>);

impl Remembered {
    /// Whether a chain was good and still is.
    pub(super) fn knows(&self, chain: &[CertificateDer<'_>], now_seconds: i64) -> bool {
        let digest = digest(chain);
        self.chains().get(&digest).is_some_and(|end| now_seconds <= *end)
    }

    /// A chain is good. One whose times can't be read is not remembered.
    pub(super) fn add(&self, chain: &[CertificateDer<'_>], leaf: &X509Certificate<'_>) {
        let mut end = leaf.validity().not_after.timestamp();
        for intermediate in chain.iter().skip(1) {
            match x509_parser::parse_x509_certificate(intermediate) {
                Ok((_, parsed)) => end = end.min(parsed.validity().not_after.timestamp()),
                Err(_) => return,
            }
        }
        let digest = digest(chain);
        let mut chains = self.chains();
        if chains.len() >= REMEMBERED_CHAINS_MAX {
            // More people than room: they are all checked anew, which is only slower.
            chains.clear();
        }
        chains.insert(digest, end);
    }

    fn chains(&self) -> MutexGuard<'_, HashMap<Digest, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(chain: &[CertificateDer<'_>]) -> Digest {
    let mut context = Context::new(&SHA256);
    for certificate in chain {
        // With their lengths, so that no two chains are the same bytes.
        context.update(&(certificate.len() as u64).to_le_bytes());
        context.update(certificate);
    }
    let mut out = Digest::default();
    out.copy_from_slice(context.finish().as_ref());
    out
}
