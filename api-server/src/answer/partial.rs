//! The form of an answer that has nothing but metadata.

use object::{Value, json};

/// `PartialObjectMetadata` of an object; `api_version` is that of `meta.k8s.io`.
pub(super) fn metadata(object: &Value, api_version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": api_version,
        "metadata": object["metadata"],
    })
}

/// `PartialObjectMetadataList` of objects; `list_metadata` is the list's.
pub(super) fn list(objects: Vec<Value>, list_metadata: Value, api_version: &str) -> Value {
    let items = if objects.is_empty() { Value::Null } else { objects.into() };
    json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": api_version,
        "metadata": list_metadata,
        "items": items,
    })
}
