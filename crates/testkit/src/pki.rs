//! A tiny CA, with files named as the hard way names them: `ca.pem`, `admin.pem`, `admin-key.pem`.

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SanType,
};
use std::path::{Path, PathBuf};

/// A CA and the folder that it writes to.
#[derive(Debug)]
pub struct Pki {
    folder: PathBuf,
    ca: CertificateParams,
    key: KeyPair,
}

impl Pki {
    /// A new CA, `ca.pem` and `ca-key.pem` in `folder`.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub fn new(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut ca = params("Kubernetes", &["Kubernetes"]);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        std::fs::write(folder.join("ca.pem"), ca.self_signed(&key)?.pem())?;
        std::fs::write(folder.join("ca-key.pem"), key.serialize_pem())?;
        Ok(Self { folder: folder.to_owned(), ca, key })
    }

    /// Writes `<file>.pem` and `<file>-key.pem` for a name, its groups, and hosts or addresses.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub fn issue(&self, file: &str, name: &str, groups: &[&str], hosts: &[&str]) -> Result<()> {
        let mut params = params(name, groups);
        for host in hosts {
            params.subject_alt_names.push(match host.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*host).try_into()?),
            });
        }
        self.sign(file, &params)
    }

    /// The same for nobody's server, out of date since long.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub fn issue_expired(&self, file: &str, name: &str, groups: &[&str]) -> Result<()> {
        let mut params = params(name, groups);
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        self.sign(file, &params)
    }

    fn sign(&self, file: &str, params: &CertificateParams) -> Result<()> {
        let key = KeyPair::generate()?;
        let issuer = Issuer::from_params(&self.ca, &self.key);
        let certificate = params.signed_by(&key, &issuer)?;
        std::fs::write(self.file(&format!("{file}.pem")), certificate.pem())?;
        std::fs::write(self.file(&format!("{file}-key.pem")), key.serialize_pem())?;
        Ok(())
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn params(name: &str, groups: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for group in groups {
        params.distinguished_name.push(DnType::OrganizationName, *group);
    }
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
