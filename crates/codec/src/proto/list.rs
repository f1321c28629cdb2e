//! Lists in protobuf, put together from items that are messages already.
//!
//! Every list of upstream's has its metadata as field 1 and its items as field 2.

use super::envelope;
use super::wire::{push_bytes, push_number, push_tag, push_varint, varint_len};
use crate::json::list::ListMeta;

const META_TAG: u32 = 1;
const ITEMS_TAG: u32 = 2;

/// What stands before the first item of a list, envelope included. `items_len_bytes` is the sum of
/// [`item_len`] over all items; behind the last one comes [`envelope::END`].
pub fn begin(
    api_version: &str,
    kind: &str,
    meta: &ListMeta<'_>,
    items_len_bytes: usize,
) -> Vec<u8> {
    let mut head = Vec::with_capacity(meta.continue_token.len() + 64);
    push_bytes(&mut head, 1, b"");
    push_bytes(&mut head, 2, meta.resource_version.as_bytes());
    push_bytes(&mut head, 3, meta.continue_token.as_bytes());
    if let Some(count) = meta.remaining_item_count {
        push_number(&mut head, 4, count as u64);
    }
    let mut field = Vec::with_capacity(head.len() + 4);
    push_bytes(&mut field, META_TAG, &head);
    let mut out = envelope::begin(api_version, kind, field.len() + items_len_bytes);
    out.extend_from_slice(&field);
    out
}

/// How many bytes an item of so many bytes takes in a list.
pub fn item_len(object_len_bytes: usize) -> usize {
    1 + varint_len(object_len_bytes as u64) + object_len_bytes
}

/// Appends what stands before an item of so many bytes.
pub fn push_item_header(out: &mut Vec<u8>, object_len_bytes: usize) {
    push_tag(out, ITEMS_TAG, 2);
    push_varint(out, object_len_bytes as u64);
}

/// A whole list, envelope included, from its items' messages.
pub fn whole<'a>(
    api_version: &str,
    kind: &str,
    meta: &ListMeta<'_>,
    items: impl Iterator<Item = &'a [u8]> + Clone,
) -> Vec<u8> {
    let items_len = items.clone().map(|item| item_len(item.len())).sum();
    let mut out = begin(api_version, kind, meta, items_len);
    out.reserve(items_len + envelope::END.len());
    for item in items {
        push_item_header(&mut out, item.len());
        out.extend_from_slice(item);
    }
    out.extend_from_slice(envelope::END);
    out
}
