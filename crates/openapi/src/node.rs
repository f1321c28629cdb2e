//! A tree whose maps keep the order in which they were filled, as upstream prints its documents
//! from Go structs. Documents are made of many small ones; none is kept.

use object::Value;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;

/// A text, mostly one that lives for ever.
pub(crate) type Text = Cow<'static, str>;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Bool(bool),
    Int(i64),
    Text(Text),
    List(Vec<Node>),
    Map(Fields),
}

/// A map in the order of its making.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields(pub(crate) Vec<(Text, Node)>);

impl Fields {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub(crate) fn set(&mut self, name: impl Into<Text>, value: impl Into<Node>) {
        self.0.push((name.into(), value.into()));
    }

    /// The same, in a chain.
    pub(crate) fn with(mut self, name: impl Into<Text>, value: impl Into<Node>) -> Self {
        self.set(name, value);
        self
    }

    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().find(|(at, _)| at == name).map(|(_, value)| value)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Node {
    /// The text, where it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items; none where it is no list.
    pub(crate) fn items(&self) -> &[Node] {
        match self {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// The same value out of a plain tree. Documents have no null and no fractions; they become
    /// their texts.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Bool(value) => Node::Bool(*value),
            Value::String(text) => text.clone().into(),
            Value::Array(items) => Node::List(items.iter().map(Node::of).collect()),
            Value::Object(map) => {
                let fields = map.iter().map(|(name, value)| (name.clone().into(), Node::of(value)));
                Node::Map(Fields(fields.collect()))
            }
            Value::Number(number) => match number.as_i64() {
                Some(number) => Node::Int(number),
                None => number.to_string().into(),
            },
            Value::Null => "null".into(),
        }
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Node::Bool(value)
    }
}

impl From<&'static str> for Node {
    fn from(text: &'static str) -> Self {
        Node::Text(text.into())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Node::Text(text.into())
    }
}

impl From<Text> for Node {
    fn from(text: Text) -> Self {
        Node::Text(text)
    }
}

impl From<Fields> for Node {
    fn from(fields: Fields) -> Self {
        Node::Map(fields)
    }
}

impl<T: Into<Node>> From<Vec<T>> for Node {
    fn from(items: Vec<T>) -> Self {
        Node::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<&[&'static str]> for Node {
    fn from(items: &[&'static str]) -> Self {
        Node::List(items.iter().map(|&item| item.into()).collect())
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Bool(value) => to.serialize_bool(*value),
            Node::Int(value) => to.serialize_i64(*value),
            Node::Text(text) => to.serialize_str(text),
            Node::List(items) => to.collect_seq(items),
            Node::Map(fields) => fields.serialize(to),
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
