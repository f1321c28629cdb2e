//! Whether a certificate that was found is one that would be made now. Pure: text in, what is
//! wrong with it out.

use crate::authority::Subject;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::net::IpAddr;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};

/// What is wrong, each as the end of a sentence that begins with the file's name. `now` is in
/// seconds since 1970.
///
/// # Errors
/// Where either text is no certificate.
pub(super) fn faults(
    text: &str,
    wanted: &Subject,
    ca: &str,
    now: i64,
) -> Result<Vec<String>, String> {
    let (der, ca_der) = (der(text)?, der(ca)?);
    let (certificate, authority) = (parse(&der)?, parse(&ca_der)?);
    let mut faults = vec![];
    if certificate.validity().not_after.timestamp() <= now {
        faults.push(format!("has ended, at {}", certificate.validity().not_after));
    }
    let names: Vec<&str> =
        certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()).collect();
    if names != [wanted.name.as_str()] {
        faults.push(format!("is for {names:?}, not for {:?}", wanted.name));
    }
    let hosts = hosts(&certificate);
    for host in &wanted.hosts {
        if !hosts.contains(host) {
            faults.push(format!("does not name {host}"));
        }
    }
    if certificate.issuer() != authority.subject() || !signed_by(&certificate, &authority) {
        faults.push("is signed by another CA".to_owned());
    }
    Ok(faults)
}

fn der(text: &str) -> Result<CertificateDer<'static>, String> {
    CertificateDer::from_pem_slice(text.as_bytes()).map_err(|why| format!("no certificate: {why}"))
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, String> {
    let parsed = x509_parser::parse_x509_certificate(der);
    Ok(parsed.map_err(|why| format!("no certificate: {why}"))?.1)
}

/// The names and addresses that it may serve under.
fn hosts(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return vec![] };
    let host = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(host).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// By the names of keys, where both have one: two CAs may be called the same.
fn signed_by(certificate: &X509Certificate<'_>, authority: &X509Certificate<'_>) -> bool {
    let theirs =
        certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(key) => key.key_identifier.as_ref(),
            _ => None,
        });
    let ours =
        authority.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => Some(key),
            _ => None,
        });
    theirs.is_none() || ours.is_none() || theirs == ours
}
