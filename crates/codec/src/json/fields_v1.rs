//! `metav1.FieldsV1` as text, its keys in the order of upstream's path elements: `.`, then fields
//! by name, list items by their key, by value, by index. A tree keeps keys in the order of their
//! bytes, where port 443 comes before port 80; what lies in etcd must not.
//!
//! Mirrors `sigs.k8s.io/structured-merge-diff/v6/fieldpath`.

use super::text::{push_string, push_value, sorted};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Appends a set of fields.
pub(crate) fn push(out: &mut Vec<u8>, value: &Value) {
    let Value::Object(map) = value else { return push_value(out, value) };
    // Fields alone, as nearly every map has, stand in the tree in their order already.
    if map.keys().all(|key| key.starts_with("f:") || key == ".") {
        push_pairs(out, sorted(map));
        return;
    }
    let mut pairs: Vec<(Element<'_>, &String, &Value)> =
        sorted(map).map(|(key, value)| (Element::of(key), key, value)).collect();
    pairs.sort_by(|a, b| a.0.compare(&b.0));
    push_pairs(out, pairs.into_iter().map(|(_, key, value)| (key, value)));
}

fn push_pairs<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a String, &'a Value)>) {
    out.push(b'{');
    for (place, (key, value)) in pairs.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_string(out, key);
        out.push(b':');
        push(out, value);
    }
    out.push(b'}');
}

/// A path element; a key that is none sorts by its text, in front.
enum Element<'a> {
    Text(&'a str),
    Field(&'a str),
    Key(Map<String, Value>),
    Value(Value),
    Index(i64),
}

impl<'a> Element<'a> {
    fn of(text: &'a str) -> Self {
        let parsed = match text.split_once(':') {
            Some(("f", name)) => Some(Self::Field(name)),
            Some(("k", fields)) => serde_json::from_str(fields).ok().map(Self::Key),
            Some(("v", value)) => serde_json::from_str(value).ok().map(Self::Value),
            Some(("i", index)) => index.parse().ok().map(Self::Index),
            _ => None,
        };
        parsed.unwrap_or(Self::Text(text))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Text(_) => 0,
            Self::Field(_) => 1,
            Self::Key(_) => 2,
            Self::Value(_) => 3,
            Self::Index(_) => 4,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => compare_maps(a, b),
            (Self::Value(a), Self::Value(b)) => compare_values(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn compare_maps(a: &Map<String, Value>, b: &Map<String, Value>) -> Ordering {
    let pairs = sorted(a).zip(sorted(b));
    let differs = pairs.map(|(a, b)| a.0.cmp(b.0).then_with(|| compare_values(a.1, b.1)));
    differs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
}

/// Numbers by size, then texts, booleans, lists, maps and null.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let differs = a.iter().zip(b).map(|(a, b)| compare_values(a, b));
            differs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => compare_maps(a, b),
        _ => rank(a).cmp(&rank(b)),
    }
}

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

#[cfg(test)]
mod tests {
    #[test]
    fn items_stand_in_the_order_of_their_keys() {
        let text = r#"{".":{},"f:a":{},"f:b":{"k:{\"containerPort\":9,\"protocol\":\"UDP\"}":{".":{}},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{},"k:{\"containerPort\":443,\"protocol\":\"TCP\"}":{},"v:2":{},"v:10":{},"v:\"a\"":{},"i:3":{},"i:12":{}}}"#;
        let mut out = Vec::new();
        super::push(&mut out, &serde_json::from_str(text).unwrap());
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}
