//! AES in cipher block chaining, padded by PKCS #7: `initialization vector (16) | blocks`.
//!
//! It notices damage by its padding only, and not that a value was moved to another key; it is
//! here because clusters have it. Mirrors the CBC half of `storage/value/encrypt/aes`.

use super::chain::{Cipher, Kind};
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockCipher, BlockDecryptMut, BlockEncryptMut, InnerIvInit, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use cbc::{Decryptor, Encryptor};

/// `aescbc`.
pub(super) const KIND: Kind = Kind {
    field: "aescbc",
    prefix: "k8s:enc:aescbc:v1:",
    key_bytes: &[16, 24, 32],
    no_key: "no matching key was found for the provided AES transformer",
    cipher,
};

const BLOCK_BYTES: usize = 16;

fn cipher(key: &[u8]) -> Option<Box<dyn Cipher>> {
    Some(match key.len() {
        16 => Box::new(Cbc(Aes128::new_from_slice(key).ok()?)),
        24 => Box::new(Cbc(Aes192::new_from_slice(key).ok()?)),
        32 => Box::new(Cbc(Aes256::new_from_slice(key).ok()?)),
        _ => return None,
    })
}

/// The key's schedule, which is wiped when it is dropped, as are the copies made of it.
struct Cbc<C>(C);

impl<C> Cipher for Cbc<C>
where
    C: BlockCipher + BlockEncryptMut + BlockDecryptMut + Clone + Send + Sync,
    Encryptor<C>: BlockEncryptMut + InnerIvInit<Inner = C>,
    Decryptor<C>: BlockDecryptMut + InnerIvInit<Inner = C>,
{
    fn seal(&self, plain: &[u8], _bound: &str) -> Vec<u8> {
        let padding = BLOCK_BYTES - plain.len() % BLOCK_BYTES;
        let mut out = vec![0; BLOCK_BYTES];
        runtime::entropy::fill(&mut out);
        out.extend_from_slice(plain);
        out.resize(out.len() + padding, u8::try_from(padding).expect("16 at most"));
        let (vector, blocks) = out.split_at_mut(BLOCK_BYTES);
        let encryptor = Encryptor::inner_iv_slice_init(self.0.clone(), vector)
            .expect("the vector is a block long");
        let length = blocks.len();
        encryptor
            .encrypt_padded_mut::<NoPadding>(blocks, length)
            .expect("the blocks are whole by the padding above");
        out
    }

    fn open(&self, sealed: &[u8], _bound: &str) -> Result<Vec<u8>, &'static str> {
        let Some((vector, blocks)) = sealed.split_at_checked(BLOCK_BYTES) else {
            return Err("the stored data was shorter than the required size");
        };
        if blocks.len() % BLOCK_BYTES != 0 {
            return Err("the stored data is not a multiple of the block size");
        }
        let mut plain = blocks.to_vec();
        let decryptor = Decryptor::inner_iv_slice_init(self.0.clone(), vector)
            .expect("the vector is a block long");
        decryptor
            .decrypt_padded_mut::<NoPadding>(&mut plain)
            .expect("the blocks are whole by the check above");
        let padding = plain.last().copied().unwrap_or(0);
        let Some(length) = plain.len().checked_sub(usize::from(padding)).filter(|_| padding > 0)
        else {
            return Err("invalid PKCS7 data (empty or not padded)");
        };
        if plain[length..].iter().any(|byte| *byte != padding) {
            return Err("invalid padding on input");
        }
        plain.truncate(length);
        Ok(plain)
    }
}
