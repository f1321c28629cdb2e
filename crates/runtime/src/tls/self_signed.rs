//! A certificate of our own making, for a server that was given none: `--cert-dir`.
//!
//! Mirrors `MaybeDefaultWithSelfSignedCerts` of `k8s.io/apiserver/pkg/server/options`: a pair of
//! files that is there is used, else one is made, good for a year, with its CA behind it.

use super::{Pair, TlsError};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The pair `<name>.crt` and `<name>.key` in `folder`, made when neither is there. `names` are DNS
/// names and IP addresses, the first of them the server's own.
///
/// # Errors
/// [`TlsError`] when one of the two files is missing, or they can't be made or written.
pub fn self_signed(folder: &Path, name: &str, names: &[String]) -> Result<Pair, TlsError> {
    let flag = "--cert-dir";
    let pair = Pair {
        flag,
        certificate: folder.join(format!("{name}.crt")),
        key: folder.join(format!("{name}.key")),
        names: Vec::new(),
    };
    match (pair.certificate.exists(), pair.key.exists()) {
        (true, true) => return Ok(pair),
        (true, false) => return Err(TlsError::content(flag, &pair.key, "the key is missing")),
        (false, true) => {
            return Err(TlsError::content(flag, &pair.certificate, "the certificate is missing"));
        }
        (false, false) => {}
    }
    let (certificate, key) =
        make(names).map_err(|error| TlsError::Unusable { why: error.to_string() })?;
    let refused = |error: std::io::Error| TlsError::content(flag, folder, error);
    std::fs::create_dir_all(folder).map_err(refused)?;
    write(&pair.key, &key, 0o600).map_err(refused)?;
    write(&pair.certificate, &certificate, 0o644).map_err(refused)?;
    Ok(pair)
}

fn make(names: &[String]) -> Result<(String, String), rcgen::Error> {
    let now = crate::clock::now();
    let host = names.first().map_or("localhost", String::as_str);
    let today = now.to_zoned(TimeZone::UTC).date();
    let days = (today.saturating_sub(1.day()), today.saturating_add(1.year()));

    let mut ca = CertificateParams::new(Vec::new())?;
    in_time(&mut ca, days);
    ca.distinguished_name = common_name(&format!("{host}-ca@{}", now.as_second()));
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::KeyCertSign,
    ];
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;

    let mut leaf = CertificateParams::new(names.to_vec())?;
    in_time(&mut leaf, days);
    leaf.distinguished_name = common_name(&format!("{host}@{}", now.as_second()));
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let leaf = leaf.signed_by(&key, &Issuer::from_params(&ca, &ca_key))?;
    Ok((format!("{}{}", leaf.pem(), ca_certificate.pem()), key.serialize_pem()))
}

fn in_time(params: &mut CertificateParams, (from, to): (Date, Date)) {
    let day = |date: Date| {
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(from);
    params.not_after = day(to);
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn write(file: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(mode).open(file)?.write_all(text.as_bytes())
}
