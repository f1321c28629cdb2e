//! A certificate authority in files, and the certificates that it signs.
//!
//! New keys are P-256, since signing with them is what a handshake costs; a key that is there is
//! taken, of whatever kind it is. A certificate that is there stays, so that a second start serves
//! with the same one.

use crate::files;
use anyhow::{Context, Result, bail};
use jiff::ToSpan;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SanType,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

/// How long a CA is good for, in days.
pub(crate) const CA_DAYS: u32 = 3650;
/// How long every other certificate is good for, in days.
pub(crate) const LEAF_DAYS: u32 = 365;
/// Clocks may differ by this much, in minutes.
const BACKDATE_MINUTES: i64 = 5;

/// Where a certificate and its key lie, both as PEM.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pair {
    /// Whether the key is the certificate's. Both files are there.
    pub(crate) fn belongs_together(&self) -> Result<bool> {
        let certificate =
            CertificateDer::from_pem_slice(files::read(&self.certificate)?.as_bytes())
                .with_context(|| format!("{} holds no certificate", self.certificate.display()))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate)
            .with_context(|| format!("{} holds no certificate", self.certificate.display()))?;
        Ok(parsed.public_key().raw == read_key(&self.key)?.subject_public_key_info())
    }
}

/// Whom a certificate is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    /// The common name: to Kubernetes, the user.
    pub(crate) name: String,
    /// The organization: to Kubernetes, the group; none where empty.
    pub(crate) group: String,
    /// Names and addresses that it may serve under; a client has none.
    pub(crate) hosts: Vec<String>,
}

/// Whether a file was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is new.
    Made,
    /// It stays as it was found.
    Kept,
}

/// A CA.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pair: Pair,
}

impl Authority {
    /// The CA in these files, which is made where there is none.
    pub(crate) fn ensure(pair: Pair, name: &str, days: u32) -> Result<(Self, Outcome)> {
        if pair.certificate.exists() {
            // Without its key it can't sign, but perhaps there is nothing to sign.
            if pair.key.exists() && !pair.belongs_together()? {
                bail!(
                    "{} does not hold the key of {}: bring the one that does",
                    pair.key.display(),
                    pair.certificate.display()
                );
            }
            return Ok((Self { pair }, Outcome::Kept));
        }
        let key = ensure_key(&pair.key)?;
        let subject = Subject { name: name.to_owned(), ..Subject::default() };
        let mut params = params(&subject, days)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        files::write(&pair.certificate, &params.self_signed(&key)?.pem())?;
        Ok((Self { pair }, Outcome::Made))
    }

    /// Its certificate, as PEM.
    pub(crate) fn certificate_pem(&self) -> Result<String> {
        files::read(&self.pair.certificate)
    }

    /// The certificate in these files, which is made where there is none.
    pub(crate) fn ensure_leaf(&self, pair: &Pair, subject: &Subject, days: u32) -> Result<Outcome> {
        if pair.certificate.exists() {
            return Ok(Outcome::Kept);
        }
        let authority_key = read_key(&self.pair.key)?;
        let issuer = Issuer::from_ca_cert_pem(&self.certificate_pem()?, authority_key)
            .with_context(|| self.pair.certificate.display().to_string())?;
        let key = ensure_key(&pair.key)?;
        let mut params = params(subject, days)?;
        for host in &subject.hosts {
            params.subject_alt_names.push(match host.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(host.as_str().try_into().context(host.clone())?),
            });
        }
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = if subject.hosts.is_empty() {
            vec![ExtendedKeyUsagePurpose::ClientAuth]
        } else {
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
        };
        files::write(&pair.certificate, &params.signed_by(&key, &issuer)?.pem())?;
        Ok(Outcome::Made)
    }
}

/// The key in a file, which is made where there is none.
pub(crate) fn ensure_key(file: &Path) -> Result<KeyPair> {
    if file.exists() {
        return read_key(file);
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    files::write(file, &key.serialize_pem())?;
    Ok(key)
}

fn read_key(file: &Path) -> Result<KeyPair> {
    KeyPair::from_pem(&files::read(file)?)
        .with_context(|| format!("{} holds no key that can sign", file.display()))
}

fn params(subject: &Subject, days: u32) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if !subject.group.is_empty() {
        params.distinguished_name.push(DnType::OrganizationName, &subject.group);
    }
    params.distinguished_name.push(DnType::CommonName, &subject.name);
    let now = runtime::clock::now();
    params.not_before = date(now - BACKDATE_MINUTES.minutes())?;
    params.not_after = date(now + (i64::from(days) * 24).hours())?;
    Ok(params)
}

/// To the type that certificates take.
fn date(time: jiff::Timestamp) -> Result<time::OffsetDateTime> {
    Ok(time::OffsetDateTime::from_unix_timestamp(time.as_second())?)
}
