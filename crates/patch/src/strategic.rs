//! Strategic merge patch: a merge patch that knows from the schema how lists merge.
//!
//! `strategic/meta.rs` looks fields up, `strategic/list.rs` merges lists, `strategic/order.rs`
//! gives them their order, which `strategic/set_order.rs` reads from the patch. Mirrors `k8s.io/apimachinery/pkg/util/strategicpatch`, of which only the
//! server's half is here: patches are applied, never made.

mod list;
mod meta;
mod order;
mod set_order;

use crate::PatchError;
use meta::Place;
use schema::{Schema, TypeId};
use serde_json::{Map, Value};
use std::fmt::Write;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

type Object = Map<String, Value>;

/// Applies a patch to an object of the given type.
///
/// # Errors
/// Where the patch, or a directive in it, doesn't have the form that the schema asks for.
pub fn apply(
    schema: &Schema,
    root: TypeId,
    original: &Value,
    patch: &Value,
) -> Result<Value, PatchError> {
    let Value::Object(patch) = patch else {
        return Err(PatchError::Malformed("invalid JSON document".into()));
    };
    let original = original.as_object().cloned().unwrap_or_default();
    merge_objects(original, patch.clone(), Place::root(schema, root)).map(Value::Object)
}

fn merge_objects(
    mut original: Object,
    mut patch: Object,
    place: Place<'_>,
) -> Result<Object, PatchError> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown_directive(directive, patch)),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    set_order::merge_ordered_lists(&mut original, &mut patch, place)?;
    for (key, value) in patch {
        if key.starts_with(DELETE_FROM_LIST) {
            let field = directive_field(&key, DELETE_FROM_LIST)
                .ok_or_else(|| malformed("invalid patch format of primitive list"))?;
            delete_from_list(&mut original, field, value, place)?;
        } else {
            merge_field(&mut original, key, value, place)?;
        }
    }
    Ok(original)
}

fn merge_field(
    original: &mut Object,
    key: String,
    patch: Value,
    place: Place<'_>,
) -> Result<(), PatchError> {
    if patch.is_null() {
        original.remove(&key);
        return Ok(());
    }
    let merged = match (original.remove(&key), patch) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let (inner, strategy) = place.object(&key)?;
            Some(if strategy.replace {
                Value::Object(new)
            } else {
                Value::Object(merge_objects(old, new, inner)?)
            })
        }
        (Some(Value::Array(old)), Value::Array(new)) => {
            let (inner, strategy) = place.list(&key)?;
            Some(if strategy.merge {
                Value::Array(list::merge(old, new, &strategy, inner)?)
            } else {
                Value::Array(new)
            })
        }
        (_, mut new) => {
            discard_nulls(&mut new);
            without_directives(new)
        }
    };
    if let Some(merged) = merged {
        original.insert(key, merged);
    }
    Ok(())
}

fn delete_from_list(
    original: &mut Object,
    key: &str,
    patch: Value,
    place: Place<'_>,
) -> Result<(), PatchError> {
    match (original.get_mut(key), patch) {
        (_, Value::Null) => {
            original.remove(key);
        }
        (Some(Value::Array(items)), Value::Array(gone)) => {
            place.list(key)?;
            if !(items.is_empty() && gone.is_empty()) {
                list::item_kind(&[items, &gone])?;
            }
            items.retain(|item| !gone.contains(item));
        }
        _ => {}
    }
    Ok(())
}

/// Removes all that the patch doesn't say to retain.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let wrong = || malformed("invalid patch format of retainKeys");
    let retained = retained.as_array().ok_or_else(wrong)?;
    let is_retained = |key: &str| retained.iter().any(|item| item.as_str() == Some(key));
    for (key, value) in &*patch {
        let is_directive = key.starts_with(DELETE_FROM_LIST) || key.starts_with(SET_ORDER);
        if !(value.is_null() || is_directive || is_retained(key)) {
            return Err(wrong());
        }
    }
    original.retain(|key, _| is_retained(key));
    Ok(())
}

/// The field that a directive such as `$setElementOrder/ports` speaks of.
fn directive_field<'a>(key: &'a str, directive: &str) -> Option<&'a str> {
    key.strip_prefix(directive)?.strip_prefix('/')
}

/// Removes the null members of objects at any depth: they would only delete what isn't there.
fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// Without the objects at any depth that hold a directive; none where it is one itself.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => Some(Value::Object(
            map.into_iter()
                .filter_map(|(key, value)| Some((key, without_directives(value)?)))
                .collect(),
        )),
        Value::Array(items) => {
            Some(Value::Array(items.into_iter().filter_map(without_directives).collect()))
        }
        scalar => Some(scalar),
    }
}

fn malformed(message: &str) -> PatchError {
    PatchError::Malformed(message.to_owned())
}

fn unknown_directive(directive: Value, mut patch: Object) -> PatchError {
    // As Go's `%s` prints what is no text.
    let name = match &directive {
        Value::Null => "%!s(<nil>)".to_owned(),
        Value::Bool(value) => format!("%!s(bool={value})"),
        Value::Number(number) if number.is_f64() => format!("%!s(float64={number})"),
        Value::Number(number) => format!("%!s(int64={number})"),
        other => go_text(other),
    };
    patch.insert(DIRECTIVE.to_owned(), directive);
    let map = go_text(&Value::Object(patch));
    PatchError::Mistyped(format!("unknown patch type: {name} in map: {map}"))
}

fn no_merge_key(item: &Value, merge_key: &str) -> PatchError {
    let map = go_text(item);
    PatchError::Mistyped(format!("map: {map} does not contain declared merge key: {merge_key}"))
}

fn bad_type(expected: &str, actual: &Value) -> PatchError {
    let actual = match actual {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    PatchError::Mistyped(format!("expected a {expected}, but received a {actual}"))
}

/// A value as Go's `%v` prints it: `map[a:1 b:[x y]]`.
fn go_text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_text).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let mut out = String::from("map[");
            for (i, (key, value)) in map.iter().enumerate() {
                let space = if i > 0 { " " } else { "" };
                // Writing into a String can't fail.
                let _ = write!(out, "{space}{key}:{}", go_text(value));
            }
            out.push(']');
            out
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
