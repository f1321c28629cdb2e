//! What every type and field is for, in upstream's words: a text that the build script collects.
//!
//! Each type in it is a mark, the name, the end of a line, and the sentences, which have as many
//! lines as they like. Its fields follow, written in the same way with a mark of their own.
//!
//! It stays in the program's file until somebody asks. Lists have no sentences there, being one
//! generic type; theirs are our own.

use crate::node::Text;
use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!(concat!(env!("OUT_DIR"), "/descriptions.txt"));
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

/// What a type is for.
pub(crate) fn of_type(name: &str) -> Option<Text> {
    if let Some(found) = described(name) {
        return some(split(found).1);
    }
    if let Some(text) = own(name, "") {
        return Some(text);
    }
    let item = kind(name).strip_suffix("List")?;
    Some(format!("{} is a list of {item} objects.", kind(name)).into())
}

/// What a field of a type is for.
pub(crate) fn of_field(name: &str, field: &str) -> Option<Text> {
    if let Some(found) = described(name) {
        return sentences(found, field);
    }
    if let Some(text) = own(name, field) {
        return Some(text);
    }
    let item = kind(name).strip_suffix("List")?;
    match field {
        "items" => Some(format!("items are the {item} objects of the list.").into()),
        "metadata" => of_type(LIST_META),
        // The same in every kind.
        "apiVersion" | "kind" => sentences(described(STATUS)?, field),
        _ => None,
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

/// A type in the table with its fields; one of a version that upstream has given up is its
/// successor.
fn described(name: &str) -> Option<&'static str> {
    static TYPES: LazyLock<HashMap<&str, &str>> =
        LazyLock::new(|| TABLE.split(TYPE).skip(1).map(|found| (split(found).0, found)).collect());
    let of_v1 = || TYPES.get(&*name.replace(".rbac.v1beta1.", ".rbac.v1."));
    TYPES.get(name).or_else(of_v1).copied()
}

/// The sentences of a field of a type in the table.
fn sentences(of: &'static str, field: &str) -> Option<Text> {
    let (_, found) = of.split(FIELD).skip(1).map(split).find(|(name, _)| *name == field)?;
    some(found)
}

/// The name of a type or field in the table, and its sentences, which end at the next mark.
fn split(text: &str) -> (&str, &str) {
    let own = text.split([TYPE, FIELD]).next().unwrap_or_default();
    own.split_once('\n').unwrap_or_default()
}

fn some(text: &'static str) -> Option<Text> {
    (!text.is_empty()).then_some(Text::Borrowed(text))
}
