//! `$setElementOrder/<field>`: a patch says in which order the items of a list shall be.

use super::list::{self, item_kind};
use super::meta::Place;
use super::order::{self, in_order};
use super::{
    DIRECTIVE, Object, PatchError, SET_ORDER, bad_type, directive_field, go_text, malformed,
    without_directives,
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
        let name = order::name(item, key)?;
        loop {
            match places.next() {
                Some(place) if order::name(place, key)? == name => break,
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
