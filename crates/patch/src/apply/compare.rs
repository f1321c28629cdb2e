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
    pub(super) fn without(self, fields: &Set) -> Self {
        Self {
            removed: self.removed.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            added: self.added.recursive_difference(fields),
        }
    }
}

/// Compares an old object with a new one.
pub(super) fn compare(ty: Ty<'_>, old: &Value, new: &Value) -> Comparison {
    let mut walker = Walker { out: Comparison::default(), path: Vec::new() };
    walker.visit(ty, Some(old), Some(new));
    walker.out
}

struct Walker {
    out: Comparison,
    path: Vec<PathElement>,
}

type Side<'a> = Option<&'a Value>;

impl Walker {
    fn visit(&mut self, ty: Ty<'_>, old: Side<'_>, new: Side<'_>) {
        let atom = ty.atom();
        let (old_part, new_part) = (atom.choose(old), atom.choose(new));
        let is_leaf = if new.is_none() {
            self.walk(atom.part(old_part), old, new)
        } else {
            if old.is_some() && old_part != new_part {
                self.walk(atom.part(old_part), old, new);
            }
            self.walk(atom.part(new_part), old, new)
        };
        if !is_leaf {
            match (old, new) {
                (None, _) => self.out.added.insert(&self.path),
                (_, None) => self.out.removed.insert(&self.path),
                _ => {}
            }
        }
    }

    /// Says whether the value was compared as a whole.
    fn walk(&mut self, walk: Walk<'_>, old: Side<'_>, new: Side<'_>) -> bool {
        match walk {
            Walk::Scalar(_) => self.leaf(old, new),
            Walk::Map(ty) => {
                let (a, b) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
                let is_empty = a.is_none_or(Map::is_empty) && b.is_none_or(Map::is_empty);
                if ty.atomic || is_empty {
                    return self.leaf(old, new);
                }
                self.members(&ty, a, b);
                false
            }
            Walk::List(ty) => {
                let (a, b) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
                let is_empty = a.is_none_or(Vec::is_empty) && b.is_none_or(Vec::is_empty);
                if ty.is_atomic() || is_empty {
                    return self.leaf(old, new);
                }
                self.items(&ty, a, b);
                false
            }
        }
    }

    fn leaf(&mut self, old: Side<'_>, new: Side<'_>) -> bool {
        match (old, new) {
            (None, _) => self.out.added.insert(&self.path),
            (_, None) => self.out.removed.insert(&self.path),
            (Some(old), Some(new)) => {
                if compare_values(old, new).is_ne() {
                    self.out.modified.insert(&self.path);
                }
            }
        }
        true
    }

    fn members(
        &mut self,
        ty: &MapType<'_>,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
    ) {
        let old_keys = old.into_iter().flat_map(Map::keys);
        let only_new = new
            .into_iter()
            .flat_map(Map::keys)
            .filter(|key| !old.is_some_and(|old| old.contains_key(*key)));
        for key in old_keys.chain(only_new) {
            self.path.push(PathElement::Field(key.clone()));
            let (a, b) = (old.and_then(|map| map.get(key)), new.and_then(|map| map.get(key)));
            self.visit(ty.member(key), a, b);
            self.path.pop();
        }
    }

    fn items(&mut self, ty: &List<'_>, old: Option<&Vec<Value>>, new: Option<&Vec<Value>>) {
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
            self.path.push(element);
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => {
                    self.visit(ty.item, old.first().copied(), new.first().copied());
                }
                ([_, _, ..], [_, _, ..]) => {
                    let same = old.len() == new.len()
                        && old.iter().zip(&new).all(|(a, b)| compare_values(a, b).is_eq());
                    if !same {
                        self.out.modified.insert(&self.path);
                    }
                }
                ([_, _, ..], _) => {
                    if let Some(new) = new.first() {
                        self.visit(ty.item, None, Some(new));
                    }
                    self.out.removed.insert(&self.path);
                }
                (_, _) => {
                    if let Some(old) = old.first() {
                        self.visit(ty.item, Some(old), None);
                    }
                    self.out.added.insert(&self.path);
                }
            }
            self.path.pop();
        }
    }
}
