//! The protobuf forms: the messages of gnostic, written straight from the pieces of a document.
//!
//! A table says for each message which field of JSON has which tag. Mirrors
//! `github.com/google/gnostic-models`, whose parser upstream lets read its own JSON.

mod v2;
mod v3;
mod yaml;

use crate::document::{Document, Writer};
use crate::node::{Fields, Node};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

pub(crate) use v2::DOCUMENT as V2;
pub(crate) use v3::DOCUMENT as V3;

/// A message: fields by name, in the order of their tags.
pub(crate) struct Message {
    fields: &'static [(&'static str, u32, Kind)],
    /// Where fields go whose names are data.
    named: Option<(u32, &'static Kind)>,
    /// Where fields go whose names begin with `x-`.
    extensions: Option<u32>,
}

/// How a value becomes a field.
pub(crate) enum Kind {
    /// A string.
    Text,
    /// Strings, one field each.
    Texts,
    /// A boolean; absent for false.
    Bool,
    /// Any value, as YAML.
    Any,
    /// Any values, one field each.
    Anys,
    /// A boolean, a number or a string as a message of one field each; empty for others.
    Default,
    /// A message.
    Message(&'static Message),
    /// Messages, one field each.
    Many(&'static Kind),
    /// A message whose only field has this tag.
    In(u32, &'static Kind),
    /// A message whose field 1 is the thing itself, or whose field 2 is a reference to it.
    OrReference(&'static Kind),
    /// A message of pairs of a name and a value.
    Map(&'static Kind),
    /// A parameter of version 2: a message for each place that it may stand in.
    Parameter,
}

const BYTES: u32 = 2;
const FIXED64: u32 = 1;
const VARINT: u32 = 0;

/// A message of one reference.
static REFERENCE: Message =
    Message { fields: &[("$ref", 1, Kind::Text)], named: None, extensions: None };

impl Message {
    fn encode(&self, fields: &Fields, to: &mut Vec<u8>) {
        let extensions = |to: &mut Vec<u8>| {
            let Some(tag) = self.extensions else { return };
            for (name, value) in fields.0.iter().filter(|(name, _)| name.starts_with("x-")) {
                pair(tag, name, value, &Kind::Any, to);
            }
        };
        let named = |to: &mut Vec<u8>| {
            let Some((tag, kind)) = self.named else { return };
            for (name, value) in fields.0.iter().filter(|(name, _)| !name.starts_with("x-")) {
                pair(tag, name, value, kind, to);
            }
        };
        for (name, tag, kind) in self.fields {
            if let Some(value) = fields.get(name) {
                kind.encode(*tag, value, to);
            }
        }
        named(to);
        extensions(to);
    }
}

impl Kind {
    fn encode(&self, tag: u32, value: &Node, to: &mut Vec<u8>) {
        match (self, value) {
            (Kind::Text, Node::Text(text)) if !text.is_empty() => bytes(tag, text.as_bytes(), to),
            (Kind::Texts, Node::List(items)) => {
                for text in items.iter().filter_map(Node::as_text) {
                    bytes(tag, text.as_bytes(), to);
                }
            }
            // One text where there may be several.
            (Kind::Texts, Node::Text(text)) => bytes(tag, text.as_bytes(), to),
            (Kind::Bool, Node::Bool(true)) => {
                varint(u64::from(tag << 3 | VARINT), to);
                to.push(1);
            }
            (Kind::Any, value) => nested(tag, to, |to| {
                bytes(2, yaml::write(value).as_bytes(), to);
            }),
            (Kind::Anys, value) => {
                for item in value.items() {
                    Kind::Any.encode(tag, item, to);
                }
            }
            (Kind::Default, value) => nested(tag, to, |to| default(value, to)),
            (Kind::Message(message), Node::Map(fields)) => {
                nested(tag, to, |to| message.encode(fields, to));
            }
            (Kind::Many(kind), Node::List(items)) => {
                for item in items {
                    kind.encode(tag, item, to);
                }
            }
            // One where there may be several.
            (Kind::Many(kind), value) => kind.encode(tag, value, to),
            (Kind::In(inner, kind), value) => nested(tag, to, |to| kind.encode(*inner, value, to)),
            (Kind::OrReference(kind), value) => nested(tag, to, |to| match value {
                Node::Map(fields) if fields.get("$ref").is_some() => {
                    Kind::Message(&REFERENCE).encode(2, value, to);
                }
                value => kind.encode(1, value, to),
            }),
            (Kind::Map(kind), Node::Map(fields)) => nested(tag, to, |to| {
                for (name, value) in &fields.0 {
                    pair(1, name, value, kind, to);
                }
            }),
            (Kind::Parameter, Node::Map(fields)) => v2::parameter(tag, fields, to),
            (
                Kind::Text
                | Kind::Texts
                | Kind::Bool
                | Kind::Message(_)
                | Kind::Map(_)
                | Kind::Parameter,
                _,
            ) => {}
        }
    }
}

fn default(value: &Node, to: &mut Vec<u8>) {
    match value {
        Node::Int(number) => {
            varint(u64::from(1 << 3 | FIXED64), to);
            #[allow(clippy::cast_precision_loss, reason = "defaults are small")]
            to.extend((*number as f64).to_le_bytes());
        }
        Node::Bool(value) => {
            varint(u64::from(2 << 3 | VARINT), to);
            to.push(u8::from(*value));
        }
        Node::Text(text) => bytes(3, text.as_bytes(), to),
        Node::List(_) | Node::Map(_) => {}
    }
}

fn pair(tag: u32, name: &str, value: &Node, kind: &Kind, to: &mut Vec<u8>) {
    nested(tag, to, |to| {
        bytes(1, name.as_bytes(), to);
        kind.encode(2, value, to);
    });
}

fn nested(tag: u32, to: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    bytes(tag, &inner, to);
}

fn bytes(tag: u32, value: &[u8], to: &mut Vec<u8>) {
    varint(u64::from(tag << 3 | BYTES), to);
    varint(value.len() as u64, to);
    to.extend_from_slice(value);
}

fn varint(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// Writes a document. What is open is gathered until it is closed, since a message begins with
/// its length.
pub(crate) struct Protobuf {
    /// The messages that are open, the document first.
    open: Vec<Level>,
    /// The fields of the document, by their tags.
    done: Vec<(u32, Vec<u8>)>,
}

struct Level {
    message: &'static Message,
    tag: u32,
    bytes: Vec<u8>,
}

impl Protobuf {
    /// An empty document.
    pub(crate) fn new(document: &'static Message) -> Self {
        let level = Level { message: document, tag: 0, bytes: Vec::new() };
        Self { open: vec![level], done: Vec::new() }
    }

    /// The document, under the name of its JSON form.
    pub(crate) fn finish(mut self, etag: String) -> Document {
        self.done.sort_by_key(|(tag, _)| *tag);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        for (_, bytes) in self.done {
            gzip.write_all(&bytes).expect("writing to memory does not fail");
        }
        let gzip = gzip.finish().expect("writing to memory does not fail");
        Document { etag, gzip: Bytes::from(gzip) }
    }

    fn write(&mut self, name: &str, write: impl FnOnce(u32, &Kind, &mut Vec<u8>)) {
        let top = self.open.len() == 1;
        let Some(level) = self.open.last_mut() else { return };
        let field = level.message.fields.iter().find(|(at, ..)| *at == name);
        match (field, level.message.named) {
            (Some((_, tag, kind)), _) if top => {
                let mut bytes = Vec::new();
                write(*tag, kind, &mut bytes);
                self.done.push((*tag, bytes));
            }
            (Some((_, tag, kind)), _) => write(*tag, kind, &mut level.bytes),
            (None, Some((tag, kind))) => nested(tag, &mut level.bytes, |to| {
                bytes(1, name.as_bytes(), to);
                write(2, kind, to);
            }),
            (None, None) => {}
        }
    }
}

impl Writer for Protobuf {
    fn field(&mut self, name: &str, value: Node) {
        self.write(name, |tag, kind, to| kind.encode(tag, &value, to));
    }

    fn open(&mut self, name: &str) {
        let mut inner = None;
        self.write(name, |tag, kind, _| {
            if let Kind::Message(message) = kind {
                inner = Some(Level { message, tag, bytes: Vec::new() });
            }
        });
        self.open.extend(inner);
    }

    fn close(&mut self) {
        let Some(level) = self.open.pop() else { return };
        let mut field = Vec::new();
        bytes(level.tag, &level.bytes, &mut field);
        match self.open.as_mut_slice() {
            [_document] => self.done.push((level.tag, field)),
            [.., outer] => outer.bytes.extend(field),
            [] => {}
        }
    }
}
