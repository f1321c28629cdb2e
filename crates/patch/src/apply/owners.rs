//! `metadata.managedFields`: who owns which fields, read, written, and kept short.
//!
//! Mirrors `k8s.io/apimachinery/pkg/util/managedfields/internal`.

use super::set::Set;
use crate::limits::UPDATE_MANAGERS_MAX;
use object::quote::quoted;
use object::{Map, Value, time};
use std::collections::BTreeMap;

/// Who has all changes that are too old to be kept apart.
const ANCIENT: &str = "ancient-changes";

/// What one manager owns.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) subresource: String,
    /// The version in which the fields are named.
    pub(super) api_version: String,
    /// By apply, which gives fields up when they are no longer applied, or by update.
    pub(super) applied: bool,
    /// RFC 3339; the last time that it changed something.
    pub(super) time: Option<String>,
    pub(super) set: Set,
}

/// All owners by their identifiers, whose order decides in what order conflicts are told.
pub(super) type Owners = BTreeMap<String, Owner>;

impl Owner {
    /// What tells it from others: appliers of all versions are one.
    pub(super) fn identifier(&self) -> String {
        let mut text = String::from("{");
        let version = if self.applied { "" } else { &*self.api_version };
        let operation = if self.applied { "Apply" } else { "Update" };
        let members = [
            ("manager", &*self.name),
            ("operation", operation),
            ("apiVersion", version),
            ("subresource", &*self.subresource),
        ];
        for (key, value) in members.into_iter().filter(|(_, value)| !value.is_empty()) {
            let comma = if text.len() > 1 { "," } else { "" };
            text.push_str(&format!("{comma}\"{key}\":{}", Value::from(value)));
        }
        text.push('}');
        text
    }

    /// As messages name it.
    pub(super) fn spoken(&self) -> String {
        let mut text = quoted(&self.name);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {}", quoted(&self.subresource)));
        }
        if !self.applied {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }

    fn seconds(&self) -> i64 {
        let time = self.time.as_deref().and_then(|text| time::parse(text).ok());
        time.map_or(0, |time| time.as_second())
    }

    fn to_value(&self) -> Value {
        let mut out = Map::new();
        let mut text = |key: &str, value: &str| {
            if !value.is_empty() {
                out.insert(key.to_owned(), value.into());
            }
        };
        text("manager", &self.name);
        text("operation", if self.applied { "Apply" } else { "Update" });
        text("apiVersion", &self.api_version);
        text("time", self.time.as_deref().unwrap_or_default());
        text("fieldsType", "FieldsV1");
        text("subresource", &self.subresource);
        out.insert("fieldsV1".to_owned(), self.set.to_fields_v1());
        Value::Object(out)
    }

    fn from_value(entry: &Value, place: usize) -> Result<Self, String> {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let applied = match text("operation").as_str() {
            "Apply" => true,
            "Update" => false,
            _ => return Err("operation must be `Apply` or `Update`".into()),
        };
        if text("apiVersion").is_empty() {
            return Err("apiVersion must not be empty".into());
        }
        match text("fieldsType").as_str() {
            "FieldsV1" => {}
            "" => return Err(format!("missing fieldsType in managed fields entry {place}")),
            other => {
                let other = quoted(other);
                return Err(format!("invalid fieldsType {other} in managed fields entry {place}"));
            }
        }
        let set = Set::from_fields_v1(&entry["fieldsV1"])
            .map_err(|e| format!("error decoding versioned set: error decoding set: {e}"))?;
        Ok(Self {
            name: text("manager"),
            subresource: text("subresource"),
            api_version: text("apiVersion"),
            applied,
            time: entry["time"].as_str().map(str::to_owned),
            set,
        })
    }
}

/// Reads an object's `metadata.managedFields`.
///
/// # Errors
/// Names the first entry that isn't one.
pub(super) fn read(object: &Value) -> Result<Owners, String> {
    let entries = object["metadata"]["managedFields"].as_array();
    let mut owners = Owners::new();
    for (place, entry) in entries.into_iter().flatten().enumerate() {
        let owner = Owner::from_value(entry, place)?;
        owners.insert(owner.identifier(), owner);
    }
    Ok(owners)
}

/// Writes an object's `metadata.managedFields`: appliers first, then by time and name.
pub(super) fn write(object: &mut Value, owners: &Owners) {
    let metadata = object::meta::of(object);
    if owners.is_empty() {
        metadata.remove("managedFields");
        return;
    }
    let mut sorted: Vec<&Owner> = owners.values().collect();
    sorted.sort_by(|a, b| {
        let key = |o: &Owner| (!o.applied, o.seconds());
        key(a).cmp(&key(b)).then_with(|| {
            let key = |o: &'_ Owner| (o.name.clone(), o.api_version.clone(), o.subresource.clone());
            key(a).cmp(&key(b))
        })
    });
    let entries = sorted.into_iter().map(Owner::to_value).collect();
    metadata.insert("managedFields".to_owned(), Value::Array(entries));
}

/// Removes an object's `metadata.managedFields`.
pub(super) fn clear(object: &mut Value) {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
}

/// Whether a request asks that all be forgotten: an empty list, or one empty entry.
pub(super) fn is_reset(object: &Value) -> bool {
    match object["metadata"]["managedFields"].as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([entry]) => entry.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}

/// Joins the oldest of too many updaters, by version.
pub(super) fn cap(owners: &mut Owners) {
    let mut updaters: Vec<(i64, String)> = owners
        .iter()
        .filter(|(_, owner)| !owner.applied)
        .map(|(identifier, owner)| (owner.seconds(), identifier.clone()))
        .collect();
    let mut count = updaters.len();
    updaters.sort();
    let mut first_of_version: BTreeMap<String, String> = BTreeMap::new();
    for (_, identifier) in updaters {
        if count <= UPDATE_MANAGERS_MAX {
            break;
        }
        let Some(owner) = owners.get(&identifier).cloned() else {
            continue;
        };
        let version = owner.api_version.clone();
        let Some(first) = first_of_version.get(&version) else {
            first_of_version.insert(version, identifier);
            continue;
        };
        let bucket = Owner {
            name: ANCIENT.to_owned(),
            subresource: String::new(),
            time: None,
            set: Set::new(),
            ..owner.clone()
        };
        let bucket_identifier = bucket.identifier();
        if !owners.contains_key(&bucket_identifier) {
            let set = owners.remove(first).map(|first| first.set).unwrap_or_default();
            owners.insert(bucket_identifier.clone(), Owner { set, ..bucket });
        }
        if let Some(bucket) = owners.get_mut(&bucket_identifier) {
            bucket.set = owner.set.union(&bucket.set);
            bucket.time = owner.time;
        }
        if identifier != bucket_identifier {
            owners.remove(&identifier);
        }
        count -= 1;
    }
}

/// The fields that nobody owns, since everybody writes them or nobody can.
pub(super) fn unowned() -> Set {
    Set::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
}
