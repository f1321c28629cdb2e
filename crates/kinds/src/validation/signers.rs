//! The names of signers of certificates. Mirrors `pkg/apis/core/validation/names.go`.

use super::At;
use object::{FieldErrors, names};

const DOMAIN_BYTES: usize = 253;
const PATH_BYTES: usize = 253 + 63 + 1;

/// Whether a signer is one of Kubernetes' own.
pub(crate) fn is_kubernetes(name: &str) -> bool {
    let host = name.split('/').next().unwrap_or_default();
    host == "kubernetes.io" || host.ends_with(".kubernetes.io")
}

/// `example.com/signer-name`.
pub(crate) fn signer_name(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    let segments: Vec<&str> = at.text().split('/').collect();
    let [domain, path] = segments.as_slice() else {
        at.invalid(
            errors,
            "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        );
        return;
    };
    if domain.len() > DOMAIN_BYTES {
        at.too_long(errors, DOMAIN_BYTES);
    }
    parts(at, domain, names::dns1123_label, errors);
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        at.invalid_as(errors, *domain, detail);
    }
    parts(at, path, names::dns1123_subdomain, errors);
    if at.len() > DOMAIN_BYTES + PATH_BYTES + 1 {
        at.too_long(errors, DOMAIN_BYTES + PATH_BYTES + 1);
    }
}

/// Complains about the first bad part between dots.
fn parts(at: &At<'_>, text: &str, rule: fn(&str) -> Vec<String>, errors: &mut FieldErrors) {
    let bad = text.split('.').map(|part| (part, rule(part))).find(|(_, c)| !c.is_empty());
    for complaint in bad.iter().flat_map(|(_, complaints)| complaints) {
        let part = bad.as_ref().map_or("", |(part, _)| part);
        at.invalid_as(errors, text, format!("validating label {part:?}: {complaint}"));
    }
}

/// The name of a `ClusterTrustBundle`, which begins with its signer's, if it has one.
pub(crate) fn trust_bundle_name(name: &str, signer: &str) -> Vec<String> {
    if signer.is_empty() {
        if name.contains(':') {
            return vec![
                "ClusterTrustBundle without signer name must not have \":\" in its name".into(),
            ];
        }
        return names::dns1123_subdomain(name);
    }
    let prefix = format!("{}:", signer.replace('/', ":"));
    match name.strip_prefix(&prefix) {
        Some(rest) => names::dns1123_subdomain(rest),
        None => vec![format!(
            "ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}"
        )],
    }
}
