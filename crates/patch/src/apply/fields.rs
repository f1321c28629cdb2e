//! Walks over one object: the set of its fields, the object without some of them, and sets made
//! fit for both.
//!
//! Mirrors `typed/tofieldset.go`, `typed/remove.go` and parts of `fieldpath/set.go` and
//! `typed/reconcile_schema.go` of structured-merge-diff.

use super::set::Set;
use super::types::{List, MapType, Part, Ty, Walk};
use object::fields_v1::PathElement;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields that an object has.
pub(super) fn field_set(ty: Ty<'_>, object: &Value) -> Set {
    let mut set = Set::new();
    collect(ty, object, &mut Vec::new(), &mut set);
    set
}

fn walk_of<'a>(ty: Ty<'a>, value: &Value) -> Walk<'a> {
    let atom = ty.atom();
    atom.part(atom.choose(Some(value)))
}

fn collect(ty: Ty<'_>, value: &Value, path: &mut Vec<PathElement>, set: &mut Set) {
    match walk_of(ty, value) {
        Walk::Scalar(_) => set.insert(path),
        Walk::Map(ty) if ty.atomic => set.insert(path),
        Walk::List(ty) if ty.is_atomic() => set.insert(path),
        Walk::Map(ty) => {
            for (key, member) in value.as_object().into_iter().flatten() {
                path.push(PathElement::Field(key.clone()));
                collect(ty.member(key), member, path, set);
                let is_empty = member.is_null() || member.as_object().is_some_and(Map::is_empty);
                if is_empty || ty.field(key).is_none() {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Walk::List(ty) => {
            let mut counts: BTreeMap<PathElement, (usize, &Value)> = BTreeMap::new();
            for item in value.as_array().into_iter().flatten() {
                if let Ok(element) = ty.element(item) {
                    counts.entry(element).or_insert((0, item)).0 += 1;
                }
            }
            for (element, (count, item)) in counts {
                path.push(element);
                // Of items that are there twice, nobody can own the parts.
                if count == 1 {
                    collect(ty.item, item, path, set);
                }
                set.insert(path);
                path.pop();
            }
        }
    }
}

/// An object without some fields. What is left empty becomes null, as upstream has it.
pub(super) fn remove(ty: Ty<'_>, value: &Value, gone: &Set) -> Value {
    match walk_of(ty, value) {
        Walk::Scalar(_) => value.clone(),
        Walk::Map(ty) if ty.atomic => Value::Null,
        Walk::List(ty) if ty.is_atomic() => Value::Null,
        Walk::Map(ty) => remove_members(&ty, value, gone),
        Walk::List(ty) => remove_items(&ty, value, gone),
    }
}

fn remove_members(ty: &MapType<'_>, value: &Value, gone: &Set) -> Value {
    let mut out = Map::new();
    for (key, member) in value.as_object().into_iter().flatten() {
        let element = PathElement::Field(key.clone());
        if gone.members.contains(&element) {
            continue;
        }
        let kept = match gone.below(&element).filter(|below| !below.is_empty()) {
            Some(below) => remove(ty.member(key), member, below),
            None => member.clone(),
        };
        out.insert(key.clone(), kept);
    }
    if out.is_empty() { Value::Null } else { Value::Object(out) }
}

fn remove_items(ty: &List<'_>, value: &Value, gone: &Set) -> Value {
    let mut out = Vec::new();
    for item in value.as_array().into_iter().flatten() {
        let Ok(element) = ty.element(item) else {
            out.push(item.clone());
            continue;
        };
        if gone.members.contains(&element) {
            continue;
        }
        out.push(match gone.below(&element).filter(|below| !below.is_empty()) {
            Some(below) => remove(ty.item, item, below),
            None => item.clone(),
        });
    }
    if out.is_empty() { Value::Null } else { Value::Array(out) }
}

/// With every declared field a member that has members below it.
pub(super) fn with_named_fields(ty: Option<Ty<'_>>, set: &Set) -> Set {
    let atom = ty.map(Ty::atom);
    let map = atom.as_ref().and_then(|atom| atom.map.as_ref());
    let list = atom.as_ref().and_then(|atom| atom.list.as_ref());
    let mut out = Set { members: set.members.clone(), children: BTreeMap::new() };
    for (element, below) in &set.children {
        let inner = match element {
            PathElement::Field(name) => {
                if map.is_some_and(|map| map.field(name).is_some()) {
                    out.members.insert(element.clone());
                }
                map.and_then(|map| map.field(name).or(map.element))
            }
            PathElement::Key(_) => list.map(|list| list.item),
            _ => None,
        };
        out.children.insert(element.clone(), with_named_fields(inner, below));
    }
    out
}

/// A set that was recorded under an older schema, made fit for today's: what has become one value
/// since is owned as one. None where nothing changes.
pub(super) fn reconcile(ty: Ty<'_>, set: &Set) -> Option<Set> {
    let mut whole = Set::new();
    find_whole(ty, Some(set), false, &mut Vec::new(), &mut whole);
    (!whole.is_empty()).then(|| set.recursive_difference(&whole).union(&whole))
}

fn find_whole(
    ty: Ty<'_>,
    set: Option<&Set>,
    is_whole: bool,
    path: &mut Vec<PathElement>,
    out: &mut Set,
) {
    let walk = ty.atom().part(Part::Undecided);
    let is_atomic = match &walk {
        Walk::Scalar(_) => return,
        Walk::Map(map) if map.is_deduced() => return,
        Walk::Map(map) => map.atomic,
        Walk::List(list) => list.is_atomic(),
    };
    if is_atomic && !is_whole {
        if matches!(walk, Walk::List(_)) || set.is_some_and(|set| !set.is_empty()) {
            out.insert(path);
        }
        return;
    }
    let Some(set) = set else { return };
    let leaves = set.members.iter().filter(|member| !set.children.contains_key(*member));
    for element in set.children.keys().chain(leaves) {
        let inner = match &walk {
            Walk::Map(map) => match element {
                PathElement::Field(name) => map.field(name).or(map.element),
                _ => map.element,
            },
            Walk::List(list) => Some(list.item),
            Walk::Scalar(_) => None,
        };
        if let Some(inner) = inner {
            let below = set.children.get(element);
            path.push(element.clone());
            find_whole(inner, below, below.is_none(), path, out);
            path.pop();
        }
    }
}
