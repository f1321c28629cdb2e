//! PEM files to certificates and keys, with errors that name the flag and the file.

use rustls::DistinguishedName;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Why TLS files can't be used. Never holds what is in a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The file can't be opened or read.
    #[error("{flag}: open {file}: {why}")]
    Read {
        /// The flag that named the file.
        flag: String,
        /// The file.
        file: String,
        /// The system's words.
        why: String,
    },
    /// The file holds no such thing, or it can't be parsed.
    #[error("{flag}: {file}: {why}")]
    Content {
        /// The flag that named the file.
        flag: String,
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The versions and suites asked for leave nothing to speak.
    #[error("the TLS settings can't be used: {why}")]
    Unusable {
        /// The library's words.
        why: String,
    },
}

impl TlsError {
    pub(super) fn content(flag: &str, file: &Path, why: impl ToString) -> Self {
        Self::Content {
            flag: flag.to_owned(),
            file: file.display().to_string(),
            why: why.to_string(),
        }
    }
}

fn read(flag: &str, file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::Read {
        flag: flag.to_owned(),
        file: file.display().to_string(),
        why: error.to_string(),
    })
}

/// Every certificate in a PEM file, in order; at least one.
///
/// # Errors
/// [`TlsError`] naming `flag` and `file`.
pub fn certificates(flag: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(flag, file)?;
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, pem::Error>>()
        .map_err(|error| TlsError::content(flag, file, error))?;
    if found.is_empty() {
        return Err(TlsError::content(flag, file, "data does not contain any valid certificates"));
    }
    Ok(found)
}

/// The first private key in a PEM file.
///
/// # Errors
/// [`TlsError`] naming `flag` and `file`.
pub fn private_key(flag: &str, file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = read(flag, file)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            TlsError::content(flag, file, "data does not contain a private key")
        }
        other => TlsError::content(flag, file, other),
    })
}

/// The subjects of a CA bundle.
pub(super) fn subjects(flag: &str, file: &Path) -> Result<Vec<DistinguishedName>, TlsError> {
    certificates(flag, file)?
        .iter()
        .map(|certificate| match x509_parser::parse_x509_certificate(certificate) {
            Ok((_, parsed)) => Ok(DistinguishedName::from(parsed.subject().as_raw().to_vec())),
            Err(error) => Err(TlsError::content(flag, file, error)),
        })
        .collect()
}

/// What changes when a file does.
pub(super) type Stamp = Option<(SystemTime, u64, PathBuf)>;

/// The file's stamp; `None` while there is no file. Links are followed and the target is part of
/// it, since mounted secrets are swapped by a link.
pub(super) fn stamp(file: &Path) -> Stamp {
    let target = file.canonicalize().ok()?;
    let metadata = target.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len(), target))
}
