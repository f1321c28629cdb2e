//! Names and versions of a custom resource definition (`SetDefaults_CustomResourceDefinition` in
//! apiextensions-apiserver, v1, and v1beta1, in which definitions are stored).

use super::Object;
use object::{Value, json};

/// The served version.
pub(super) fn v1(definition: &mut Object) {
    names(definition);
    stored_versions(definition);
}

/// The stored version, which still has the single `version` of old.
pub(super) fn v1beta1(definition: &mut Object) {
    names(definition);
    if let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) {
        let version = text(spec.get("version")).to_owned();
        let versions = spec.get("versions").and_then(Value::as_array);
        match versions.and_then(|versions| versions.first()) {
            None if !version.is_empty() => {
                let only = json!([{"name": version, "served": true, "storage": true}]);
                spec.insert("versions".to_owned(), only);
            }
            Some(first) if version.is_empty() => {
                let name = text(first.get("name")).into();
                spec.insert("version".to_owned(), name);
            }
            _ => {}
        }
    }
    stored_versions(definition);
}

fn names(definition: &mut Object) {
    let names = definition.get_mut("spec").and_then(|spec| spec.get_mut("names")?.as_object_mut());
    let Some(names) = names else { return };
    let kind = text(names.get("kind")).to_owned();
    if kind.is_empty() {
        return;
    }
    for (name, value) in [("singular", kind.to_lowercase()), ("listKind", format!("{kind}List"))] {
        if text(names.get(name)).is_empty() {
            names.insert(name.to_owned(), value.into());
        }
    }
}

/// The version that is stored from the start counts as one that was stored.
fn stored_versions(definition: &mut Object) {
    let versions = definition.get("spec").and_then(|spec| spec.get("versions")?.as_array());
    let is_stored = |version: &&Value| version.get("storage") == Some(&Value::Bool(true));
    let Some(stored) = versions.and_then(|versions| versions.iter().find(is_stored)) else {
        return;
    };
    let name = Value::from(text(stored.get("name")));
    let status = definition.entry("status").or_insert_with(|| Value::Object(Object::new()));
    if let Value::Object(status) = status
        && status.get("storedVersions").and_then(Value::as_array).is_none_or(Vec::is_empty)
    {
        status.insert("storedVersions".to_owned(), Value::Array(vec![name]));
    }
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
