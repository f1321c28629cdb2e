//! Lists in JSON, put together from items that are JSON already.
//!
//! Mirrors `k8s.io/apimachinery/pkg/runtime/serializer/json/collections.go`: a list of a known
//! type in Go's order, a list of custom resources in the order of its keys.

use super::text::{push_int, push_string};
use crate::item_start;

/// `metav1.ListMeta`, as far as a server fills it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListMeta<'a> {
    /// The revision that the list shows.
    pub resource_version: &'a str,
    /// The token that the next page is asked for with; empty on the last one.
    pub continue_token: &'a str,
    /// How many items are left, where that is known.
    pub remaining_item_count: Option<i64>,
}

/// Appends what stands before the first item of a list of a known type.
pub fn begin(out: &mut Vec<u8>, api_version: &str, kind: &str, meta: &ListMeta<'_>) {
    out.extend_from_slice(b"{\"kind\":");
    push_string(out, kind);
    out.extend_from_slice(b",\"apiVersion\":");
    push_string(out, api_version);
    out.extend_from_slice(b",\"metadata\":{");
    if !meta.resource_version.is_empty() {
        out.extend_from_slice(b"\"resourceVersion\":");
        push_string(out, meta.resource_version);
    }
    if !meta.continue_token.is_empty() {
        comma(out);
        out.extend_from_slice(b"\"continue\":");
        push_string(out, meta.continue_token);
    }
    if let Some(count) = meta.remaining_item_count {
        comma(out);
        out.extend_from_slice(b"\"remainingItemCount\":");
        push_int(out, count);
    }
    out.extend_from_slice(b"},\"items\":[");
}

/// Appends an item of a list of a known type, given the whole object's JSON: its `kind` and
/// `apiVersion` are left out, and a comma is put before all but the first.
pub fn item(out: &mut Vec<u8>, first: bool, object: &[u8]) {
    out.extend_from_slice(if first { b"{" } else { b",{" });
    out.extend_from_slice(&object[item_start(object).min(object.len())..]);
}

/// How many bytes [`item`] appends.
pub fn item_len(first: bool, object: &[u8]) -> usize {
    object.len() - item_start(object).min(object.len()) + if first { 1 } else { 2 }
}

/// What stands behind the last item of a list of a known type.
pub const END: &[u8] = b"]}\n";

/// Appends what stands before the first item of a list of custom resources. Its items are whole
/// objects, with a comma before all but the first.
pub fn begin_free(out: &mut Vec<u8>, api_version: &str) {
    out.extend_from_slice(b"{\"apiVersion\":");
    push_string(out, api_version);
    out.extend_from_slice(b",\"items\":[");
}

/// Appends what stands behind the last item of a list of custom resources.
pub fn end_free(out: &mut Vec<u8>, kind: &str, meta: &ListMeta<'_>) {
    out.extend_from_slice(b"],\"kind\":");
    push_string(out, kind);
    out.extend_from_slice(b",\"metadata\":{\"continue\":");
    push_string(out, meta.continue_token);
    if let Some(count) = meta.remaining_item_count {
        out.extend_from_slice(b",\"remainingItemCount\":");
        push_int(out, count);
    }
    out.extend_from_slice(b",\"resourceVersion\":");
    push_string(out, meta.resource_version);
    out.extend_from_slice(b"}}\n");
}

fn comma(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_lose_their_type() {
        let meta = ListMeta { resource_version: "7", ..ListMeta::default() };
        let mut out = Vec::new();
        begin(&mut out, "v1", "PodList", &meta);
        item(&mut out, true, br#"{"kind":"Pod","apiVersion":"v1","metadata":{}}"#);
        item(&mut out, false, br#"{"metadata":{"name":"b"}}"#);
        out.extend_from_slice(END);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"},\
             \"items\":[{\"metadata\":{}},{\"metadata\":{\"name\":\"b\"}}]}\n"
        );
    }
}
