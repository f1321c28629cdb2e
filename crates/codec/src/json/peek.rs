//! Single facts out of JSON text: what an object is, and fields of objects that are stored as JSON.

use crate::DecodeError;
use serde::Deserialize;
use serde_json::Value;

/// What a body says that it is; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeOf {
    /// Such as `apps/v1`.
    #[serde(deserialize_with = "text")]
    pub api_version: String,
    /// Such as `Deployment`.
    #[serde(deserialize_with = "text")]
    pub kind: String,
}

fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads `apiVersion` and `kind`.
///
/// # Errors
/// Upstream's sentence when the text is not JSON, or one of them is no text.
pub fn type_of(json: &[u8]) -> Result<TypeOf, DecodeError> {
    serde_json::from_slice(json).map_err(|error| {
        let why = super::syntax::error(json).unwrap_or_else(|| error.to_string());
        DecodeError::Syntax(format!("couldn't get version/kind; json parse error: {why}"))
    })
}

/// Reads a field by its path, such as `["spec", "nodeName"]`, as a selector compares it: a text as
/// it is, a number or boolean as JSON prints it, anything else and what is absent as empty.
///
/// # Errors
/// When the text is not JSON.
pub fn field(json: &[u8], path: &[&str]) -> Result<String, DecodeError> {
    let tree: Value =
        serde_json::from_slice(json).map_err(|error| DecodeError::Syntax(error.to_string()))?;
    Ok(match path.iter().fold(&tree, |value, name| &value[name]) {
        Value::String(text) => text.clone(),
        value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    })
}
