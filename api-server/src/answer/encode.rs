//! The bytes of an answer, in any media type.

use crate::accept::Media;
use bytes::Bytes;
use cache::Item;
use codec::envelope;
use object::{ApiError, Gvk, Result, Value};
use schema::builtin;

/// The bytes of an object in its stored version.
pub(super) fn stored(item: &Item, media: Media, pretty: bool) -> Result<Bytes> {
    match media {
        Media::Json if !pretty => item.json_line(),
        Media::Proto => match (item.protobuf(), &item.kind.storage) {
            (Some(raw), Some(storage)) => {
                Ok(envelope::write(storage.group_version, item.kind.kind, &raw).into())
            }
            _ => encode(&item.stored_value()?, media, pretty),
        },
        Media::Json | Media::Yaml => encode(&item.stored_value()?, media, pretty),
    }
}

/// The bytes of an object as a tree; its `apiVersion` and `kind` say what it is.
pub(super) fn encode(object: &Value, media: Media, pretty: bool) -> Result<Bytes> {
    let gvk = gvk(object);
    let root = gvk.as_ref().and_then(|gvk| builtin().root(gvk));
    let json = || match root {
        _ if object["kind"] == "Table" => table(object),
        Some(root) => codec::encode_json(builtin(), root, object).map_err(ApiError::internal),
        None => Ok(codec::encode_json_free(object)),
    };
    let bytes = match media {
        Media::Json if pretty => {
            let mut out = Vec::new();
            codec::pretty(&json()?, &mut out);
            out
        }
        Media::Json => {
            let mut out = json()?;
            out.push(b'\n');
            out
        }
        Media::Yaml => {
            let tree: Value = serde_json::from_slice(&json()?).map_err(ApiError::internal)?;
            codec::encode_yaml(&tree)
        }
        Media::Proto => {
            let kind = object["kind"].as_str().unwrap_or_default();
            // Discovery of the oldest groups leaves its version unsaid.
            let root = root.or_else(|| builtin().root(&Gvk::new("", "v1", kind.to_owned())));
            let Some(root) = root else {
                return Err(ApiError::not_acceptable("application/json, application/yaml"));
            };
            let raw = codec::encode_proto(builtin(), root, object).map_err(ApiError::internal)?;
            envelope::write(object["apiVersion"].as_str().unwrap_or_default(), kind, &raw)
        }
    };
    Ok(bytes.into())
}

fn gvk(object: &Value) -> Option<Gvk> {
    let version = object::GroupVersion::parse(object["apiVersion"].as_str()?)?;
    let kind = object["kind"].as_str()?.to_owned();
    Some(Gvk { group: version.group, version: version.version, kind: kind.into() })
}

/// A Table's JSON. The objects in its rows have the order of their own types, which the Table's
/// type does not know.
fn table(table: &Value) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut begin = b'{';
    for field in ["kind", "apiVersion", "metadata", "columnDefinitions"] {
        let value = match (field, &table[field]) {
            ("columnDefinitions", Value::Array(columns)) => table_columns(columns),
            (_, value) => codec::encode_json_free(value),
        };
        out.push(begin);
        out.extend_from_slice(format!("{field:?}:").as_bytes());
        out.extend_from_slice(value.trim_ascii_end());
        begin = b',';
    }
    out.extend_from_slice(b",\"rows\":");
    let Value::Array(rows) = &table["rows"] else {
        out.extend_from_slice(b"null}");
        return Ok(out);
    };
    for (at, row) in rows.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"[{\"cells\":" } else { b",{\"cells\":" });
        out.extend_from_slice(codec::encode_json_free(&row["cells"]).trim_ascii_end());
        if let Some(conditions) = row.get("conditions") {
            out.extend_from_slice(b",\"conditions\":");
            out.extend_from_slice(codec::encode_json_free(conditions).trim_ascii_end());
        }
        out.extend_from_slice(b",\"object\":");
        let object = encode(&row["object"], Media::Json, false)?;
        out.extend_from_slice(object.trim_ascii_end());
        out.push(b'}');
    }
    out.extend_from_slice(if rows.is_empty() { b"[]}" } else { b"]}" });
    Ok(out)
}

fn table_columns(columns: &[Value]) -> Vec<u8> {
    let mut texts = Vec::with_capacity(columns.len());
    for column in columns {
        let fields = ["name", "type", "format", "description", "priority"].map(|field| {
            let value = codec::encode_json_free(&column[field]);
            format!("{field:?}:{}", String::from_utf8_lossy(value.trim_ascii_end()))
        });
        texts.push(format!("{{{}}}", fields.join(",")));
    }
    format!("[{}]", texts.join(",")).into_bytes()
}
