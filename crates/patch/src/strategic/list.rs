//! Merging a patch's list into an object's list, item by item.

use super::meta::{Place, Strategy};
use super::order::in_order;
use super::unknown_directive;
use super::{DIRECTIVE, PatchError, bad_type, go_text, merge_objects, no_merge_key};
use serde_json::Value;

/// Go's types of JSON values, as far as lists must not mix them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    String,
    List,
    Object,
}

/// The kind of one value.
pub(super) fn kind(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Bool,
        Value::Number(number) if number.is_f64() => Kind::Float,
        Value::Number(_) => Kind::Int,
        Value::String(_) => Kind::String,
        Value::Array(_) => Kind::List,
        Value::Object(_) => Kind::Object,
    }
}

/// The one kind that all items have.
pub(super) fn item_kind(lists: &[&[Value]]) -> Result<Kind, PatchError> {
    let mut kinds = lists.iter().copied().flatten().map(kind);
    match kinds.next() {
        None => Err(PatchError::Mistyped("no elements in any of the given slices".into())),
        Some(Kind::List) => Err(PatchError::Unfit("lists of lists are not supported".into())),
        Some(first) if first != Kind::Null && kinds.all(|kind| kind == first) => Ok(first),
        Some(_) => {
            let lists = lists.iter().map(|list| go_text(&Value::Array(list.to_vec())));
            let lists: Vec<String> = lists.collect();
            Err(PatchError::Mistyped(format!(
                "list element types are not identical: [{}]",
                lists.join(" ")
            )))
        }
    }
}

/// Merges a list whose strategy is to be merged.
pub(super) fn merge(
    mut original: Vec<Value>,
    mut patch: Vec<Value>,
    strategy: &Strategy,
    place: Place<'_>,
) -> Result<Vec<Value>, PatchError> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    let is_objects = item_kind(&[&original, &patch])? == Kind::Object;
    let merged = match (is_objects, strategy.merge_key) {
        (false, _) => {
            let mut merged: Vec<Value> = Vec::new();
            for item in original.iter().chain(&patch) {
                if !merged.contains(item) {
                    merged.push(item.clone());
                }
            }
            merged
        }
        (true, None) => {
            return Err(PatchError::Mistyped(format!(
                "cannot merge lists without merge key for {}",
                place.kind()
            )));
        }
        (true, Some(key)) => {
            (original, patch) = obey_directives(original, patch, key)?;
            merge_items(original.clone(), &patch, key, place)?
        }
    };
    in_order(merged, &patch, &original, strategy.merge_key)
}

/// Carries out what items with `$patch` say, and leaves the rest of the patch.
fn obey_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut plain = Vec::new();
    let mut replaced = false;
    for item in patch {
        match item.get(DIRECTIVE) {
            None => plain.push(item),
            Some(Value::String(directive)) if directive == "delete" => {
                let gone = item.get(key).ok_or_else(|| no_merge_key(&item, key))?;
                all_objects(&original)?;
                original.retain(|old| old.get(key) != Some(gone));
            }
            Some(Value::String(directive)) if directive == "replace" => replaced = true,
            Some(Value::String(directive)) if directive == "merge" => {
                return Err(PatchError::Mistyped(
                    "merging lists cannot yet be specified in the patch".into(),
                ));
            }
            Some(other) => {
                let map = item.as_object().cloned().unwrap_or_default();
                return Err(unknown_directive(other.clone(), map));
            }
        }
    }
    Ok(if replaced { (plain, Vec::new()) } else { (original, plain) })
}

fn merge_items(
    mut merged: Vec<Value>,
    patch: &[Value],
    key: &str,
    place: Place<'_>,
) -> Result<Vec<Value>, PatchError> {
    for item in patch {
        let Value::Object(fields) = item else {
            return Err(bad_type("map[string]interface {}", item));
        };
        let name = fields.get(key).ok_or_else(|| no_merge_key(item, key))?;
        all_objects(&merged)?;
        match merged.iter_mut().find(|old| old.get(key) == Some(name)) {
            Some(slot) => {
                let old = slot.as_object().cloned().unwrap_or_default();
                *slot = Value::Object(merge_objects(old, fields.clone(), place)?);
            }
            None => merged.push(item.clone()),
        }
    }
    Ok(merged)
}

fn all_objects(items: &[Value]) -> Result<(), PatchError> {
    match items.iter().position(|item| !item.is_object()) {
        Some(i) => Err(PatchError::Mistyped(format!("value for key {i} is not a map"))),
        None => Ok(()),
    }
}
