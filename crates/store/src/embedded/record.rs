//! The rows on the disk, all in one ordered keyspace:
//!
//! | key | value |
//! |---|---|
//! | `c` + revision (8 bytes, big end first) | one change: see [`encode`] |
//! | `m` + `revision` | the newest revision (8 bytes), when no row of its own tells it |
//! | `m` + `compacted` | the last compaction's revision (8 bytes) |
//!
//! A row's value is `flags (1) | create revision (8) | expires (8) | key length (4) | key |
//! value`; flag 1: a removal, flag 2: it expires. A change of this layout is a new number in
//! [`super::directory::FORMAT`].

use crate::Revision;
use crate::history::Written;
use bytes::{Buf, BufMut, Bytes};
use std::sync::Arc;

/// The row of the newest revision.
pub(super) const NEWEST: &[u8] = b"mrevision";
/// The row of the last compaction.
pub(super) const COMPACTED: &[u8] = b"mcompacted";
/// What the keys of all changes begin with.
pub(super) const CHANGES: &[u8] = b"c";

const REMOVAL: u8 = 1;
const EXPIRES: u8 = 2;
const HEADER_BYTES: usize = 1 + 8 + 8 + 4;

/// The key of the change of a revision.
pub(super) fn row(revision: Revision) -> [u8; 9] {
    let mut key = [CHANGES[0]; 9];
    key[1..].copy_from_slice(&revision.to_be_bytes());
    key
}

/// The row of a change.
pub(super) fn encode(written: &Written) -> Vec<u8> {
    let value = written.value.as_deref().unwrap_or_default();
    let mut out = Vec::with_capacity(HEADER_BYTES + written.key.len() + value.len());
    let removal = if written.value.is_none() { REMOVAL } else { 0 };
    let expires = if written.expires.is_some() { EXPIRES } else { 0 };
    out.put_u8(removal | expires);
    out.put_i64(written.create_revision);
    out.put_i64(written.expires.unwrap_or_default());
    out.put_u32(u32::try_from(written.key.len()).expect("a key is far shorter than 4 GiB"));
    out.extend_from_slice(written.key.as_bytes());
    out.extend_from_slice(value);
    out
}

/// Reads a row back; `None` when it is damaged.
pub(super) fn decode(row: &[u8], mut value: &[u8]) -> Option<Written> {
    let revision = decode_revision(row.strip_prefix(CHANGES)?)?;
    if value.len() < HEADER_BYTES {
        return None;
    }
    let flags = value.get_u8();
    let create_revision = value.get_i64();
    let expires = value.get_i64();
    let key_bytes = usize::try_from(value.get_u32()).ok()?;
    let (key, value) = value.split_at_checked(key_bytes)?;
    let known = flags & !(REMOVAL | EXPIRES) == 0;
    known.then_some(())?;
    Some(Written {
        revision,
        key: Arc::from(std::str::from_utf8(key).ok()?),
        create_revision,
        value: (flags & REMOVAL == 0).then(|| Bytes::copy_from_slice(value)),
        expires: (flags & EXPIRES != 0).then_some(expires),
    })
}

/// Reads a bare revision.
pub(super) fn decode_revision(bytes: &[u8]) -> Option<Revision> {
    bytes.try_into().ok().map(Revision::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Option<&'static [u8]>, expires: Option<i64>) -> Written {
        let key = Arc::from("/registry/a/ü");
        Written {
            revision: 258,
            key,
            create_revision: 3,
            value: value.map(Bytes::from_static),
            expires,
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for change in [
            written(Some(b"k8s\0"), None),
            written(Some(b""), Some(1)),
            written(None, None),
            written(Some(b"x"), Some(i64::MAX)),
        ] {
            assert_eq!(decode(&row(change.revision), &encode(&change)), Some(change));
        }
    }

    #[test]
    fn damage_is_noticed() {
        let good = encode(&written(Some(b""), None));
        for cut in 0..good.len() {
            assert_eq!(decode(&row(2), &good[..cut]), None, "{cut}");
        }
        let mut flags = good.clone();
        flags[0] = 64;
        assert_eq!(decode(&row(2), &flags), None);
        assert_eq!(decode(b"c\0\0", &good), None);
    }

    #[test]
    fn rows_are_in_the_order_of_their_revisions() {
        assert!(row(255) < row(256) && row(1) < row(i64::MAX));
    }
}
