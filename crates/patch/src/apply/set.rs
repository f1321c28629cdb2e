//! A set of field paths: which fields a manager owns, which fields changed.
//!
//! Mirrors `fieldpath.Set` of structured-merge-diff. A path that is a member doesn't make the paths
//! below it members.

use object::fields_v1::PathElement;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A set of field paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    pub(super) members: BTreeSet<PathElement>,
    pub(super) children: BTreeMap<PathElement, Set>,
}

/// A path, from an object's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<PathElement>);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|element| element.fmt(f))
    }
}

impl Set {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// With paths of plain field names, such as `&["status"]` and `&["metadata", "labels"]`.
    pub fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = Self::new();
        for path in paths {
            let path: Vec<_> =
                path.iter().map(|name| PathElement::Field((*name).to_owned())).collect();
            set.insert(&path);
        }
        set
    }

    /// Adds a path; the root itself can't be a member.
    pub fn insert(&mut self, path: &[PathElement]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether a path is a member.
    pub fn has(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|set| set.has(rest)),
        }
    }

    /// Whether no path is a member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// All members of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.members.extend(other.members.iter().cloned());
        for (element, set) in &other.children {
            match out.children.get_mut(element) {
                Some(own) => *own = own.union(set),
                None => {
                    out.children.insert(element.clone(), set.clone());
                }
            }
        }
        out
    }

    /// The members of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, set)| {
            let both = set.intersection(other.children.get(element)?);
            (!both.is_empty()).then(|| (element.clone(), both))
        });
        Self { members, children: children.collect() }
    }

    /// The members that the other set lacks.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, set)| {
            let Some(gone) = other.children.get(element) else {
                return Some((element.clone(), set.clone()));
            };
            let rest = set.difference(gone);
            (!rest.is_empty()).then(|| (element.clone(), rest))
        });
        Self { members, children: children.collect() }
    }

    /// The members that are neither in the other set nor below a member of it.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, set)| {
            if other.members.contains(element) {
                return None;
            }
            let Some(gone) = other.children.get(element) else {
                return Some((element.clone(), set.clone()));
            };
            let rest = set.recursive_difference(gone);
            (!rest.is_empty()).then(|| (element.clone(), rest))
        });
        Self { members, children: children.collect() }
    }

    /// Adds all members of another.
    pub fn absorb(&mut self, other: Self) {
        self.members.extend(other.members);
        for (element, set) in other.children {
            match self.children.get_mut(&element) {
                Some(own) => own.absorb(set),
                None => drop(self.children.insert(element, set)),
            }
        }
    }

    /// [`Set::difference`], in place.
    pub fn subtract(&mut self, other: &Self) {
        for member in &other.members {
            self.members.remove(member);
        }
        for (element, gone) in &other.children {
            if let Some(set) = self.children.get_mut(element) {
                set.subtract(gone);
                if set.is_empty() {
                    self.children.remove(element);
                }
            }
        }
    }

    /// [`Set::recursive_difference`], in place.
    pub fn subtract_below(&mut self, other: &Self) {
        for member in &other.members {
            self.members.remove(member);
            self.children.remove(member);
        }
        for (element, gone) in &other.children {
            if let Some(set) = self.children.get_mut(element) {
                set.subtract_below(gone);
                if set.is_empty() {
                    self.children.remove(element);
                }
            }
        }
    }

    /// What stands below an element.
    pub fn below(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element)
    }

    /// Calls a function with each member; those of one place before those below it.
    pub fn for_each(&self, f: &mut impl FnMut(&Path)) {
        self.for_each_below(&mut Path::default(), f);
    }

    fn for_each_below(&self, path: &mut Path, f: &mut impl FnMut(&Path)) {
        for member in &self.members {
            path.0.push(member.clone());
            f(path);
            path.0.pop();
        }
        for (element, set) in &self.children {
            path.0.push(element.clone());
            set.for_each_below(path, f);
            path.0.pop();
        }
    }

    /// As `FieldsV1`; [`object::fields_v1::print`] gives its text in upstream's order.
    pub fn to_fields_v1(&self) -> Value {
        let mut out = Map::new();
        for member in self.members.iter().filter(|member| !self.children.contains_key(member)) {
            out.insert(member.name(), Value::Object(Map::new()));
        }
        for (element, set) in &self.children {
            let mut below = match set.to_fields_v1() {
                Value::Object(below) => below,
                _ => Map::new(),
            };
            if self.members.contains(element) && !below.is_empty() {
                below.insert(".".to_owned(), Value::Object(Map::new()));
            }
            out.insert(element.name(), Value::Object(below));
        }
        Value::Object(out)
    }

    /// Reads a `FieldsV1`; unknown kinds of path elements are passed over.
    ///
    /// # Errors
    /// Where a path element is malformed.
    pub fn from_fields_v1(fields: &Value) -> Result<Self, String> {
        Self::read(fields).map(|(set, _)| set.unwrap_or_default())
    }

    fn read(fields: &Value) -> Result<(Option<Self>, bool), String> {
        let mut set: Option<Self> = None;
        let mut is_member = false;
        for (name, value) in fields.as_object().into_iter().flatten() {
            if name == "." {
                is_member = true;
                continue;
            }
            let Some(element) = PathElement::parse(name)? else {
                continue;
            };
            let (below, below_is_member) = Self::read(value)?;
            let set = set.get_or_insert_default();
            if let Some(below) = below {
                set.children.insert(element.clone(), below);
            }
            if below_is_member {
                set.members.insert(element);
            }
        }
        let is_leaf = set.is_none();
        Ok((set, is_member || is_leaf))
    }
}

#[cfg(test)]
mod tests {
    use super::Set;
    use serde_json::json;

    fn set(fields: serde_json::Value) -> Set {
        Set::from_fields_v1(&fields).expect("valid")
    }

    #[test]
    fn fields_are_read_and_written() {
        let fields = json!({
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}, "f:name": {}}}},
            "f:finalizers": {"v:\"x\"": {}},
        });
        assert_eq!(set(fields.clone()).to_fields_v1(), fields);
        assert_eq!(
            set(json!({"x:unknown": {"f:a": {}}, "f:b": {}})).to_fields_v1(),
            json!({"f:b": {}})
        );
        assert!(Set::from_fields_v1(&json!({"f": {}})).is_err());
    }

    #[test]
    fn sets_are_joined_met_and_taken_apart() {
        let a = set(json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}}));
        let b = set(json!({"f:a": {"f:x": {}, "f:z": {}}, "f:c": {}}));
        for (got, expected) in [
            (
                a.union(&b),
                json!({"f:a": {".": {}, "f:x": {}, "f:y": {}, "f:z": {}}, "f:b": {}, "f:c": {}}),
            ),
            (a.intersection(&b), json!({"f:a": {"f:x": {}}})),
            (a.difference(&b), json!({"f:a": {".": {}, "f:y": {}}, "f:b": {}})),
            (
                a.difference(&set(json!({"f:a": {}}))),
                json!({"f:a": {"f:x": {}, "f:y": {}}, "f:b": {}}),
            ),
            (a.recursive_difference(&set(json!({"f:a": {}}))), json!({"f:b": {}})),
        ] {
            assert_eq!(got.to_fields_v1(), expected);
        }
        let mut joined = a.clone();
        joined.absorb(b.clone());
        assert_eq!(joined, a.union(&b));
        for other in [&b, &set(json!({"f:a": {}})), &a] {
            let (mut rest, mut rest_below) = (a.clone(), a.clone());
            rest.subtract(other);
            rest_below.subtract_below(other);
            assert_eq!(rest, a.difference(other));
            assert_eq!(rest_below, a.recursive_difference(other));
        }
        assert!(
            Set::of_fields(&[&["status"]])
                .recursive_difference(&Set::of_fields(&[&["status"]]))
                .is_empty()
        );
    }
}
