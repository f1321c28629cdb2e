//! What a certificate signing request asks for, read from its PKCS #10 and its spec: pure.
//!
//! Mirrors `pkg/apis/certificates/helpers.go` of `k8s.io/kubernetes`.

pub(super) use crate::signers::{API_CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY_UNKNOWN};
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition,
};
use std::collections::BTreeSet;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

/// What matters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) common_name: String,
    pub(super) organizations: Vec<String>,
    dns_names: usize,
    ip_addresses: usize,
    email_addresses: usize,
    uris: usize,
    /// Whether an attribute of the subject stands there more than once.
    pub(super) repeats: bool,
}

impl Asked {
    /// Reads the PEM of a request.
    pub(super) fn read(pem: &[u8]) -> Result<Self, String> {
        let (_, block) =
            x509_parser::pem::parse_x509_pem(pem).map_err(|error| error.to_string())?;
        if block.label != "CERTIFICATE REQUEST" {
            return Err("PEM block type must be CERTIFICATE REQUEST".into());
        }
        let (_, request) = X509CertificationRequest::from_der(&block.contents)
            .map_err(|error| error.to_string())?;
        let subject = &request.certification_request_info.subject;
        let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            value.as_str().unwrap_or_default().to_owned()
        };
        let mut asked = Self {
            common_name: subject.iter_common_name().next().map(text).unwrap_or_default(),
            organizations: subject.iter_organization().map(text).collect(),
            ..Self::default()
        };
        let mut seen = BTreeSet::new();
        for attribute in subject.iter_attributes() {
            asked.repeats |= !seen.insert(attribute.attr_type().to_id_string());
        }
        for extension in request.requested_extensions().into_iter().flatten() {
            if let ParsedExtension::SubjectAlternativeName(names) = extension {
                for name in &names.general_names {
                    match name {
                        GeneralName::DNSName(_) => asked.dns_names += 1,
                        GeneralName::IPAddress(_) => asked.ip_addresses += 1,
                        GeneralName::RFC822Name(_) => asked.email_addresses += 1,
                        GeneralName::URI(_) => asked.uris += 1,
                        _ => {}
                    }
                }
            }
        }
        Ok(asked)
    }

    /// Whether it is for a kubelet to speak to the API server.
    pub(super) fn check_kubelet_client(&self, usages: &BTreeSet<&str>) -> Result<(), String> {
        self.check_node_subject()?;
        let refused = [
            (self.dns_names, "DNS subjectAltNames are not allowed"),
            (self.email_addresses, "Email subjectAltNames are not allowed"),
            (self.ip_addresses, "IP subjectAltNames are not allowed"),
            (self.uris, "URI subjectAltNames are not allowed"),
        ];
        if let Some((_, why)) = refused.iter().find(|(count, _)| *count > 0) {
            return Err((*why).to_owned());
        }
        self.check_node_name()?;
        check_usages(usages, "client auth")
    }

    /// Whether it is for a kubelet to be spoken to.
    pub(super) fn check_kubelet_serving(&self, usages: &BTreeSet<&str>) -> Result<(), String> {
        self.check_node_subject()?;
        if self.dns_names == 0 && self.ip_addresses == 0 {
            return Err("DNS or IP subjectAltName is required".into());
        }
        if self.email_addresses > 0 {
            return Err("Email subjectAltNames are not allowed".into());
        }
        if self.uris > 0 {
            return Err("URI subjectAltNames are not allowed".into());
        }
        check_usages(usages, "server auth")?;
        self.check_node_name()
    }

    fn check_node_subject(&self) -> Result<(), String> {
        if self.organizations != ["system:nodes"] {
            return Err("subject organization is not system:nodes".into());
        }
        Ok(())
    }

    fn check_node_name(&self) -> Result<(), String> {
        if !self.common_name.starts_with("system:node:") {
            return Err("subject common name does not begin with system:node: ".into());
        }
        Ok(())
    }
}

fn check_usages(usages: &BTreeSet<&str>, purpose: &'static str) -> Result<(), String> {
    let without_rsa = BTreeSet::from(["digital signature", purpose]);
    let mut with_rsa = without_rsa.clone();
    with_rsa.insert("key encipherment");
    if *usages == with_rsa || *usages == without_rsa {
        return Ok(());
    }
    let names: Vec<&str> = with_rsa.into_iter().collect();
    Err(format!("usages did not match [{}]", names.join(" ")))
}

/// Whether any API client may have it.
pub(super) fn check_api_client(usages: &BTreeSet<&str>) -> Result<(), String> {
    let allowed = ["client auth", "digital signature", "key encipherment"];
    if let Some(other) = usages.iter().find(|usage| !allowed.contains(usage)) {
        return Err(format!("invalid usage for client certificate: {other}"));
    }
    if !usages.contains("client auth") {
        return Err("missing required usage for client certificate: client auth".into());
    }
    Ok(())
}

/// The usages in the request's spec.
pub(super) fn usages(request: &CertificateSigningRequest) -> BTreeSet<&str> {
    request.spec.usages.iter().flatten().map(String::as_str).collect()
}

/// Whether a condition of this type holds.
pub(super) fn has(request: &CertificateSigningRequest, kind: &str) -> bool {
    conditions(request).any(|one| one.type_ == kind && one.status != "False")
}

/// Its conditions.
pub(super) fn conditions(
    request: &CertificateSigningRequest,
) -> impl Iterator<Item = &CertificateSigningRequestCondition> {
    request.status.iter().flat_map(|status| status.conditions.iter().flatten())
}

/// Whether it has its certificate.
pub(super) fn is_issued(request: &CertificateSigningRequest) -> bool {
    let status = request.status.as_ref();
    status.and_then(|status| status.certificate.as_ref()).is_some_and(|pem| !pem.0.is_empty())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    pub(in super::super) fn request(name: &str, group: &str, dns: &[&str]) -> String {
        let dns: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(dns).expect("names");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, group);
        let key = KeyPair::generate().expect("a key");
        params.serialize_request(&key).expect("a request").pem().expect("PEM")
    }

    #[test]
    fn a_kubelets_requests_are_told_from_others() {
        let read = |name, group, dns: &[&str]| {
            Asked::read(request(name, group, dns).as_bytes()).expect("read")
        };
        let client = BTreeSet::from(["digital signature", "client auth"]);
        let serving = BTreeSet::from(["digital signature", "key encipherment", "server auth"]);
        let own = read("system:node:n1", "system:nodes", &[]);
        assert_eq!(own.check_kubelet_client(&client), Ok(()));
        assert!(own.check_kubelet_client(&serving).is_err());
        assert!(own.check_kubelet_serving(&serving).is_err(), "no address");
        let named = read("system:node:n1", "system:nodes", &["n1"]);
        assert_eq!(named.check_kubelet_serving(&serving), Ok(()));
        assert!(named.check_kubelet_client(&client).is_err(), "a client has no address");
        assert!(read("admin", "system:nodes", &[]).check_kubelet_client(&client).is_err());
        assert!(read("system:node:n1", "masters", &[]).check_kubelet_client(&client).is_err());
        assert!(Asked::read(b"nonsense").is_err());
    }
}
