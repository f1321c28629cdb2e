//! The order of merged lists: the patch's own, then the object's.
//!
//! `$setElementOrder/<field>` in a patch says which order the items shall have; without it the
//! patch's list says so. Items that only the object has keep their place as well as they can.

use super::list::{self, item_kind};
use super::meta::Place;
use super::{
    DIRECTIVE, Object, PatchError, SET_ORDER, bad_type, directive_field, go_text, malformed,
    no_merge_key, without_directives,
};
use serde_json::Value;

/// Merges each list whose order the patch sets, and takes it out of the patch.
pub(super) fn merge_ordered_lists(
    original: &mut Object,
    patch: &mut Object,
    place: Place<'_>,
) -> Result<(), PatchError> {
    let directives: Vec<String> =
        patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let order = patch.remove(&directive).unwrap_or_default();
        let Value::Array(order) = order else {
            return Err(bad_type("[]interface {}", &order));
        };
        let field = directive_field(&directive, SET_ORDER).ok_or_else(wrong_order)?;
        let old = list_at(original, field)?;
        let new = list_at(patch, field)?;
        let (inner, strategy) = place.list(field)?;
        check_order(new.as_deref().unwrap_or_default(), &order, strategy.merge_key)?;
        let merged = match (&old, &new) {
            (None, None) => continue,
            (Some(old), None) => old.clone(),
            (None, Some(new)) => new.iter().cloned().filter_map(without_directives).collect(),
            (Some(old), Some(new)) if strategy.merge => {
                list::merge(old.clone(), new.clone(), &strategy, inner)?
            }
            (Some(_), Some(new)) => new.clone(),
        };
        let old = old.unwrap_or_default();
        item_kind(&[&old, new.as_deref().unwrap_or_default()])?;
        let ordered = in_order(merged, &order, &old, strategy.merge_key)?;
        original.insert(field.to_owned(), Value::Array(ordered));
        patch.remove(field);
    }
    Ok(())
}

fn list_at(object: &Object, field: &str) -> Result<Option<Vec<Value>>, PatchError> {
    match object.get(field) {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items.clone())),
        Some(other) => Err(bad_type("[]interface {}", other)),
    }
}

fn wrong_order() -> PatchError {
    malformed("invalid patch format of setElementOrder list")
}

/// The patch's items must stand in the order that it sets, and must all be in there.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut places = order.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let name = name(item, key)?;
        loop {
            match places.next() {
                Some(place) if self::name(place, key)? == name => break,
                Some(_) => {}
                None => {
                    return Err(PatchError::Mistyped(format!(
                        "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
                        go_text(&Value::Array(patch.to_vec())),
                        go_text(&Value::Array(order.to_vec()))
                    )));
                }
            }
        }
    }
    Ok(())
}

/// What tells an item from others: itself, or its merge key's value.
fn name<'a>(item: &'a Value, key: Option<&str>) -> Result<&'a Value, PatchError> {
    let Some(key) = key else {
        return Ok(item);
    };
    match item {
        Value::Object(fields) => fields.get(key).ok_or_else(|| no_merge_key(item, key)),
        other => Err(bad_type("map[string]interface {}", other)),
    }
}

/// Items that are in `patch_order` in that order, the others in that of `server_order`, woven into
/// each other so that both keep theirs.
pub(super) fn in_order(
    merged: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, PatchError> {
    let wanted = names(patch_order, key)?;
    let present = names(server_order, key)?;
    let place_in = |order: &[&Value], item: &Value| -> Result<Option<usize>, PatchError> {
        let name = name(item, key)?;
        Ok(order.iter().position(|other| *other == name))
    };
    let (mut patched, mut server_only) = (Vec::new(), Vec::new());
    for item in merged {
        let server_place = place_in(&present, &item)?;
        match place_in(&wanted, &item)? {
            Some(place) => patched.push((place, server_place, item)),
            None => server_only.push((server_place, item)),
        }
    }
    patched.sort_by_key(|(place, ..)| *place);
    server_only.sort_by_key(|(place, _)| *place);

    let mut out = Vec::with_capacity(patched.len() + server_only.len());
    let mut left = server_only.into_iter().peekable();
    for (_, right_place, right) in patched {
        while let Some((_, item)) = left.next_if(|(left_place, _)| {
            matches!((left_place, right_place), (Some(left), Some(right)) if *left < right)
        }) {
            out.push(item);
        }
        out.push(right);
    }
    out.extend(left.map(|(_, item)| item));
    Ok(out)
}

fn names<'a>(items: &'a [Value], key: Option<&str>) -> Result<Vec<&'a Value>, PatchError> {
    items.iter().map(|item| name(item, key)).collect()
}
