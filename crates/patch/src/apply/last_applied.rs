//! The annotation in which kubectl's client-side apply keeps what it applied last.
//!
//! It lets kubectl change over to server-side apply: what it applied before is its own, though the
//! managed fields say that an update wrote it. Mirrors `managedfields/internal/lastapplied*.go`.

use super::compare::compare;
use super::fields::field_set;
use super::set::Set;
use super::types::Ty;
use super::validate::validate;
use crate::limits::ANNOTATIONS_BYTES_MAX;
use object::quote::json_text;
use object::{Value, meta};

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The only manager that this is for.
pub(super) const MANAGER: &str = "kubectl";

/// The fields that kubectl applied and nobody changed since; none where that can't be said.
pub(super) fn uncontested(ty: Ty<'_>, live: &Value, api_version: &str) -> Option<Set> {
    let text = meta::annotation(live, ANNOTATION).filter(|text| !text.is_empty())?;
    let last: Value = serde_json::from_str(text).ok()?;
    if last["apiVersion"].as_str() != Some(api_version) {
        return None;
    }
    validate(ty, live, false).ok()?;
    validate(ty, &last, false).ok()?;
    let comparison = compare(ty, &last, live);
    let set = field_set(ty, &last);
    let set = set.difference(&comparison.modified).difference(&comparison.added);
    Some(set.difference(&comparison.removed))
}

/// Renews the annotation of an object that has one.
pub(super) fn renew(object: &mut Value, config: &Value) {
    if meta::annotation(object, ANNOTATION).is_none_or(str::is_empty) {
        return;
    }
    let mut applied = config.clone();
    if let Some(Value::Object(annotations)) = applied.pointer_mut("/metadata/annotations") {
        annotations.remove(ANNOTATION);
    }
    let metadata = meta::entry(object, "metadata");
    let Some(Value::Object(annotations)) = metadata.get_mut("annotations") else {
        return;
    };
    let text = format!("{}\n", json_text(&applied));
    annotations.insert(ANNOTATION.to_owned(), text.into());
    let bytes: usize =
        annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > ANNOTATIONS_BYTES_MAX {
        annotations.remove(ANNOTATION);
    }
}
