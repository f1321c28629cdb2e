//! JSON merge patch (RFC 7386), as `evanphx/json-patch` v4 applies it.
//!
//! It departs from the RFC in one place: where a value that is no object is replaced, nulls are
//! dropped from objects inside lists too.

use crate::PatchError;
use serde_json::{Map, Value};

/// Applies a patch to an object.
///
/// # Errors
/// Where the patch is neither an object nor a list.
pub fn apply(original: &Value, patch: &Value) -> Result<Value, PatchError> {
    match (original, patch) {
        (Value::Object(original), Value::Object(patch)) => {
            let mut merged = original.clone();
            merge(&mut merged, patch);
            Ok(Value::Object(merged))
        }
        (_, Value::Object(_) | Value::Array(_)) => Ok(without_nulls(patch)),
        _ => Err(PatchError::Malformed("Invalid JSON Patch".into())),
    }
}

fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
            continue;
        }
        match (target.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(patch)) => merge(inner, patch),
            // A list in the place of an object is taken as it is.
            (Some(slot @ Value::Object(_)), _) => *slot = value.clone(),
            _ => {
                target.insert(key.clone(), without_nulls(value));
            }
        }
    }
}

/// Without the null members of objects at any depth; the null items of lists stay.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::apply;
    use serde_json::json;

    #[test]
    fn patches_are_merged() {
        for (original, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), {
                json!({"a": {"b": "d"}})
            }),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
            (json!({"a": 1}), json!({"a": [{"x": null}, null]}), json!({"a": [{}, null]})),
            (json!({"a": {}}), json!({"a": [{"x": null}]}), json!({"a": [{"x": null}]})),
            (json!({"a": null}), json!({"a": {"x": null, "y": 1}}), json!({"a": {"y": 1}})),
        ] {
            assert_eq!(apply(&original, &patch), Ok(expected), "{original} {patch}");
        }
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        for patch in [json!(null), json!(1), json!("x")] {
            let error = apply(&json!({}), &patch).expect_err("refused");
            assert_eq!(error.to_string(), "Invalid JSON Patch");
        }
    }
}
