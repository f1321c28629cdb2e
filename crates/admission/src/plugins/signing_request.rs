//! Whose name a certificate signing request asks for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use object::Value;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

/// The subject of a request.
pub(super) struct Subject {
    /// Its common name.
    pub(super) common_name: String,
    /// Its organizations: the groups of a user.
    pub(super) organizations: Vec<String>,
}

impl Subject {
    /// Of `spec.request`: PEM in base64.
    pub(super) fn of_request(request: &Value) -> Result<Self, String> {
        const WRONG: &str = "PEM block type must be CERTIFICATE REQUEST";
        let pem = STANDARD.decode(request.as_str().unwrap_or_default());
        let pem = pem.map_err(|_| WRONG.to_owned())?;
        let (_, block) = parse_x509_pem(&pem).map_err(|_| WRONG.to_owned())?;
        if block.label != "CERTIFICATE REQUEST" {
            return Err(WRONG.to_owned());
        }
        let (_, parsed) = X509CertificationRequest::from_der(&block.contents)
            .map_err(|error| error.to_string())?;
        let subject = &parsed.certification_request_info.subject;
        let texts = |all: Vec<Option<&str>>| -> Vec<String> {
            all.into_iter().flatten().map(str::to_owned).collect()
        };
        let names = texts(subject.iter_common_name().map(|n| n.as_str().ok()).collect());
        let organizations = texts(subject.iter_organization().map(|o| o.as_str().ok()).collect());
        Ok(Self { common_name: names.last().cloned().unwrap_or_default(), organizations })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use object::json;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    pub(in crate::plugins) fn request(name: &str, organizations: &[&str]) -> Value {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        for organization in organizations {
            params.distinguished_name.push(DnType::OrganizationName, *organization);
        }
        let key = KeyPair::generate().expect("a key");
        let csr = params.serialize_request(&key).expect("a request");
        json!(STANDARD.encode(csr.pem().expect("PEM")))
    }

    #[test]
    fn the_subject_is_read() {
        let subject =
            Subject::of_request(&request("system:node:n", &["system:nodes"])).expect("a subject");
        assert_eq!(subject.common_name, "system:node:n");
        assert_eq!(subject.organizations, ["system:nodes"]);
        assert!(Subject::of_request(&json!("AAAA")).is_err());
    }
}
