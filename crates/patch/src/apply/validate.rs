//! Whether an object fits its type, as far as server-side apply has to know.
//!
//! The rules of kinds are not checked here. Mirrors `typed/validate.go` of structured-merge-diff.

use super::types::{Leaf, List, MapType, Ty, Walk};
use object::fields_v1::PathElement;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Checks an object.
///
/// # Errors
/// All that doesn't fit, in one sentence of upstream's.
pub(super) fn validate(ty: Ty<'_>, value: &Value, allow_duplicates: bool) -> Result<(), String> {
    let mut walker = Walker { errors: Vec::new(), path: Vec::new(), allow_duplicates };
    walker.visit(ty, value);
    match walker.errors.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("errors:\n  {}", many.join("\n  "))),
    }
}

struct Walker<'a> {
    errors: Vec<String>,
    /// Written out only where there is something to say, which is almost never.
    path: Vec<Step<'a>>,
    allow_duplicates: bool,
}

enum Step<'a> {
    Member(&'a str),
    Item(PathElement),
}

impl<'a> Walker<'a> {
    fn error(&mut self, message: &str) {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Member(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Item(element) => text.push_str(&element.to_string()),
            }
        }
        let colon = if text.is_empty() { "" } else { ": " };
        self.errors.push(format!("{text}{colon}{message}"));
    }

    fn descend(&mut self, step: Step<'a>, ty: Ty<'_>, value: &'a Value) {
        self.path.push(step);
        self.visit(ty, value);
        self.path.pop();
    }

    fn visit(&mut self, ty: Ty<'_>, value: &'a Value) {
        let atom = ty.atom();
        match (atom.part(atom.choose(Some(value))), value) {
            (_, Value::Null) => {}
            (Walk::Scalar(leaf), value) => self.scalar(leaf, value),
            (Walk::Map(ty), Value::Object(members)) => self.members(&ty, members),
            (Walk::List(ty), Value::Array(items)) => self.items(&ty, items),
            (Walk::Map(_), other) => self.error(&format!("expected map, got &{{{}}}", go(other))),
            (Walk::List(_), other) => self.error(&format!("expected list, got &{{{}}}", go(other))),
        }
    }

    fn scalar(&mut self, leaf: Leaf, value: &Value) {
        let is_scalar = value.is_string() || value.is_number() || value.is_boolean();
        match leaf {
            Leaf::Number if !value.is_number() => {
                self.error(&format!("expected numeric (int or float), got {}", go_type(value)));
            }
            Leaf::Text if !value.is_string() => self.error(&format!(
                "expected string, got &value.valueUnstructured{{Value:{}}}",
                go_syntax(value)
            )),
            Leaf::Bool if !value.is_boolean() => {
                self.error(&format!("expected boolean, got &{{{}}}", go(value)));
            }
            Leaf::Any if !is_scalar => {
                self.error(&format!("expected any scalar, got &{{{}}}", go(value)));
            }
            _ => {}
        }
    }

    fn members(&mut self, ty: &MapType<'_>, members: &'a Map<String, Value>) {
        for (key, member) in members {
            match ty.field(key).or(ty.element) {
                Some(inner) => self.descend(Step::Member(key), inner, member),
                None => {
                    self.path.push(Step::Member(key));
                    self.error("field not declared in schema");
                    self.path.pop();
                    return;
                }
            }
        }
    }

    fn items(&mut self, ty: &List<'_>, items: &'a [Value]) {
        let mut seen = BTreeSet::new();
        for (i, item) in items.iter().enumerate() {
            let element = if ty.is_atomic() {
                PathElement::Index(i as i64)
            } else {
                match ty.element(item) {
                    Ok(element) => element,
                    Err(message) => {
                        self.error(&format!("element {i}: {message}"));
                        return;
                    }
                }
            };
            self.descend(Step::Item(element.clone()), ty.item, item);
            if !seen.insert(element.clone()) && !self.allow_duplicates {
                self.error(&format!("duplicate entries for key {element}"));
            }
        }
    }
}

/// A value as Go's `%v` prints it.
fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let members: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}:{}", go(value))).collect();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}

/// A value's type as Go's `%T` prints it.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => object::quote::quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let quoted = object::quote::quoted;
            let members: Vec<String> =
                map.iter().map(|(key, v)| format!("{}:{}", quoted(key), go_syntax(v))).collect();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}
