//! The keys and certificates that both servers and the client use: one CA, P-256 throughout.

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair,
};
use std::path::{Path, PathBuf};

/// A folder with `ca.crt`, `apiserver.{crt,key}`, `admin.{crt,key}` and
/// `sa.{key,pub}`.
pub(super) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// New ones, in a folder that is made.
    pub(super) fn make(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let made = Self { folder: folder.to_owned() };
        let key = KeyPair::generate()?;
        let mut params = subject("bench-ca", "", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(made.file("ca.crt"), params.self_signed(&key)?.pem())?;
        let ca = Issuer::new(params, key);
        for (name, group, addresses) in
            [("apiserver", "", &["127.0.0.1"][..]), ("admin", "system:masters", &[])]
        {
            let key = KeyPair::generate()?;
            let mut params = subject(name, group, addresses)?;
            params.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let certificate = params.signed_by(&key, &ca)?.pem();
            std::fs::write(made.file(&format!("{name}.crt")), certificate)?;
            std::fs::write(made.file(&format!("{name}.key")), key.serialize_pem())?;
        }
        let signing = KeyPair::generate()?;
        std::fs::write(made.file("sa.key"), signing.serialize_pem())?;
        std::fs::write(made.file("sa.pub"), signing.public_key_pem())?;
        Ok(made)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn subject(name: &str, group: &str, addresses: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if !group.is_empty() {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    Ok(params)
}
