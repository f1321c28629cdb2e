//! Reads a configuration's tree strictly: every field is known, every value of its type.
//!
//! A general deserializer puts the value that it stumbled over into its message. Here a value
//! may be a key, so messages have the path and the type, and nothing else.

use serde_json::{Map, Value};

/// A place in the tree.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    /// Such as `resources[0].providers`.
    pub(super) path: String,
    value: &'a Value,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value }
    }

    /// The object here, which may have these fields and no others.
    pub(super) fn fields(&self, known: &[&str]) -> Result<Fields<'a>, String> {
        let Value::Object(map) = self.value else { return Err(self.wrong("an object")) };
        match map.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(format!("unknown field \"{}\"", self.child(name))),
            None => Ok(Fields { path: self.path.clone(), map }),
        }
    }

    pub(super) fn items(&self) -> Result<Vec<Node<'a>>, String> {
        let Value::Array(items) = self.value else { return Err(self.wrong("a list")) };
        let nodes = items.iter().enumerate();
        Ok(nodes.map(|(at, value)| Node { path: format!("{}[{at}]", self.path), value }).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, String> {
        self.value.as_str().ok_or_else(|| self.wrong("a string"))
    }

    fn child(&self, name: &str) -> String {
        child(&self.path, name)
    }

    fn wrong(&self, expected: &str) -> String {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let at = if self.path.is_empty() { "the document" } else { &self.path };
        format!("{at} has to be {expected}, it is {found}")
    }
}

/// The fields of an object.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// A field that is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.map.get(name).filter(|value| !value.is_null())?;
        Some(Node { path: child(&self.path, name), value })
    }

    /// The text of a field; empty when it's not there.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, String> {
        self.get(name).map_or(Ok(""), |node| node.text())
    }

    /// The items of a field; none when it's not there.
    pub(super) fn items(&self, name: &str) -> Result<Vec<Node<'a>>, String> {
        self.get(name).map_or(Ok(Vec::new()), |node| node.items())
    }
}

fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
