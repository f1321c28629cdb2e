//! Volumes put together of secrets, config maps, tokens and certificates. Mirrors
//! `pkg/apis/core/validation`.

use super::{At, PodOptions, downward_api, labels, paths, signers, volume_sources};
use object::{FieldErrors, names};
use std::collections::BTreeSet;

const CONFLICT: &str = "conflicting duplicate paths";
const KEY_TYPES: &[&str] =
    &["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
const CERTIFICATE_MIN_SECONDS: i64 = 3600;
const CERTIFICATE_MAX_SECONDS: i64 = 91 * 24 * 3600;
const KUBERNETES_CERTIFICATE_MAX_SECONDS: i64 = 24 * 3600;

/// `projected`.
pub(crate) fn projected(at: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    paths::mode(&at.get("defaultMode"), errors);
    let mut taken = BTreeSet::new();
    for source in at.get("sources").items() {
        let mut found = 0;
        for field in ["secret", "configMap"] {
            let from = source.get(field);
            if from.is_set() {
                found += 1;
                keys(&from, at, &mut taken, errors);
            }
        }
        let downward = source.get("downwardAPI");
        if downward.is_set() {
            found += 1;
            for file in downward.get("items").items() {
                downward_api::file(&file, &downward, errors);
                let path = file.get("path").text();
                take(at, path, path, &mut taken, errors);
            }
        }
        let token = source.get("serviceAccountToken");
        if token.is_set() {
            found += 1;
            service_account_token(&token, at, options, errors);
        }
        let bundle = source.get("clusterTrustBundle");
        if bundle.is_set() {
            found += 1;
            trust_bundle(&bundle, errors);
            let path = bundle.get("path").text();
            if !taken.insert(path) {
                at.invalid_as(errors, path, CONFLICT);
            }
        }
        let certificate = source.get("podCertificate");
        if certificate.is_set() {
            found += 1;
            pod_certificate(&certificate, errors);
            let files = ["credentialBundlePath", "keyPath", "certificateChainPath"];
            let files: Vec<At<'_>> =
                files.iter().map(|f| certificate.get(f)).filter(|f| !f.is_empty()).collect();
            for file in &files {
                paths::local(file, errors);
                take(at, file.text(), file.text(), &mut taken, errors);
            }
            if files.is_empty() {
                certificate.required(
                    errors,
                    "specify at least one of credentialBundlePath, keyPath, and \
                     certificateChainPath",
                );
            }
        }
        if found > 1 {
            source.forbidden(errors, "may not specify more than 1 volume type per source");
        }
    }
}

fn keys<'a>(from: &At<'a>, at: &At<'_>, taken: &mut BTreeSet<&'a str>, errors: &mut FieldErrors) {
    from.get("name").require(errors);
    for item in from.get("items").items() {
        volume_sources::key_to_path(&item, errors);
        take(at, item.get("path").text(), from.get("name").text(), taken, errors);
    }
}

fn take<'a>(
    at: &At<'_>,
    path: &'a str,
    shown: &str,
    taken: &mut BTreeSet<&'a str>,
    errors: &mut FieldErrors,
) {
    if !path.is_empty() && !taken.insert(path) {
        at.invalid_as(errors, shown, CONFLICT);
    }
}

fn service_account_token(
    token: &At<'_>,
    at: &At<'_>,
    options: &PodOptions,
    errors: &mut FieldErrors,
) {
    let seconds = token.get("expirationSeconds");
    if seconds.int() < 600 {
        let detail = "may not specify a duration less than 10 minutes";
        seconds.invalid_as(errors, seconds.int(), detail);
    }
    if seconds.int() > 1 << 32 {
        seconds.invalid(errors, "may not specify a duration larger than 2^32 seconds");
    }
    let path = token.get("path").shown_as(&at.get("path"));
    if path.require(errors) && !options.bad_token_paths {
        paths::local(&path, errors);
    }
}

fn trust_bundle(at: &At<'_>, errors: &mut FieldErrors) {
    let (name, signer) = (at.get("name"), at.get("signerName"));
    let selector = at.get("labelSelector");
    if name.is_set() && signer.is_set() {
        at.invalid(errors, "only one of name and signerName may be used");
    } else if name.is_set() {
        if name.is_empty() {
            name.required(errors, "must be a valid object name");
        }
        let of = name.text().rsplit_once(':').map(|(signer, _)| signer.replace(':', "/"));
        for complaint in signers::trust_bundle_name(name.text(), &of.unwrap_or_default()) {
            name.invalid(errors, format!("not a valid clustertrustbundlename: {complaint}"));
        }
        selector.forbidden_value(errors, "labelSelector must be unset if name is specified");
    } else if signer.is_set() {
        if signer.is_empty() {
            signer.required(errors, "must be a valid signer name");
        }
        signers::signer_name(&signer, errors);
        labels::selector(&selector, false, errors);
    } else {
        at.required(errors, "either name or signerName must be specified");
    }
    at.get("path").require(errors);
    paths::local(&at.get("path"), errors);
}

fn pod_certificate(at: &At<'_>, errors: &mut FieldErrors) {
    let signer = at.get("signerName");
    signers::signer_name(&signer, errors);
    for (key, _) in at.get("userAnnotations").entries() {
        domain_key(&at.get("userAnnotations"), &key.to_lowercase(), errors);
    }
    at.get("keyType").one_of(errors, KEY_TYPES);
    let seconds = at.get("maxExpirationSeconds");
    let Some(asked) = seconds.maybe_int() else { return };
    if asked < CERTIFICATE_MIN_SECONDS {
        let detail =
            format!("if provided, maxExpirationSeconds must be >= {CERTIFICATE_MIN_SECONDS}");
        seconds.invalid(errors, detail);
    }
    let most = if signers::is_kubernetes(signer.text()) {
        KUBERNETES_CERTIFICATE_MAX_SECONDS
    } else {
        CERTIFICATE_MAX_SECONDS
    };
    if asked > most {
        seconds.invalid(errors, format!("if provided, maxExpirationSeconds must be <= {most}"));
    }
}

fn domain_key(at: &At<'_>, key: &str, errors: &mut FieldErrors) {
    let complaints = names::qualified_name(key);
    for complaint in &complaints {
        at.invalid_as(errors, key, complaint.as_str());
    }
    if complaints.is_empty() && !key.contains('/') {
        let detail = "must be a domain-prefixed key (such as \"acme.io/foo\")";
        at.invalid_as(errors, key, detail);
    }
}
