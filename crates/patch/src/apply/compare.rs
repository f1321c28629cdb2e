//! What differs between two objects of one type, as three sets of paths.
//!
//! Mirrors `typed.Compare` of structured-merge-diff.

use super::set::Set;
use super::types::{List, MapType, Ty, Walk};
use object::fields_v1::{PathElement, compare as compare_values};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) removed: Set,
    pub(super) modified: Set,
    pub(super) added: Set,
}

impl Comparison {
    /// Without what an endpoint doesn't own.
    pub(super) fn without(mut self, fields: &Set) -> Self {
        for set in [&mut self.removed, &mut self.modified, &mut self.added] {
            set.subtract_below(fields);
        }
        self
    }

    /// Takes in what was found at and below a field; most fields are as they were.
    fn take_member(&mut self, key: &str, found: Found) {
        if !found.is_nothing() {
            self.take(&PathElement::Field(key.to_owned()), found);
        }
    }

    /// Takes in what was found at and below an element.
    fn take(&mut self, element: &PathElement, found: Found) {
        let Found { removed, modified, added, below } = found;
        for (set, here, below) in [
            (&mut self.removed, removed, below.removed),
            (&mut self.modified, modified, below.modified),
            (&mut self.added, added, below.added),
        ] {
            if here {
                set.members.insert(element.clone());
            }
            if !below.members.is_empty() || !below.children.is_empty() {
                set.children.insert(element.clone(), below);
            }
        }
    }
}

/// What differs at a place, and below it. Sets are put together from the leaves up, since a
/// search from the root for each leaf is what would take longest of a write.
#[derive(Default)]
struct Found {
    removed: bool,
    modified: bool,
    added: bool,
    below: Comparison,
}

impl Found {
    fn is_nothing(&self) -> bool {
        let sets = [&self.below.removed, &self.below.modified, &self.below.added];
        !(self.removed || self.modified || self.added)
            && sets.iter().all(|set| set.members.is_empty() && set.children.is_empty())
    }

    /// What is true of a value that is there on one side only.
    fn one_sided(&mut self, old: Side<'_>, new: Side<'_>) {
        match (old, new) {
            (None, _) => self.added = true,
            (_, None) => self.removed = true,
            _ => {}
        }
    }
}

/// Compares an old object with a new one.
pub(super) fn compare(ty: Ty<'_>, old: &Value, new: &Value) -> Comparison {
    let mut found = Found::default();
    visit(ty, Some(old), Some(new), &mut found);
    found.below
}

type Side<'a> = Option<&'a Value>;

fn visit(ty: Ty<'_>, old: Side<'_>, new: Side<'_>, found: &mut Found) {
    let atom = ty.atom();
    let (old_part, new_part) = (atom.choose(old), atom.choose(new));
    let is_leaf = if new.is_none() {
        walk(atom.part(old_part), old, new, found)
    } else {
        if old.is_some() && old_part != new_part {
            walk(atom.part(old_part), old, new, found);
        }
        walk(atom.part(new_part), old, new, found)
    };
    if !is_leaf {
        found.one_sided(old, new);
    }
}

/// Says whether the value was compared as a whole.
fn walk(walk: Walk<'_>, old: Side<'_>, new: Side<'_>, found: &mut Found) -> bool {
    match walk {
        Walk::Scalar(_) => leaf(old, new, found),
        Walk::Map(ty) => {
            let (a, b) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            let is_empty = a.is_none_or(Map::is_empty) && b.is_none_or(Map::is_empty);
            if ty.atomic || is_empty {
                return leaf(old, new, found);
            }
            members(&ty, a, b, &mut found.below);
            false
        }
        Walk::List(ty) => {
            let (a, b) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
            let is_empty = a.is_none_or(Vec::is_empty) && b.is_none_or(Vec::is_empty);
            if ty.is_atomic() || is_empty {
                return leaf(old, new, found);
            }
            items(&ty, a, b, &mut found.below);
            false
        }
    }
}

fn leaf(old: Side<'_>, new: Side<'_>, found: &mut Found) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => found.modified |= compare_values(old, new).is_ne(),
        _ => found.one_sided(old, new),
    }
    true
}

fn members(
    ty: &MapType<'_>,
    old: Option<&Map<String, Value>>,
    new: Option<&Map<String, Value>>,
    out: &mut Comparison,
) {
    let old_keys = old.into_iter().flat_map(Map::keys);
    let only_new = new
        .into_iter()
        .flat_map(Map::keys)
        .filter(|key| !old.is_some_and(|old| old.contains_key(*key)));
    for key in old_keys.chain(only_new) {
        let (a, b) = (old.and_then(|map| map.get(key)), new.and_then(|map| map.get(key)));
        let mut found = Found::default();
        visit(ty.member(key), a, b, &mut found);
        out.take_member(key, found);
    }
}

fn items(ty: &List<'_>, old: Option<&Vec<Value>>, new: Option<&Vec<Value>>, out: &mut Comparison) {
    let mut pairs: BTreeMap<PathElement, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    // An item that can't be told from others is an error upstream; objects were checked before.
    for item in old.into_iter().flatten() {
        if let Ok(element) = ty.element(item) {
            pairs.entry(element).or_default().0.push(item);
        }
    }
    for item in new.into_iter().flatten() {
        if let Ok(element) = ty.element(item) {
            pairs.entry(element).or_default().1.push(item);
        }
    }
    for (element, (old, new)) in pairs {
        let mut found = Found::default();
        match (old.as_slice(), new.as_slice()) {
            ([] | [_], [] | [_]) => {
                visit(ty.item, old.first().copied(), new.first().copied(), &mut found);
            }
            ([_, _, ..], [_, _, ..]) => {
                let same = old.len() == new.len()
                    && old.iter().zip(&new).all(|(a, b)| compare_values(a, b).is_eq());
                found.modified |= !same;
            }
            ([_, _, ..], _) => {
                if let Some(new) = new.first() {
                    visit(ty.item, None, Some(new), &mut found);
                }
                found.removed = true;
            }
            (_, _) => {
                if let Some(old) = old.first() {
                    visit(ty.item, Some(old), None, &mut found);
                }
                found.added = true;
            }
        }
        out.take(&element, found);
    }
}
