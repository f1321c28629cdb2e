//! The keys that sign tokens and those that know them: `--service-account-signing-key-file` and
//! `--service-account-key-file`.
//!
//! RSA, and ECDSA on P-256, P-384 and P-521. A key's id is the hash of its public half. Mirrors
//! `k8s.io/client-go/util/keyutil` and `keyIDFromPublicKey`.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::{SectionKind, from_buf};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Why a key can't be used. Holds nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(&'static str);

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Es256,
    Es384,
    Es512,
}

impl Algorithm {
    const EC: [Self; 3] = [Self::Es256, Self::Es384, Self::Es512];

    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    fn verification(self) -> &'static dyn sig::VerificationAlgorithm {
        match self {
            Self::Rs256 => &sig::RSA_PKCS1_2048_8192_SHA256,
            Self::Es256 => &sig::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &sig::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &sig::ECDSA_P521_SHA512_FIXED,
        }
    }

    fn signing(self) -> Option<&'static sig::EcdsaSigningAlgorithm> {
        match self {
            Self::Rs256 => None,
            Self::Es256 => Some(&sig::ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::Es384 => Some(&sig::ECDSA_P384_SHA384_FIXED_SIGNING),
            Self::Es512 => Some(&sig::ECDSA_P521_SHA512_FIXED_SIGNING),
        }
    }
}

enum Private {
    Rsa(rsa::KeyPair),
    Ec(EcdsaKeyPair),
}

/// A private key that signs tokens.
pub struct SigningKey {
    private: Private,
    public: VerifyingKey,
}

impl SigningKey {
    /// The first private key in a PEM file: PKCS#8, PKCS#1 or SEC1.
    ///
    /// # Errors
    /// [`KeyError`] when there is none that can be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        for (kind, der) in sections(pem)? {
            if let Some(private) = private(kind, &der) {
                let public = private.public()?;
                return Ok(Self { private, public });
            }
        }
        Err(KeyError("data does not contain a valid RSA or ECDSA private key"))
    }

    /// Its id, which tokens name.
    pub fn id(&self) -> &str {
        &self.public.id
    }

    /// Its algorithm, such as `RS256`.
    pub fn algorithm(&self) -> &'static str {
        self.public.algorithm()
    }

    /// Its public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let failed = |_| "the key can't sign".to_owned();
        match &self.private {
            Private::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&sig::RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Private::Ec(key) => {
                key.sign(&random, message).map(|made| made.as_ref().to_vec()).map_err(failed)
            }
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public.id).finish()
    }
}

/// A public key that knows tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    id: String,
    /// The SubjectPublicKeyInfo.
    der: Vec<u8>,
}

impl VerifyingKey {
    /// Every key in a PEM file: public keys, certificates, and private keys for their public half.
    ///
    /// # Errors
    /// [`KeyError`] when there is none that can be used.
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, KeyError> {
        let mut keys = Vec::new();
        for (kind, der) in sections(pem)? {
            match kind {
                SectionKind::PublicKey => keys.extend(Self::from_der(&der)),
                SectionKind::Certificate => {
                    let parsed = x509_parser::parse_x509_certificate(&der);
                    let info = parsed.ok().map(|(_, leaf)| leaf.public_key().raw.to_vec());
                    keys.extend(info.and_then(|der| Self::from_der(&der)));
                }
                kind => {
                    if let Some(private) = private(kind, &der) {
                        keys.push(private.public()?);
                    }
                }
            }
        }
        if keys.is_empty() {
            return Err(KeyError("data does not contain any valid RSA or ECDSA public keys"));
        }
        Ok(keys)
    }

    /// Its id, which tokens name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its algorithm, such as `RS256`.
    pub fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let (_, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
        let algorithm = match info.parsed().ok()? {
            PublicKey::RSA(_) => Algorithm::Rs256,
            // The length tells the curve: one byte and two coordinates.
            PublicKey::EC(point) => match point.data().len() {
                65 => Algorithm::Es256,
                97 => Algorithm::Es384,
                133 => Algorithm::Es512,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self::new(algorithm, info.raw.to_vec()))
    }

    fn new(algorithm: Algorithm, der: Vec<u8>) -> Self {
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, &der));
        Self { algorithm, id, der }
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(self.algorithm.verification(), &self.der);
        key.verify(message, signature).is_ok()
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("VerifyingKey").field(&self.id).finish()
    }
}

/// All keys by which tokens are known.
#[derive(Clone, Debug, Default)]
pub struct VerifyingKeys(Vec<VerifyingKey>);

impl VerifyingKeys {
    /// These.
    pub fn new(keys: Vec<VerifyingKey>) -> Self {
        Self(keys)
    }

    /// All of them, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.0.iter()
    }

    /// Those of this id; all when it is empty, as in tokens of old.
    pub(super) fn named<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a VerifyingKey> {
        self.0.iter().filter(move |key| id.is_empty() || key.id == id)
    }
}

impl Private {
    fn public(&self) -> Result<VerifyingKey, KeyError> {
        let refused = |_| KeyError("the public half of a key can't be written");
        let (algorithm, der): (_, PublicKeyX509Der<'_>) = match self {
            Self::Rsa(key) => (Algorithm::Rs256, key.public_key().as_der().map_err(refused)?),
            Self::Ec(key) => {
                let algorithm = Algorithm::EC
                    .into_iter()
                    .find(|algorithm| algorithm.signing() == Some(key.algorithm()))
                    .ok_or(KeyError("unknown private key curve, must be 256, 384, or 521"))?;
                (algorithm, key.public_key().as_der().map_err(refused)?)
            }
        };
        Ok(VerifyingKey::new(algorithm, der.as_ref().to_vec()))
    }
}

fn private(kind: SectionKind, der: &[u8]) -> Option<Private> {
    let ec = |read: &dyn Fn(&'static sig::EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>| {
        Algorithm::EC.into_iter().filter_map(Algorithm::signing).find_map(read).map(Private::Ec)
    };
    match kind {
        SectionKind::RsaPrivateKey => rsa::KeyPair::from_der(der).ok().map(Private::Rsa),
        SectionKind::EcPrivateKey => {
            ec(&|algorithm| EcdsaKeyPair::from_private_key_der(algorithm, der).ok())
        }
        SectionKind::PrivateKey => rsa::KeyPair::from_pkcs8(der)
            .ok()
            .map(Private::Rsa)
            .or_else(|| ec(&|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der).ok())),
        _ => None,
    }
}

fn sections(mut pem: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, KeyError> {
    let mut out = Vec::new();
    while let Some(section) =
        from_buf(&mut pem).map_err(|_| KeyError("data is not in PEM format"))?
    {
        out.push(section);
    }
    Ok(out)
}
