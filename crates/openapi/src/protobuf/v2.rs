//! The messages of `openapi.v2` that the document uses.

use super::{Kind, Message, nested};
use crate::node::{Fields, Node};

pub(crate) static DOCUMENT: Message = Message {
    fields: &[
        ("swagger", 1, Kind::Text),
        ("info", 2, Kind::Message(&INFO)),
        ("paths", 8, Kind::Message(&PATHS)),
        ("definitions", 9, Kind::Message(&DEFINITIONS)),
        ("parameters", 10, Kind::Map(&Kind::Parameter)),
        ("security", 12, Kind::Many(&Kind::Map(&Kind::Message(&NOTHING)))),
        ("securityDefinitions", 13, Kind::Map(&Kind::In(2, &Kind::Message(&API_KEY)))),
    ],
    named: None,
    extensions: Some(16),
};

static INFO: Message = Message {
    fields: &[("title", 1, Kind::Text), ("version", 2, Kind::Text)],
    named: None,
    extensions: Some(7),
};

static PATHS: Message =
    Message { fields: &[], named: Some((2, &Kind::Message(&PATH_ITEM))), extensions: Some(1) };

static PATH_ITEM: Message = Message {
    fields: &[
        ("get", 2, Kind::Message(&OPERATION)),
        ("put", 3, Kind::Message(&OPERATION)),
        ("post", 4, Kind::Message(&OPERATION)),
        ("delete", 5, Kind::Message(&OPERATION)),
        ("options", 6, Kind::Message(&OPERATION)),
        ("head", 7, Kind::Message(&OPERATION)),
        ("patch", 8, Kind::Message(&OPERATION)),
        ("parameters", 9, Kind::Many(&Kind::OrReference(&Kind::Parameter))),
    ],
    named: None,
    extensions: Some(10),
};

static OPERATION: Message = Message {
    fields: &[
        ("tags", 1, Kind::Texts),
        ("description", 3, Kind::Text),
        ("operationId", 5, Kind::Text),
        ("produces", 6, Kind::Texts),
        ("consumes", 7, Kind::Texts),
        ("parameters", 8, Kind::Many(&Kind::OrReference(&Kind::Parameter))),
        ("responses", 9, Kind::Message(&RESPONSES)),
        ("schemes", 10, Kind::Texts),
    ],
    named: None,
    extensions: Some(13),
};

static RESPONSES: Message = Message {
    fields: &[],
    named: Some((1, &Kind::In(1, &Kind::Message(&RESPONSE)))),
    extensions: Some(2),
};

static RESPONSE: Message = Message {
    fields: &[("description", 1, Kind::Text), ("schema", 2, Kind::In(1, &Kind::Message(&SCHEMA)))],
    named: None,
    extensions: Some(5),
};

static DEFINITIONS: Message =
    Message { fields: &[], named: Some((1, &Kind::Message(&SCHEMA))), extensions: None };

static SCHEMA: Message = Message {
    fields: &[
        ("$ref", 1, Kind::Text),
        ("format", 2, Kind::Text),
        ("description", 4, Kind::Text),
        ("required", 19, Kind::Texts),
        ("enum", 20, Kind::Anys),
        ("additionalProperties", 21, Kind::In(1, &Kind::Message(&SCHEMA))),
        ("type", 22, Kind::In(1, &Kind::Texts)),
        ("items", 23, Kind::In(1, &Kind::Message(&SCHEMA))),
        ("properties", 25, Kind::Map(&Kind::Message(&SCHEMA))),
    ],
    named: None,
    extensions: Some(31),
};

static API_KEY: Message = Message {
    fields: &[
        ("type", 1, Kind::Text),
        ("name", 2, Kind::Text),
        ("in", 3, Kind::Text),
        ("description", 4, Kind::Text),
    ],
    named: None,
    extensions: Some(5),
};

static BODY: Message = Message {
    fields: &[
        ("description", 1, Kind::Text),
        ("name", 2, Kind::Text),
        ("in", 3, Kind::Text),
        ("required", 4, Kind::Bool),
        ("schema", 5, Kind::Message(&SCHEMA)),
    ],
    named: None,
    extensions: Some(6),
};

static QUERY: Message = Message {
    fields: &[
        ("required", 1, Kind::Bool),
        ("in", 2, Kind::Text),
        ("description", 3, Kind::Text),
        ("name", 4, Kind::Text),
        ("type", 6, Kind::Text),
        ("uniqueItems", 20, Kind::Bool),
    ],
    named: None,
    extensions: Some(23),
};

static PATH: Message = Message {
    fields: &[
        ("required", 1, Kind::Bool),
        ("in", 2, Kind::Text),
        ("description", 3, Kind::Text),
        ("name", 4, Kind::Text),
        ("type", 5, Kind::Text),
        ("uniqueItems", 19, Kind::Bool),
    ],
    named: None,
    extensions: Some(22),
};

/// The scopes of a security requirement, of which there are none.
static NOTHING: Message = Message { fields: &[], named: None, extensions: None };

/// `Parameter`: a body in field 1; others in field 2, by the place that they stand in.
pub(super) fn parameter(tag: u32, fields: &Fields, to: &mut Vec<u8>) {
    nested(tag, to, |to| match fields.get("in").and_then(Node::as_text) {
        Some("body") => nested(1, to, |to| BODY.encode(fields, to)),
        Some("query") => nested(2, to, |to| nested(3, to, |to| QUERY.encode(fields, to))),
        _ => nested(2, to, |to| nested(4, to, |to| PATH.encode(fields, to))),
    });
}
