//! The keys and certificates of a control plane, made at its first start.
//!
//! All keys are P-256, since signing with them is what a handshake costs; private files are 0600.
//! What is there is kept, so that a second start serves with the same certificates.

use anyhow::{Context, Result};
use jiff::ToSpan;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How long the CA is good for, in days.
const CA_DAYS: i64 = 3650;
/// How long every other certificate is good for, in days.
const LEAF_DAYS: i64 = 365;
/// Clocks may differ by this much, in minutes.
const BACKDATE_MINUTES: i64 = 5;

/// The files of a control plane's PKI.
#[derive(Clone, Debug)]
pub(crate) struct Pki {
    directory: PathBuf,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

impl Pki {
    /// The PKI in a directory; what is missing is made. The serving certificate is for these
    /// names and addresses.
    pub(crate) fn ensure(directory: &Path, names: &[String], addresses: &[IpAddr]) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let pki = Self { directory: directory.to_owned() };
        if !pki.file("ca.crt").exists() {
            pki.make_ca()?;
        }
        let mut all = names.to_vec();
        all.extend(addresses.iter().map(ToString::to_string));
        pki.ensure_leaf("apiserver", "kube-apiserver", "", &all)?;
        pki.ensure_leaf("admin", "kubernetes-admin", "system:masters", &[])?;
        if !pki.file("sa.key").exists() {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            // Upstream's server checks tokens by a public key only where keys are P-256.
            write(&pki.file("sa.pub"), &key.public_key_pem())?;
            write_private(&pki.file("sa.key"), &key.serialize_pem())?;
        }
        Ok(pki)
    }

    /// A file of it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The CA's certificate, as PEM.
    pub(crate) fn ca_pem(&self) -> Result<String> {
        self.read("ca.crt")
    }

    /// A certificate and its key.
    pub(crate) fn leaf(&self, name: &str) -> Result<Leaf> {
        Ok(Leaf {
            certificate_pem: self.read(&format!("{name}.crt"))?,
            key_pem: self.read(&format!("{name}.key"))?,
        })
    }

    fn read(&self, name: &str) -> Result<String> {
        let file = self.file(name);
        fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))
    }

    fn make_ca(&self) -> Result<()> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("orlop-ca", "", CA_DAYS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        let certificate = params.self_signed(&key)?;
        write_private(&self.file("ca.key"), &key.serialize_pem())?;
        write(&self.file("ca.crt"), &certificate.pem())
    }

    fn ensure_leaf(&self, file: &str, name: &str, group: &str, names: &[String]) -> Result<()> {
        let certificate_file = self.file(&format!("{file}.crt"));
        if certificate_file.exists() {
            return Ok(());
        }
        let ca_key = KeyPair::from_pem(&self.read("ca.key")?)?;
        let ca = CertificateDer::from_pem_slice(self.ca_pem()?.as_bytes())?;
        let issuer = Issuer::from_ca_cert_der(&ca, ca_key)?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(name, group, LEAF_DAYS)?;
        for name in names {
            params.subject_alt_names.push(match name.parse() {
                Ok(address) => rcgen::SanType::IpAddress(address),
                Err(_) => rcgen::SanType::DnsName(name.as_str().try_into()?),
            });
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = if names.is_empty() {
            vec![ExtendedKeyUsagePurpose::ClientAuth]
        } else {
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
        };
        let certificate = params.signed_by(&key, &issuer)?;
        write_private(&self.file(&format!("{file}.key")), &key.serialize_pem())?;
        write(&certificate_file, &certificate.pem())
    }
}

fn params(name: &str, group: &str, days: i64) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if !group.is_empty() {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    let now = runtime::clock::now();
    params.not_before = date(now - BACKDATE_MINUTES.minutes())?;
    params.not_after = date(now + (days * 24).hours())?;
    Ok(params)
}

/// To the type that certificates take.
fn date(time: jiff::Timestamp) -> Result<time::OffsetDateTime> {
    Ok(time::OffsetDateTime::from_unix_timestamp(time.as_second())?)
}

/// Writes a file that everybody may read.
fn write(file: &Path, text: &str) -> Result<()> {
    write_mode(file, text, 0o644)
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<()> {
    write_mode(file, text, 0o600)
}

/// Writes beside the file and renames, so that no start ever finds half of one.
fn write_mode(file: &Path, text: &str, mode: u32) -> Result<()> {
    let beside = file.with_extension("new");
    let context = || format!("{} can't be written", file.display());
    if let Err(error) = fs::remove_file(&beside)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).with_context(context);
    }
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)
        .with_context(context)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).with_context(context)?;
    fs::rename(&beside, file).with_context(context)
}
