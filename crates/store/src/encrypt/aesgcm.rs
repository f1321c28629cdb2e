//! AES in Galois counter mode: `nonce (12) | sealed | tag (16)`, bound to the value's key in the
//! store, so that a value can't be moved to another name unnoticed.
//!
//! With random nonces one key is good for about 2^32 writes; upstream's advice to change keys
//! holds here too. Mirrors the GCM half of `storage/value/encrypt/aes`.

use super::chain::{Cipher, Kind};
use aes::Aes192;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm, Nonce};

/// `aesgcm`.
pub(super) const KIND: Kind = Kind {
    field: "aesgcm",
    prefix: "k8s:enc:aesgcm:v1:",
    key_bytes: &[16, 24, 32],
    no_key: "no matching key was found for the provided AES transformer",
    cipher,
};

const NONCE_BYTES: usize = 12;

fn cipher(key: &[u8]) -> Option<Box<dyn Cipher>> {
    Some(match key.len() {
        16 => Box::new(Gcm(Aes128Gcm::new_from_slice(key).ok()?)),
        24 => Box::new(Gcm(AesGcm::<Aes192, U12>::new_from_slice(key).ok()?)),
        32 => Box::new(Gcm(Aes256Gcm::new_from_slice(key).ok()?)),
        _ => return None,
    })
}

/// The key's schedule, which is wiped when it is dropped.
struct Gcm<C>(C);

impl<C: Aead<NonceSize = U12> + Send + Sync> Cipher for Gcm<C> {
    fn seal(&self, plain: &[u8], bound: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = runtime::entropy::bytes();
        let payload = Payload { msg: plain, aad: bound.as_bytes() };
        let sealed = self
            .0
            .encrypt(Nonce::from_slice(&nonce), payload)
            .expect("a value is far below the cipher's limit of 64 GiB");
        [&nonce[..], &sealed].concat()
    }

    fn open(&self, sealed: &[u8], bound: &str) -> Result<Vec<u8>, &'static str> {
        let Some((nonce, sealed)) = sealed.split_at_checked(NONCE_BYTES) else {
            return Err("the stored data was shorter than the required size");
        };
        self.0
            .decrypt(Nonce::from_slice(nonce), Payload { msg: sealed, aad: bound.as_bytes() })
            .map_err(|_| "cipher: message authentication failed")
    }
}
