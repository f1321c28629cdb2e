//! What stands around a message: `k8s\0` and `runtime.Unknown`, which says what it is.
//!
//! Mirrors `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`: all four fields are always
//! written.

use super::wire::{Payload, Reader, push_bytes, push_tag, push_varint, varint_len};
use crate::DecodeError;
use bytes::Bytes;

/// What every value begins with, in etcd and in HTTP.
pub const PREFIX: &[u8] = b"k8s\0";

const METADATA_TAG: u32 = 1;
const MANAGED_FIELDS_TAG: u32 = 17;
const RESOURCE_VERSION_TAG: u32 = 6;

/// `runtime.Unknown`: what an envelope holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// Such as `apps/v1`.
    pub api_version: &'a str,
    /// Such as `Deployment`.
    pub kind: &'a str,
    /// The message.
    pub raw: &'a [u8],
    /// Always empty in what upstream writes.
    pub content_encoding: &'a str,
    /// Empty for protobuf.
    pub content_type: &'a str,
}

/// Whether bytes begin as an envelope does.
pub fn is_envelope(bytes: &[u8]) -> bool {
    bytes.starts_with(PREFIX)
}

/// Reads an envelope.
///
/// # Errors
/// When there is none, or it is broken.
pub fn read(bytes: &[u8]) -> Result<Unknown<'_>, DecodeError> {
    let body = bytes.strip_prefix(PREFIX).ok_or(DecodeError::NoEnvelope)?;
    let mut unknown = Unknown::default();
    let mut reader = Reader::new(body);
    while let Some(entry) = reader.next()? {
        match entry.tag {
            1 => {
                let mut names = Reader::new(entry.payload.bytes("typeMeta")?);
                while let Some(entry) = names.next()? {
                    match entry.tag {
                        1 => unknown.api_version = entry.payload.text("apiVersion")?,
                        2 => unknown.kind = entry.payload.text("kind")?,
                        _ => {}
                    }
                }
            }
            2 => unknown.raw = entry.payload.bytes("raw")?,
            3 => unknown.content_encoding = entry.payload.text("contentEncoding")?,
            4 => unknown.content_type = entry.payload.text("contentType")?,
            _ => {}
        }
    }
    Ok(unknown)
}

/// Puts a message into an envelope.
pub fn write(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut out = begin(api_version, kind, raw.len());
    out.extend_from_slice(raw);
    out.extend_from_slice(END);
    out
}

/// What stands before a message of so many bytes, for messages that are sent piece by piece.
pub fn begin(api_version: &str, kind: &str, raw_len_bytes: usize) -> Vec<u8> {
    let mut names = Vec::with_capacity(api_version.len() + kind.len() + 8);
    push_bytes(&mut names, 1, api_version.as_bytes());
    push_bytes(&mut names, 2, kind.as_bytes());
    let mut out = Vec::with_capacity(names.len() + raw_len_bytes + 24);
    out.extend_from_slice(PREFIX);
    push_bytes(&mut out, 1, &names);
    push_tag(&mut out, 2, 2);
    push_varint(&mut out, raw_len_bytes as u64);
    out
}

/// What stands behind the message: empty encoding and type.
pub const END: &[u8] = &[0x1a, 0, 0x22, 0];

/// Sets `metadata.resourceVersion` in a message (the bytes behind the envelope), and copies
/// everything else as it is. An empty version is what is stored.
///
/// # Errors
/// When the bytes are broken, or have no metadata.
pub fn splice_resource_version(raw: &[u8], version: &str) -> Result<Bytes, DecodeError> {
    let (before, metadata, after) = cut(raw, METADATA_TAG)?;
    let Some(metadata) = metadata else {
        return Err(DecodeError::WrongWireType { field: "metadata".to_owned(), wire: 0 });
    };
    // Metadata without the field, which upstream never writes, gets it at the place of its tag.
    let (head, _, tail) = cut(metadata, RESOURCE_VERSION_TAG)?;
    let field_len = 1 + varint_len(version.len() as u64) + version.len();
    let metadata_len = head.len() + field_len + tail.len();
    let mut out = Vec::with_capacity(raw.len() + version.len() + 16);
    out.extend_from_slice(before);
    push_tag(&mut out, METADATA_TAG, 2);
    push_varint(&mut out, metadata_len as u64);
    out.extend_from_slice(head);
    push_bytes(&mut out, RESOURCE_VERSION_TAG, version.as_bytes());
    out.extend_from_slice(tail);
    out.extend_from_slice(after);
    Ok(out.into())
}

/// A message without `metadata.managedFields`, for readers who only want to know what an object
/// says: they are a third of it, and the slowest part to read.
///
/// # Errors
/// When the bytes are broken.
pub fn without_managed_fields(raw: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let (before, metadata, after) = cut(raw, METADATA_TAG)?;
    let Some(metadata) = metadata else { return Ok(raw.to_vec()) };
    let mut kept = Vec::with_capacity(metadata.len());
    let mut reader = Reader::new(metadata);
    loop {
        let start = metadata.len() - reader.left();
        let Some(entry) = reader.next()? else { break };
        if entry.tag != MANAGED_FIELDS_TAG {
            kept.extend_from_slice(&metadata[start..metadata.len() - reader.left()]);
        }
    }
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(before);
    push_bytes(&mut out, METADATA_TAG, &kept);
    out.extend_from_slice(after);
    Ok(out)
}

/// The part of a message that holds its metadata: a `PartialObjectMetadata` as it is.
///
/// # Errors
/// When the bytes are broken.
pub fn metadata_only(raw: &[u8]) -> Result<&[u8], DecodeError> {
    let (before, _, after) = cut(raw, METADATA_TAG)?;
    Ok(&raw[before.len()..raw.len() - after.len()])
}

/// What is before a field, what it holds, and what is behind.
type Cut<'a> = (&'a [u8], Option<&'a [u8]>, &'a [u8]);

/// Cuts a message at a length-delimited field. With no such field, the cut is before the first
/// higher tag.
fn cut(bytes: &[u8], tag: u32) -> Result<Cut<'_>, DecodeError> {
    let mut reader = Reader::new(bytes);
    loop {
        let start = bytes.len() - reader.left();
        let entry = reader.next()?;
        let end = bytes.len() - reader.left();
        match entry {
            Some(entry) if entry.tag == tag => {
                return match entry.payload {
                    Payload::Bytes(body) => Ok((&bytes[..start], Some(body), &bytes[end..])),
                    other => Err(other.mismatch("metadata")),
                };
            }
            Some(entry) if entry.tag < tag => {}
            _ => return Ok((&bytes[..start], None, &bytes[start..])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_read_as_written() {
        let bytes = write("apps/v1", "Deployment", b"\x0a\x00");
        assert!(is_envelope(&bytes));
        let unknown = read(&bytes).unwrap();
        assert_eq!((unknown.api_version, unknown.kind), ("apps/v1", "Deployment"));
        assert_eq!(unknown.raw, b"\x0a\x00");
        assert!(bytes.ends_with(END));
        assert_eq!(read(b"{}"), Err(DecodeError::NoEnvelope));
    }

    #[test]
    fn managed_fields_alone_are_left_out() {
        // metadata {1: "a", 17: {1: "m"}, 17: {}, 11: {}}, spec {}
        let raw = b"\x0a\x0e\x0a\x01a\x8a\x01\x03\x0a\x01m\x8a\x01\x00\x5a\x00\x12\x00";
        assert_eq!(without_managed_fields(raw).unwrap(), b"\x0a\x05\x0a\x01a\x5a\x00\x12\x00");
        assert_eq!(without_managed_fields(b"\x12\x00").unwrap(), b"\x12\x00");
    }

    #[test]
    fn only_the_version_changes() {
        // metadata {1: "a", 6: "", 8: {}}, spec {}
        let raw = b"\x0a\x07\x0a\x01a\x32\x00\x42\x00\x12\x00";
        let spliced = splice_resource_version(raw, "42").unwrap();
        assert_eq!(&spliced[..], b"\x0a\x09\x0a\x01a\x32\x0242\x42\x00\x12\x00");
        assert_eq!(&splice_resource_version(&spliced, "").unwrap()[..], raw);
        // Metadata that lacks the field gets it in the order of tags.
        let spliced = splice_resource_version(b"\x0a\x05\x0a\x01a\x42\x00", "7").unwrap();
        assert_eq!(&spliced[..], b"\x0a\x08\x0a\x01a\x32\x017\x42\x00");
        assert!(splice_resource_version(b"\x12\x00", "7").is_err());
    }
}
