//! What every type and field is for, in upstream's words as the crate `k8s-openapi` carries them.
//!
//! They are collected for the making of documents and dropped after it. Lists have none there,
//! being one generic type; their sentences are our own.

mod roots;

use crate::node::Text;
use k8s_openapi::schemars::SchemaGenerator;
use object::{Map, Value};
use std::collections::HashMap;

const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const WATCH_EVENT: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";
const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";

/// What `k8s-openapi` has in another form or not at all: type, field (empty for the type) and
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
    types: HashMap<String, Sentences>,
}

#[derive(Default)]
struct Sentences {
    own: String,
    fields: HashMap<String, String>,
}

impl Descriptions {
    /// Reads them out of `k8s-openapi`; some tens of milliseconds and about two megabytes.
    pub(crate) fn collect() -> Self {
        let mut types = HashMap::new();
        let mut generator = SchemaGenerator::default();
        for root in roots::ALL {
            root(&mut generator);
        }
        for (name, schema) in generator.take_definitions(false) {
            if let Value::Object(schema) = schema {
                types.insert(name, sentences(schema));
            }
        }
        Self { types }
    }

    /// The sentences of a type; those of a version that upstream has given up are its successor's.
    fn get(&self, name: &str) -> Option<&Sentences> {
        let of_v1 = || self.types.get(&name.replace(".rbac.v1beta1.", ".rbac.v1."));
        self.types.get(name).or_else(of_v1)
    }

    /// What a type is for.
    pub(crate) fn of_type(&self, name: &str) -> Option<Text> {
        if let Some(found) = self.get(name) {
            return some(&found.own);
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
            return some(found.fields.get(field)?);
        }
        if let Some(text) = own(name, field) {
            return Some(text);
        }
        let item = kind(name).strip_suffix("List")?;
        match field {
            "items" => Some(format!("items are the {item} objects of the list.").into()),
            "metadata" => self.of_type(LIST_META),
            // The same in every kind.
            "apiVersion" | "kind" => some(self.types.get(STATUS)?.fields.get(field)?),
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

fn sentences(mut schema: Map<String, Value>) -> Sentences {
    let mut found = Sentences { own: description(&mut schema), ..Sentences::default() };
    if let Some(Value::Object(fields)) = schema.remove("properties") {
        for (name, field) in fields {
            let Value::Object(mut field) = field else { continue };
            found.fields.insert(name, description(&mut field));
        }
    }
    found
}

fn description(schema: &mut Map<String, Value>) -> String {
    match schema.remove("description") {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}
