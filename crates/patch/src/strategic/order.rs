//! The order of merged lists: the patch's own, then the object's. Items that only the object has
//! keep their place as well as they can.

use super::{PatchError, bad_type, no_merge_key};
use serde_json::Value;

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

/// What tells an item from others: itself, or its merge key's value.
pub(super) fn name<'a>(item: &'a Value, key: Option<&str>) -> Result<&'a Value, PatchError> {
    let Some(key) = key else {
        return Ok(item);
    };
    match item {
        Value::Object(fields) => fields.get(key).ok_or_else(|| no_merge_key(item, key)),
        other => Err(bad_type("map[string]interface {}", other)),
    }
}

fn names<'a>(items: &'a [Value], key: Option<&str>) -> Result<Vec<&'a Value>, PatchError> {
    items.iter().map(|item| name(item, key)).collect()
}
