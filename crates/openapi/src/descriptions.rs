//! What every type and field is for, in upstream's words: a compressed text, which the build
//! script collects.
//!
//! Each type in it is a mark, the name, the end of a line, and the sentences, which have as many
//! lines as they like. Its fields follow, written in the same way with a mark of their own.
//!
//! It is read for the making of documents and dropped after it. Lists have no sentences there,
//! being one generic type; theirs are our own.

use crate::node::Text;
use flate2::read::GzDecoder;
use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;

const TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptions.gz"));
const TYPE: char = '\u{1e}';
const FIELD: char = '\u{1f}';

const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const WATCH_EVENT: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";
const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";

/// What the table has in another form or not at all: type, field (empty for the type) and
/// sentence.
const OWN: &[(&str, &str, &str)] = &[
    (WATCH_EVENT, "", "A change that a watch reports."),
    (
        WATCH_EVENT,
        "object",
        "The object: after an ADDED or MODIFIED as it is now, after a DELETED as it was last; \
         with a BOOKMARK only its resource version counts; with an ERROR a Status.",
    ),
    (WATCH_EVENT, "type", "What happened: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."),
];

/// The sentences of all types, by their OpenAPI names.
pub(crate) struct Descriptions {
    text: String,
    /// Where in the text a type is, behind its mark.
    types: HashMap<String, Range<usize>>,
}

impl Descriptions {
    /// Unpacks them: some milliseconds, and a megabyte and a half.
    pub(crate) fn read() -> Self {
        let mut text = String::new();
        let read = GzDecoder::new(TABLE).read_to_string(&mut text);
        read.expect("what the build script compressed can be read");
        let mut types = HashMap::new();
        let mut end = 0;
        for found in text.split(TYPE).skip(1) {
            let start = end + TYPE.len_utf8();
            end = start + found.len();
            types.insert(split(found).0.to_owned(), start..end);
        }
        Self { text, types }
    }

    /// A type with its fields; one of a version that upstream has given up is its successor.
    fn get(&self, name: &str) -> Option<&str> {
        let of_v1 = || self.types.get(&name.replace(".rbac.v1beta1.", ".rbac.v1."));
        let place = self.types.get(name).or_else(of_v1)?;
        Some(&self.text[place.clone()])
    }

    /// What a type is for.
    pub(crate) fn of_type(&self, name: &str) -> Option<Text> {
        if let Some(found) = self.get(name) {
            return some(split(found).1);
        }
        if let Some(text) = own(name, "") {
            return Some(text);
        }
        let item = kind(name).strip_suffix("List")?;
        Some(format!("{} is a list of {item} objects.", kind(name)).into())
    }

    /// What a field of a type is for.
    pub(crate) fn of_field(&self, name: &str, field: &str) -> Option<Text> {
        if let Some(found) = self.get(name) {
            return some(sentences(found, field)?);
        }
        if let Some(text) = own(name, field) {
            return Some(text);
        }
        let item = kind(name).strip_suffix("List")?;
        match field {
            "items" => Some(format!("items are the {item} objects of the list.").into()),
            "metadata" => self.of_type(LIST_META),
            // The same in every kind.
            "apiVersion" | "kind" => some(sentences(self.get(STATUS)?, field)?),
            _ => None,
        }
    }
}

/// Says after a sentence which values there are, for clients that do not show `enum`.
pub(crate) fn with_values(text: Text, values: &[&str]) -> Text {
    if values.is_empty() {
        return text;
    }
    let values: Vec<String> = values.iter().map(|value| format!(" - `\"{value}\"`")).collect();
    format!("{text}\n\nPossible enum values:\n{}", values.join("\n")).into()
}

fn own(name: &str, field: &str) -> Option<Text> {
    let (.., text) = OWN.iter().find(|(of, at, _)| *of == name && *at == field)?;
    Some(Text::Borrowed(text))
}

fn kind(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn some(text: &str) -> Option<Text> {
    (!text.is_empty()).then(|| text.to_owned().into())
}

/// The sentences of a field of a type.
fn sentences<'a>(of: &'a str, field: &str) -> Option<&'a str> {
    let (_, found) = of.split(FIELD).skip(1).map(split).find(|(name, _)| *name == field)?;
    Some(found)
}

/// The name of a type or field, and the sentences before the next mark.
fn split(text: &str) -> (&str, &str) {
    let own = text.split([TYPE, FIELD]).next().unwrap_or_default();
    own.split_once('\n').unwrap_or_default()
}
