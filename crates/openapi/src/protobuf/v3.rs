//! The messages of `openapi.v3` that the documents use.

use super::{Kind, Message};

pub(crate) static DOCUMENT: Message = Message {
    fields: &[
        ("openapi", 1, Kind::Text),
        ("info", 2, Kind::Message(&INFO)),
        ("paths", 4, Kind::Message(&PATHS)),
        ("components", 5, Kind::Message(&COMPONENTS)),
    ],
    named: None,
    extensions: None,
};

static INFO: Message = Message {
    fields: &[("title", 1, Kind::Text), ("version", 6, Kind::Text)],
    named: None,
    extensions: Some(7),
};

static PATHS: Message =
    Message { fields: &[], named: Some((1, &Kind::Message(&PATH_ITEM))), extensions: Some(2) };

static PATH_ITEM: Message = Message {
    fields: &[
        ("get", 4, Kind::Message(&OPERATION)),
        ("put", 5, Kind::Message(&OPERATION)),
        ("post", 6, Kind::Message(&OPERATION)),
        ("delete", 7, Kind::Message(&OPERATION)),
        ("options", 8, Kind::Message(&OPERATION)),
        ("head", 9, Kind::Message(&OPERATION)),
        ("patch", 10, Kind::Message(&OPERATION)),
        ("parameters", 13, Kind::Many(&Kind::OrReference(&Kind::Message(&PARAMETER)))),
    ],
    named: None,
    extensions: Some(14),
};

static OPERATION: Message = Message {
    fields: &[
        ("tags", 1, Kind::Texts),
        ("description", 3, Kind::Text),
        ("operationId", 5, Kind::Text),
        ("parameters", 6, Kind::Many(&Kind::OrReference(&Kind::Message(&PARAMETER)))),
        ("requestBody", 7, Kind::OrReference(&Kind::Message(&REQUEST_BODY))),
        ("responses", 8, Kind::Message(&RESPONSES)),
    ],
    named: None,
    extensions: Some(13),
};

static PARAMETER: Message = Message {
    fields: &[
        ("name", 1, Kind::Text),
        ("in", 2, Kind::Text),
        ("description", 3, Kind::Text),
        ("required", 4, Kind::Bool),
        ("schema", 10, Kind::OrReference(&ANY_SCHEMA)),
    ],
    named: None,
    extensions: Some(14),
};

static REQUEST_BODY: Message = Message {
    fields: &[
        ("description", 1, Kind::Text),
        ("content", 2, Kind::Map(&Kind::Message(&MEDIA_TYPE))),
        ("required", 3, Kind::Bool),
    ],
    named: None,
    extensions: Some(4),
};

static RESPONSES: Message = Message {
    fields: &[],
    named: Some((2, &Kind::OrReference(&Kind::Message(&RESPONSE)))),
    extensions: Some(3),
};

static RESPONSE: Message = Message {
    fields: &[
        ("description", 1, Kind::Text),
        ("content", 3, Kind::Map(&Kind::Message(&MEDIA_TYPE))),
    ],
    named: None,
    extensions: Some(5),
};

static MEDIA_TYPE: Message = Message {
    fields: &[("schema", 1, Kind::OrReference(&ANY_SCHEMA))],
    named: None,
    extensions: Some(5),
};

static COMPONENTS: Message = Message {
    fields: &[
        ("schemas", 1, Kind::Message(&SCHEMAS)),
        ("securitySchemes", 7, Kind::Map(&Kind::OrReference(&Kind::Message(&SECURITY_SCHEME)))),
    ],
    named: None,
    extensions: Some(10),
};

static SCHEMAS: Message =
    Message { fields: &[], named: Some((1, &Kind::OrReference(&ANY_SCHEMA))), extensions: None };

static SECURITY_SCHEME: Message = Message {
    fields: &[
        ("type", 1, Kind::Text),
        ("description", 2, Kind::Text),
        ("name", 3, Kind::Text),
        ("in", 4, Kind::Text),
    ],
    named: None,
    extensions: Some(9),
};

static ANY_SCHEMA: Kind = Kind::Message(&SCHEMA);

static SCHEMA: Message = Message {
    fields: &[
        ("uniqueItems", 20, Kind::Bool),
        ("required", 23, Kind::Texts),
        ("enum", 24, Kind::Anys),
        ("type", 25, Kind::Text),
        ("allOf", 26, Kind::Many(&Kind::OrReference(&ANY_SCHEMA))),
        ("oneOf", 27, Kind::Many(&Kind::OrReference(&ANY_SCHEMA))),
        ("items", 30, Kind::In(1, &Kind::OrReference(&ANY_SCHEMA))),
        ("properties", 31, Kind::Map(&Kind::OrReference(&ANY_SCHEMA))),
        ("additionalProperties", 32, Kind::In(1, &Kind::OrReference(&ANY_SCHEMA))),
        ("default", 33, Kind::Default),
        ("description", 34, Kind::Text),
        ("format", 35, Kind::Text),
    ],
    named: None,
    extensions: Some(36),
};
