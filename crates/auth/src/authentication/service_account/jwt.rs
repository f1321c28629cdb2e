//! Signed tokens in their compact form: base64url of header, claims and signature, with dots.
//!
//! Written here and not taken from a library, for the libraries that stand on the same
//! cryptography know no P-521, which upstream takes. A key is used with its own algorithm only,
//! whatever a token's header says.

use super::keys::{SigningKey, VerifyingKeys};
use crate::authentication::Rejected;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    kid: &'a str,
}

/// A token of these claims.
///
/// # Errors
/// When the claims are not JSON, or the key can't sign.
pub fn sign(key: &SigningKey, claims: &impl Serialize) -> Result<String, String> {
    let part = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    let header = Header { alg: key.algorithm(), kid: key.id() };
    let header = serde_json::to_vec(&header).map_err(|error| error.to_string())?;
    let claims = serde_json::to_vec(claims).map_err(|error| error.to_string())?;
    let message = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", part(signature)))
}

/// A token whose parts can be read and whose claims must not be believed yet.
pub(super) struct Unverified<'a> {
    message: &'a str,
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// `None` when it is no such token.
    pub(super) fn parse(token: &'a str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (header, claims) = (part(header)?, part(claims)?);
        Some(Self { message, header, claims, signature: part(signature)? })
    }

    /// The issuer that it claims to be of; good only to choose who is to look at it.
    pub(super) fn issuer(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Issuer {
            #[serde(default)]
            iss: String,
        }
        serde_json::from_slice::<Issuer>(&self.claims).ok().map(|claims| claims.iss)
    }

    /// The claims, now believed: one of the keys signed them.
    pub(super) fn verify<C: DeserializeOwned>(&self, keys: &VerifyingKeys) -> Result<C, Rejected> {
        #[derive(Deserialize)]
        struct Named {
            alg: String,
            #[serde(default)]
            kid: String,
        }
        let header: Named = serde_json::from_slice(&self.header)
            .map_err(|_| Rejected::new("the token's header can't be read"))?;
        let mut tried = false;
        for key in keys.named(&header.kid) {
            tried = true;
            if key.algorithm() == header.alg && key.verify(self.message.as_bytes(), &self.signature)
            {
                return serde_json::from_slice(&self.claims)
                    .map_err(|_| Rejected::new("the token's claims can't be read"));
            }
        }
        Err(Rejected::new(if tried {
            "the token's signature is invalid"
        } else {
            "invalid signature, no keys found"
        }))
    }
}
