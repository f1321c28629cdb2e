//! The documents by which others learn our keys: `/.well-known/openid-configuration` and
//! `/openid/v1/jwks`. Mirrors `pkg/serviceaccount/openidmetadata.go` of `k8s.io/kubernetes`.

use super::keys::{VerifyingKey, VerifyingKeys};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use std::collections::BTreeSet;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The configuration document, as JSON.
///
/// # Errors
/// Upstream's sentence when the issuer or the address of the keys is no plain https URL; then the
/// document is not served.
pub fn configuration_document(
    issuer: &str,
    keys_url: &str,
    keys: &VerifyingKeys,
) -> Result<String, String> {
    #[derive(Serialize)]
    struct Document<'a> {
        issuer: &'a str,
        jwks_uri: &'a str,
        response_types_supported: [&'a str; 1],
        subject_types_supported: [&'a str; 1],
        id_token_signing_alg_values_supported: BTreeSet<&'a str>,
    }
    if issuer.is_empty() {
        return Err("empty issuer URL".to_owned());
    }
    if !issuer.starts_with("https://") {
        return Err(format!("issuer URL must use https scheme, got: {issuer}"));
    }
    if issuer.contains('?') {
        return Err(format!("issuer URL may not include a query, got: {issuer}"));
    }
    if issuer.contains('#') {
        return Err(format!("issuer URL may not include a fragment, got: {issuer}"));
    }
    if !keys_url.starts_with("https://") {
        return Err(format!("jwksURI requires https scheme, parsed as: {keys_url}"));
    }
    json(&Document {
        issuer,
        jwks_uri: keys_url,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: keys.iter().map(VerifyingKey::algorithm).collect(),
    })
}

/// The document with the keys, as JSON.
///
/// # Errors
/// When a key can't be written.
pub fn key_set_document(keys: &VerifyingKeys) -> Result<String, String> {
    #[derive(Serialize)]
    struct Document<'a> {
        keys: Vec<Key<'a>>,
    }
    let keys = keys.iter().map(|key| written(key).ok_or("a key can't be written"));
    json(&Document { keys: keys.collect::<Result<_, _>>()? })
}

/// RFC 7517, in the order in which upstream's library writes it.
#[derive(Default, Serialize)]
struct Key<'a> {
    #[serde(rename = "use")]
    usage: &'a str,
    kty: &'a str,
    kid: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    crv: &'a str,
    alg: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    x: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    y: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    n: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    e: String,
}

fn written(key: &VerifyingKey) -> Option<Key<'_>> {
    let (_, info) = SubjectPublicKeyInfo::from_der(key.der()).ok()?;
    let base = Key { usage: "sig", kid: key.id(), alg: key.algorithm(), ..Key::default() };
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match info.parsed().ok()? {
        PublicKey::RSA(key) => {
            // A leading zero only says that the number is not negative.
            let number = |bytes: &[u8]| text(bytes.strip_prefix(&[0]).unwrap_or(bytes));
            Some(Key { kty: "RSA", n: number(key.modulus), e: number(key.exponent), ..base })
        }
        PublicKey::EC(point) => {
            let coordinates = point.data().get(1..)?;
            let (x, y) = coordinates.split_at(coordinates.len() / 2);
            let crv = match key.algorithm() {
                "ES256" => "P-256",
                "ES384" => "P-384",
                _ => "P-521",
            };
            Some(Key { kty: "EC", crv, x: text(x), y: text(y), ..base })
        }
        _ => None,
    }
}

fn json(document: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(document).map_err(|error| error.to_string())
}
