//! Lays an applied configuration over a live object.
//!
//! Mirrors `typed.Merge` of structured-merge-diff.

use super::types::{List, MapType, Part, Ty, Walk};
use object::fields_v1::PathElement;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The merged object.
///
/// # Errors
/// Where items of a list can't be told apart.
pub(super) fn merge(ty: Ty<'_>, live: &Value, config: &Value) -> Result<Value, String> {
    visit(ty, Some(live), Some(config)).map(Option::unwrap_or_default)
}

type Side<'a> = Option<&'a Value>;

fn visit(ty: Ty<'_>, live: Side<'_>, config: Side<'_>) -> Result<Option<Value>, String> {
    let atom = ty.atom();
    let part: Part = atom.choose(if config.is_some() { config } else { live });
    match atom.part(part) {
        Walk::Scalar(_) => Ok(leaf(live, config)),
        Walk::Map(ty) => {
            let (a, b) = (live.and_then(Value::as_object), config.and_then(Value::as_object));
            if ty.atomic || (a.is_none_or(Map::is_empty) && b.is_none_or(Map::is_empty)) {
                return Ok(leaf(live, config));
            }
            members(&ty, a, b)
        }
        Walk::List(ty) => {
            let (a, b) = (live.and_then(Value::as_array), config.and_then(Value::as_array));
            if ty.is_atomic() || (a.is_none_or(Vec::is_empty) && b.is_none_or(Vec::is_empty)) {
                return Ok(leaf(live, config));
            }
            let empty = Vec::new();
            items(&ty, a.unwrap_or(&empty), b.unwrap_or(&empty))
        }
    }
}

fn leaf(live: Side<'_>, config: Side<'_>) -> Option<Value> {
    config.or(live).cloned()
}

fn members(
    ty: &MapType<'_>,
    live: Option<&Map<String, Value>>,
    config: Option<&Map<String, Value>>,
) -> Result<Option<Value>, String> {
    let mut out = Map::new();
    let only_config = config
        .into_iter()
        .flat_map(Map::keys)
        .filter(|key| !live.is_some_and(|live| live.contains_key(*key)));
    for key in live.into_iter().flat_map(Map::keys).chain(only_config) {
        let (a, b) = (live.and_then(|map| map.get(key)), config.and_then(|map| map.get(key)));
        if let Some(merged) = visit(ty.member(key), a, b)? {
            out.insert(key.clone(), merged);
        }
    }
    Ok((!out.is_empty()).then_some(Value::Object(out)))
}

/// A list's items by their path elements.
struct Index<'a> {
    order: Vec<PathElement>,
    by_element: BTreeMap<PathElement, Side<'a>>,
}

const NULL: Value = Value::Null;

impl<'a> Index<'a> {
    /// Items that are there twice count as null where they are allowed at all.
    fn new(ty: &List<'_>, items: &'a [Value], allow_duplicates: bool) -> Result<Self, String> {
        let mut index = Self { order: Vec::new(), by_element: BTreeMap::new() };
        for (i, item) in items.iter().enumerate() {
            let element = ty.element(item).map_err(|e| format!("element {i}: {e}"))?;
            if index.by_element.contains_key(&element) {
                if !allow_duplicates {
                    return Err(format!("duplicate entries for key {element}"));
                }
                index.by_element.insert(element.clone(), Some(&NULL));
            } else {
                index.by_element.insert(element.clone(), Some(item));
            }
            index.order.push(element);
        }
        Ok(index)
    }

    fn get(&self, element: &PathElement) -> Side<'a> {
        self.by_element.get(element).copied().flatten()
    }

    fn has(&self, element: &PathElement) -> bool {
        self.by_element.contains_key(element)
    }
}

/// Keeps the configuration's order, and puts the items that only the live object has where they
/// stood between the shared ones.
fn items(ty: &List<'_>, live: &[Value], config: &[Value]) -> Result<Option<Value>, String> {
    let new = Index::new(ty, config, false)?;
    let old = Index::new(ty, live, true)?;
    let mut shared: VecDeque<&PathElement> = new.order.iter().filter(|e| old.has(e)).collect();
    let mut next_shared = shared.pop_front();
    let mut merged: BTreeSet<&PathElement> = BTreeSet::new();
    let mut out = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < old.order.len() || r < new.order.len() {
        if let (Some(left), Some(right)) = (old.order.get(l), new.order.get(r)) {
            if left == right {
                merged.insert(left);
                out.extend(visit(ty.item, old.get(left), new.get(left))?);
                (l, r) = (l + 1, r + 1);
                next_shared = shared.pop_front();
                continue;
            }
            // This one comes later in the configuration.
            if new.has(left) && next_shared.is_some_and(|next| next != left) {
                l += 1;
                continue;
            }
        }
        if let Some(left) = old.order.get(l) {
            if !new.has(left) {
                out.extend(visit(ty.item, live.get(l), None)?);
                l += 1;
                continue;
            }
            if merged.contains(left) {
                l += 1;
            }
        }
        if let Some(right) = new.order.get(r) {
            merged.insert(right);
            out.extend(visit(ty.item, old.get(right), new.get(right))?);
            r += 1;
            if next_shared == Some(right) {
                next_shared = shared.pop_front();
            }
        }
    }
    Ok((!out.is_empty()).then_some(Value::Array(out)))
}
