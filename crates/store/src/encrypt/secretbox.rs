//! NaCl's secretbox, XSalsa20 and Poly1305: `nonce (24) | tag (16) | sealed`.
//!
//! Nonces are long enough to be random for ever. Mirrors `storage/value/encrypt/secretbox`.

use super::chain::{Cipher, Kind};
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Nonce, XSalsa20Poly1305};

/// `secretbox`.
pub(super) const KIND: Kind = Kind {
    field: "secretbox",
    prefix: "k8s:enc:secretbox:v1:",
    key_bytes: &[32],
    no_key: "no matching key was found for the provided Secretbox transformer",
    cipher,
};

const NONCE_BYTES: usize = 24;

fn cipher(key: &[u8]) -> Option<Box<dyn Cipher>> {
    Some(Box::new(Secretbox(XSalsa20Poly1305::new_from_slice(key).ok()?)))
}

/// The key, which is wiped when it is dropped.
struct Secretbox(XSalsa20Poly1305);

impl Cipher for Secretbox {
    fn seal(&self, plain: &[u8], _bound: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = runtime::entropy::bytes();
        let sealed = self
            .0
            .encrypt(Nonce::from_slice(&nonce), plain)
            .expect("a value is far below the cipher's limit");
        [&nonce[..], &sealed].concat()
    }

    fn open(&self, sealed: &[u8], _bound: &str) -> Result<Vec<u8>, &'static str> {
        let Some((nonce, sealed)) = sealed.split_at_checked(NONCE_BYTES) else {
            return Err("the stored data was shorter than the required size");
        };
        self.0
            .decrypt(Nonce::from_slice(nonce), sealed)
            .map_err(|_| "output array was not large enough for encryption")
    }
}
