//! The providers of a resource in their order: the first one seals, all of them open.
//!
//! Mirrors `NewPrefixTransformers` of `k8s.io/apiserver/pkg/storage/value`, nested as upstream
//! nests it: a prefix for each provider, and within it one for each key.

use super::identity;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// One key of one provider.
pub(super) trait Cipher: Send + Sync {
    /// Seals; `bound` is what the sealed value is bound to, where the cipher can.
    fn seal(&self, plain: &[u8], bound: &str) -> Vec<u8>;

    /// Opens, or says in upstream's words why not.
    fn open(&self, sealed: &[u8], bound: &str) -> Result<Vec<u8>, &'static str>;
}

/// A sort of provider: everything that tells one from the other.
#[derive(Debug)]
pub(super) struct Kind {
    /// The field of the configuration.
    pub(super) field: &'static str,
    /// What its values begin with, before the key's name.
    pub(super) prefix: &'static str,
    /// How many bytes a key may have.
    pub(super) key_bytes: &'static [usize],
    /// What is said when no key's name fits.
    pub(super) no_key: &'static str,
    /// Makes the cipher of a key that has one of the right sizes.
    pub(super) cipher: fn(&[u8]) -> Option<Box<dyn Cipher>>,
}

/// A provider with its keys.
pub(super) enum Provider {
    /// Values as they are.
    Identity,
    /// Values sealed by the first of these keys.
    Keys {
        /// The sort.
        kind: &'static Kind,
        /// By the prefixes of their names, such as `key1:`.
        keys: Vec<(String, Box<dyn Cipher>)>,
    },
}

/// An opened value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// `None` where the stored value is the value.
    value: Option<Vec<u8>>,
    /// Whether it would be sealed otherwise today.
    pub(super) stale: bool,
}

impl Opened {
    pub(super) fn value_of(self, stored: Bytes) -> Bytes {
        self.value.map_or(stored, Bytes::from)
    }
}

/// Providers in order; none at all is the identity.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    providers: Vec<Arc<Provider>>,
}

impl Chain {
    pub(super) fn extend(&mut self, providers: &[Arc<Provider>]) {
        self.providers.extend_from_slice(providers);
    }

    pub(super) fn seal(&self, plain: Bytes, bound: &str) -> Bytes {
        let Some(Provider::Keys { kind, keys }) = self.providers.first().map(Arc::as_ref) else {
            return plain;
        };
        let Some((name, cipher)) = keys.first() else { return plain };
        let sealed = cipher.seal(&plain, bound);
        [kind.prefix.as_bytes(), name.as_bytes(), &sealed].concat().into()
    }

    pub(super) fn open(&self, stored: &[u8], bound: &str) -> Result<Opened, String> {
        if self.providers.is_empty() {
            return identity::open(stored)
                .map(|()| Opened { value: None, stale: false })
                .map_err(String::from);
        }
        let mut failures: Vec<&'static str> = Vec::new();
        for (at, provider) in self.providers.iter().enumerate() {
            match provider.open(stored, bound) {
                None => {}
                Some(Ok(opened)) => {
                    return Ok(Opened { stale: opened.stale || at != 0, ..opened });
                }
                // Another provider of the same sort may have the key.
                Some(Err(why)) if failures.contains(&why) => {}
                Some(Err(why)) => failures.push(why),
            }
        }
        Err(match failures[..] {
            [] => "no matching prefix found".to_owned(),
            [one] => one.to_owned(),
            _ => format!("[{}]", failures.join(", ")),
        })
    }
}

impl Provider {
    /// `None` when the value is not of this provider.
    fn open(&self, stored: &[u8], bound: &str) -> Option<Result<Opened, &'static str>> {
        match self {
            // Its refusal must not end the search: the providers after it are those that
            // sealed, when somebody moves away from encryption.
            Self::Identity => match identity::open(stored) {
                Ok(()) => Some(Ok(Opened { value: None, stale: false })),
                Err(_) => None,
            },
            Self::Keys { kind, keys } => {
                let sealed = stored.strip_prefix(kind.prefix.as_bytes())?;
                let mut failure = kind.no_key;
                for (at, (name, cipher)) in keys.iter().enumerate() {
                    let Some(sealed) = sealed.strip_prefix(name.as_bytes()) else { continue };
                    match cipher.open(sealed, bound) {
                        Ok(plain) => {
                            return Some(Ok(Opened { value: Some(plain), stale: at != 0 }));
                        }
                        Err(why) => failure = why,
                    }
                }
                Some(Err(failure))
            }
        }
    }
}

/// Names only: a key must not get into a log.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Keys { kind, keys } => {
                let names: Vec<_> = keys.iter().map(|(name, _)| name).collect();
                write!(f, "{}{names:?}", kind.field)
            }
        }
    }
}
