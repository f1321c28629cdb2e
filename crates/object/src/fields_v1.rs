//! The path elements of `FieldsV1` and their order: `f:` names, `k:` keys, `v:` values, `i:`
//! indices.
//!
//! A tree's objects forget the order of their members, and upstream stores `FieldsV1` in the order
//! of its path elements, in which numbers are numbers; [`print`] restores it. Mirrors
//! `sigs.k8s.io/structured-merge-diff/v6/fieldpath`.

use crate::quote::quoted;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::fmt;

/// One step of a field's path. They are ordered as they are declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathElement {
    /// A field of a struct, or a key of a map.
    Field(String),
    /// An item of a list whose items are told apart by some of their fields, in order of names.
    Key(Vec<(String, Plain)>),
    /// An item of a list that is a set.
    Value(Plain),
    /// An item by its place.
    Index(i64),
}

/// A JSON value with upstream's order: numbers, texts, booleans, lists, maps, null.
#[derive(Clone, Debug)]
pub struct Plain(pub Value);

impl PathElement {
    /// Reads a member's name, such as `f:spec` or `k:{"name":"web"}`; none for an unknown kind.
    ///
    /// # Errors
    /// Where the name says a known kind and is malformed.
    pub fn parse(name: &str) -> Result<Option<Self>, String> {
        let Some((kind, rest)) = name.split_once(':').filter(|(kind, _)| kind.len() == 1) else {
            return Err(if name.len() < 2 {
                "key must be 2 characters long:".to_owned()
            } else {
                format!("missing colon: {name}")
            });
        };
        Ok(Some(match kind {
            "f" => Self::Field(rest.to_owned()),
            "v" => Self::Value(Plain(serde_json::from_str(rest).map_err(|e| e.to_string())?)),
            "i" => Self::Index(rest.parse().map_err(|_| format!("invalid index: {rest}"))?),
            "k" => {
                let fields: Map<String, Value> =
                    serde_json::from_str(rest).map_err(|e| e.to_string())?;
                Self::Key(fields.into_iter().map(|(name, value)| (name, Plain(value))).collect())
            }
            _ => return Ok(None),
        }))
    }

    /// The member's name.
    pub fn name(&self) -> String {
        match self {
            // The most common by far; formatting would take several times as long.
            Self::Field(name) => ["f:", name.as_str()].concat(),
            Self::Key(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), value.0.clone()));
                format!("k:{}", Value::Object(fields.collect()))
            }
            Self::Value(value) => format!("v:{}", value.0),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

/// As a person reads it in a path: `.spec`, `[name="web"]`, `[="x"]`, `[0]`.
impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                f.write_str("[")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={}", spoken(&value.0))?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={}]", spoken(&value.0)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn spoken(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

impl Ord for Plain {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Plain {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Plain {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Plain {}

/// Compares two values as upstream does; `1` and `1.0` are the same.
pub fn compare(a: &Value, b: &Value) -> Ordering {
    fn rank(value: &Value) -> u8 {
        match value {
            Value::Number(_) => 0,
            Value::String(_) => 1,
            Value::Bool(_) => 2,
            Value::Array(_) => 3,
            Value::Object(_) => 4,
            Value::Null => 5,
        }
    }
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default()),
        },
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let unequal = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|o| o.is_ne());
            unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let unequal = a
                .iter()
                .zip(b)
                .map(|((a_key, a), (b_key, b))| a_key.cmp(b_key).then_with(|| compare(a, b)));
            unequal.into_iter().find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

/// The compact JSON of a `FieldsV1`, its members in upstream's order: `.` first, then path
/// elements, then names that are none.
pub fn print(fields: &Value) -> String {
    let mut out = String::new();
    push(&mut out, fields);
    out
}

fn push(out: &mut String, fields: &Value) {
    let Value::Object(members) = fields else {
        out.push_str(&fields.to_string());
        return;
    };
    let mut ordered: Vec<(Rank<'_>, &String, &Value)> =
        members.iter().map(|(name, value)| (Rank::of(name), name, value)).collect();
    ordered.sort_by(|a, b| a.0.cmp(&b.0));
    out.push('{');
    for (i, (_, name, value)) in ordered.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&Value::from(name.as_str()).to_string());
        out.push(':');
        push(out, value);
    }
    out.push('}');
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank<'a> {
    Itself,
    Element(PathElement),
    Other(&'a str),
}

impl<'a> Rank<'a> {
    fn of(name: &'a str) -> Self {
        match name {
            "." => Self::Itself,
            _ => match PathElement::parse(name) {
                Ok(Some(element)) => Self::Element(element),
                _ => Self::Other(name),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PathElement, print};
    use serde_json::json;

    #[test]
    fn elements_are_read_and_written() {
        for (name, path) in [
            ("f:spec", ".spec"),
            ("f:example.com/a:b", ".example.com/a:b"),
            (r#"k:{"containerPort":80,"protocol":"TCP"}"#, r#"[containerPort=80,protocol="TCP"]"#),
            (r#"v:"x""#, r#"[="x"]"#),
            ("v:3", "[=3]"),
            ("i:2", "[2]"),
        ] {
            let element = PathElement::parse(name).expect(name).expect(name);
            assert_eq!(element.name(), name);
            assert_eq!(element.to_string(), path);
        }
        assert_eq!(PathElement::parse("x:1"), Ok(None));
        for name in ["", "f", "spec", "k:x", "i:x"] {
            assert!(PathElement::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn members_are_printed_in_order_of_path_elements() {
        let fields = json!({
            "v:2": {}, "v:10": {}, "k:{\"port\":443}": {}, "k:{\"port\":80}": {"f:port": {}, ".": {}},
            "f:b": {}, "f:a": {},
        });
        assert_eq!(
            print(&fields),
            r#"{"f:a":{},"f:b":{},"k:{\"port\":80}":{".":{},"f:port":{}},"k:{\"port\":443}":{},"v:2":{},"v:10":{}}"#
        );
    }
}
