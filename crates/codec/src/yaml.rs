//! YAML as upstream takes it: turned into JSON first, then read as JSON is.
//!
//! Mirrors `sigs.k8s.io/yaml`.

use crate::json::decode::{Decoded, decode_json, decode_json_free};
use crate::{DecodeError, Schema, TypeId};
use serde_json::Value;

/// Reads an object of a known type.
///
/// # Errors
/// When the text is not YAML, or a value does not fit its field.
pub fn decode_yaml(schema: &Schema, root: TypeId, text: &[u8]) -> Result<Decoded, DecodeError> {
    decode_json(schema, root, &yaml_to_json(text)?)
}

/// Reads an object that no schema is known for.
///
/// # Errors
/// When the text is not YAML.
pub fn decode_yaml_free(text: &[u8]) -> Result<Decoded, DecodeError> {
    decode_json_free(&yaml_to_json(text)?)
}

/// Turns YAML into JSON.
///
/// # Errors
/// When the text is not YAML.
pub fn yaml_to_json(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let wrong = |why: String| DecodeError::Syntax(format!("yaml: {why}"));
    let value: Value = serde_saphyr::from_slice(text).map_err(|e| wrong(e.to_string()))?;
    serde_json::to_vec(&value).map_err(|e| wrong(e.to_string()))
}

/// Prints a tree, its keys sorted.
pub fn encode_yaml(value: &Value) -> Vec<u8> {
    serde_saphyr::to_string(value).unwrap_or_default().into_bytes()
}
