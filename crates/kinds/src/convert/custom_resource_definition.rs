//! `CustomResourceDefinition` between `v1`, which is served, and `v1beta1`, which is stored: it
//! says once what is the same in all versions, and so keeps large schemas below the store's
//! limit. Mirrors `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1`.

use super::rename::rename;
use object::meta::entry;
use object::{Map, Value};

/// What a version may say for itself in `v1`, and its name where all versions share it in
/// `v1beta1`.
const SHARED: &[(&str, &str)] = &[
    ("subresources", "subresources"),
    ("schema", "validation"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
];

pub(super) fn to_v1beta1(object: &mut Value) {
    let spec = entry(object, "spec");
    for version in spec.get_mut("versions").and_then(Value::as_array_mut).into_iter().flatten() {
        rename_paths(version, "jsonPath", "JSONPath");
    }
    spec.entry("preserveUnknownFields").or_insert(false.into());
    if let Some(conversion) = spec.get_mut("conversion").and_then(Value::as_object_mut)
        && let Some(Value::Object(mut webhook)) = conversion.remove("webhook")
    {
        take(&mut webhook, "clientConfig", conversion, "webhookClientConfig");
        take(&mut webhook, "conversionReviewVersions", conversion, "conversionReviewVersions");
    }
    let mut moved = Map::new();
    if let Some(versions) = spec.get_mut("versions").and_then(Value::as_array_mut)
        && let Some(first) = versions.first().cloned()
    {
        moved.insert("version".to_owned(), first["name"].clone());
        for (own, shared) in SHARED {
            let value = said(&first, own);
            if versions.iter().any(|version| said(version, own) != value) {
                continue;
            }
            for version in versions.iter_mut().filter_map(Value::as_object_mut) {
                version.remove(*own);
            }
            if let Some(value) = value {
                moved.insert((*shared).to_owned(), value.clone());
            }
        }
    }
    spec.extend(moved);
}

pub(super) fn to_v1(object: &mut Value) {
    let spec = entry(object, "spec");
    // In `v1` it is only told when it is true.
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(false)) {
        spec.remove("preserveUnknownFields");
    }
    if let Some(conversion) = spec.get_mut("conversion").and_then(Value::as_object_mut) {
        let mut webhook = Map::new();
        take(conversion, "webhookClientConfig", &mut webhook, "clientConfig");
        take(conversion, "conversionReviewVersions", &mut webhook, "conversionReviewVersions");
        if !webhook.is_empty() {
            conversion.insert("webhook".to_owned(), webhook.into());
        }
    }
    let name = spec.remove("version");
    if let Some(name) = name
        && spec.get("versions").and_then(Value::as_array).is_none_or(Vec::is_empty)
    {
        let only = object::json!([{"name": name, "served": true, "storage": true}]);
        spec.insert("versions".to_owned(), only);
    }
    for (own, shared) in SHARED {
        let Some(value) = spec.remove(*shared) else { continue };
        let versions = spec.get_mut("versions").and_then(Value::as_array_mut);
        for version in versions.into_iter().flatten() {
            version[*own] = value.clone();
        }
    }
    for version in spec.get_mut("versions").and_then(Value::as_array_mut).into_iter().flatten() {
        rename_paths(version, "JSONPath", "jsonPath");
    }
}

/// The only field whose name differs: the path of a printer column.
fn rename_paths(version: &mut Value, from: &str, to: &str) {
    let columns = version.get_mut("additionalPrinterColumns").and_then(Value::as_array_mut);
    for column in columns.into_iter().flatten() {
        rename(column, from, to);
    }
}

/// A field, where it says something: an empty list says nothing.
fn said<'a>(version: &'a Value, field: &str) -> Option<&'a Value> {
    version
        .get(field)
        .filter(|value| !value.is_null() && value.as_array().is_none_or(|l| !l.is_empty()))
}

fn take(from: &mut Map<String, Value>, field: &str, to: &mut Map<String, Value>, name: &str) {
    if let Some(value) = from.remove(field) {
        to.insert(name.to_owned(), value);
    }
}
