//! Stored objects that are no resources: the bitmap of ports, the leases of servers.

use codec::envelope;
use object::{ApiError, Gvk, Result, Value};
use schema::builtin;
use store::Entry;

/// The bytes that the store keeps.
pub(super) fn encode(gvk: &Gvk, object: &Value) -> Result<Vec<u8>> {
    let raw = codec::encode_proto(builtin(), crate::body::root(gvk)?, object)
        .map_err(ApiError::internal)?;
    Ok(envelope::write(&gvk.group_version().to_string(), &gvk.kind, &raw))
}

/// The object in an entry; an error names its key.
pub(super) fn decode(gvk: &Gvk, entry: &Entry) -> Result<Value> {
    if let Some(why) = &entry.unreadable {
        return Err(ApiError::store_read(&entry.key, why));
    }
    let wrong = |error: codec::DecodeError| ApiError::store_read(&entry.key, error);
    let unknown = envelope::read(&entry.value).map_err(wrong)?;
    codec::decode_proto(builtin(), crate::body::root(gvk)?, unknown.raw).map_err(wrong)
}
