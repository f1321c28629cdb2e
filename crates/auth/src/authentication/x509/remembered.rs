//! Chains that were found good a moment ago.
//!
//! Checking signatures takes longer than all the rest of a small request, and a client shows the
//! same certificate with each. What is remembered is whom a chain names, and that its signatures
//! and times are good, until its first certificate ends or the CAs are replaced.

use crate::UserInfo;
use crate::limits::REMEMBERED_CHAINS_MAX;
use aws_lc_rs::digest::{Context, SHA256};
use rustls_pki_types::CertificateDer;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// SHA-256 over a whole chain.
type Digest = [u8; 32];

/// The chains.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<Digest, Holder>>);

/// Who holds the key of a good chain.
#[derive(Clone, Debug)]
struct Holder {
    /// None where the certificate has no common name.
    user: Option<UserInfo>,
    /// The last second since 1970 in which the chain is good.
    end_seconds: i64,
}

impl Remembered {
    /// Whom a chain names that was good and still is.
    pub(super) fn holder(
        &self,
        chain: &[CertificateDer<'_>],
        now_seconds: i64,
    ) -> Option<Option<UserInfo>> {
        let digest = digest(chain);
        let chains = self.chains();
        let holder = chains.get(&digest).filter(|holder| now_seconds <= holder.end_seconds)?;
        Some(holder.user.clone())
    }

    /// A chain is good. One whose times can't be read is not remembered.
    pub(super) fn add(&self, chain: &[CertificateDer<'_>], user: Option<UserInfo>) {
        let ends = chain.iter().map(|certificate| {
            let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
            Some(parsed.validity().not_after.timestamp())
        });
        let Some(Some(end_seconds)) = ends.min() else { return };
        let digest = digest(chain);
        let mut chains = self.chains();
        if chains.len() >= REMEMBERED_CHAINS_MAX {
            // More people than room: they are all checked anew, which is only slower.
            chains.clear();
        }
        chains.insert(digest, Holder { user, end_seconds });
    }

    fn chains(&self) -> MutexGuard<'_, HashMap<Digest, Holder>> {
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
