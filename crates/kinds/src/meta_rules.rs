//! The rules for `metadata`, the same for every kind. Mirrors
//! `k8s.io/apimachinery/pkg/api/validation/objectmeta.go` and what
//! `k8s.io/kubernetes/pkg/apis/core/validation` adds to it.
//!
//! The registry calls these before a strategy's own rules, so that complaints come in
//! upstream's order.

use crate::Strategy;
use crate::name_rules::path_segment;
use crate::validation::{At, labels};
use object::{FieldErrors, Value, names};

const ANNOTATIONS_SIZE_BYTES: usize = 256 << 10;
const SUBRESOURCE_SIZE_BYTES: usize = 256;
const MANAGER_SIZE_BYTES: usize = 128;
const STANDARD_FINALIZERS: &[&str] = &["kubernetes", "orphan", "foregroundDeletion"];

/// The rules for a new object's `metadata`. `object` has its name already, if it is generated.
pub fn create(object: &Value, namespaced: bool, strategy: &dyn Strategy, errors: &mut FieldErrors) {
    state(object, namespaced, |name, prefix| strategy.validate_name(name, prefix), errors);
    kube_finalizers(&At::root(object).get("metadata.finalizers"), errors);
}

/// The rules for `metadata` that upstream's generic code has for every update, before those of a
/// strategy ([`update`]), which are mostly the same: such findings are listed once more each.
pub fn update_of_any(object: &Value, old: &Value, namespaced: bool, errors: &mut FieldErrors) {
    state(object, namespaced, path_segment, errors);
    change(object, old, errors);
}

/// What holds of `metadata` at all times.
fn state(
    object: &Value,
    namespaced: bool,
    name_rule: impl Fn(&str, bool) -> Vec<String>,
    errors: &mut FieldErrors,
) {
    let metadata = At::root(object).get("metadata");
    let generate_name = metadata.get("generateName");
    if !generate_name.is_empty() {
        generate_name.check(errors, |name| name_rule(name, true));
    }
    let name = metadata.get("name");
    if name.is_empty() {
        name.required(errors, "name or generateName is required");
    } else {
        name.check(errors, |name| name_rule(name, false));
    }
    let namespace = metadata.get("namespace");
    if !namespaced {
        if !namespace.is_empty() {
            namespace.forbidden(errors, "not allowed on this type");
        }
    } else if namespace.require(errors) {
        namespace.check(errors, names::dns1123_label);
    }
    metadata.get("generation").non_negative(errors);
    labels::map(&metadata.get("labels"), errors);
    annotations(&metadata.get("annotations"), errors);
    owner_references(&metadata.get("ownerReferences"), errors);
    finalizers(&metadata.get("finalizers"), errors);
    managed_fields(&metadata.get("managedFields"), errors);
}

/// The rules for a change of `metadata`.
pub fn update(object: &Value, old: &Value, errors: &mut FieldErrors) {
    change(object, old, errors);
    kube_finalizers(&At::root(object).get("metadata.finalizers"), errors);
}

fn change(object: &Value, old: &Value, errors: &mut FieldErrors) {
    let (metadata, old) = (At::root(object).get("metadata"), At::root(old).get("metadata"));
    if old.get("deletionTimestamp").is_set() {
        let known: Vec<&str> = old.get("finalizers").texts().collect();
        let mut new: Vec<&str> =
            metadata.get("finalizers").texts().filter(|f| !known.contains(f)).collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let list: Vec<String> = new.iter().map(|f| format!("{f:?}")).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new \
                 finalizers []string{{{}}}",
                list.join(", ")
            );
            metadata.get("finalizers").forbidden(errors, detail);
        }
    }
    let version = metadata.get("resourceVersion");
    if version.is_empty() {
        version.invalid_as(errors, "", "must be specified for an update");
    }
    let generation = metadata.get("generation");
    if generation.int() < old.get("generation").int() {
        generation.invalid_as(errors, generation.int(), "must not be decremented");
    }
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        let new = metadata.get(field);
        let texts = matches!(field, "name" | "namespace" | "uid");
        if texts && new.text() != old.get(field).text() {
            new.invalid_as(errors, new.text(), "field is immutable");
        } else {
            new.immutable(errors, &old.get(field));
        }
    }
    labels::map(&metadata.get("labels"), errors);
    annotations(&metadata.get("annotations"), errors);
    owner_references(&metadata.get("ownerReferences"), errors);
    managed_fields(&metadata.get("managedFields"), errors);
}

/// Annotations: their keys, and their size in all.
pub(crate) fn annotations(at: &At<'_>, errors: &mut FieldErrors) {
    let mut size_bytes = 0;
    for (key, value) in at.entries() {
        for complaint in names::qualified_name(&key.to_lowercase()) {
            at.invalid_as(errors, key, complaint);
        }
        size_bytes += key.len() + value.len();
    }
    if size_bytes > ANNOTATIONS_SIZE_BYTES {
        at.too_long(errors, ANNOTATIONS_SIZE_BYTES);
    }
}

fn owner_references(at: &At<'_>, errors: &mut FieldErrors) {
    let mut controller = String::new();
    for owner in at.items() {
        let field = |name| owner.get(name).shown_as(&at.get(name));
        let api_version = owner.get("apiVersion").text();
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        if version.is_empty() || group.contains('/') {
            field("apiVersion").invalid_as(errors, api_version, "version must not be empty");
        }
        for name in ["kind", "name", "uid"] {
            if owner.get(name).is_empty() {
                field(name).invalid_as(errors, "", "must not be empty");
            }
        }
        let kind = owner.get("kind").text();
        if api_version == "v1" && kind == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            at.invalid_as(errors, owner.value.clone(), detail);
        }
        if owner.get("controller").flag() {
            let this = format!("{kind}/{}", owner.get("name").text());
            if controller.is_empty() {
                controller = this;
            } else {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in \
                     references for {controller} and {this}"
                );
                at.invalid(errors, detail);
            }
        }
    }
}

fn finalizers(at: &At<'_>, errors: &mut FieldErrors) {
    for name in at.texts() {
        finalizer(at, name, errors);
    }
    let has = |name| at.texts().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        at.invalid(errors, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

fn finalizer(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    for complaint in names::qualified_name(name) {
        at.invalid_as(errors, name, complaint);
    }
}

/// A namespace's own finalizers: standard ones, or qualified names.
pub(crate) fn namespace_finalizer(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    finalizer(at, name, errors);
    standard_or_qualified(at, name, errors);
}

fn kube_finalizers(at: &At<'_>, errors: &mut FieldErrors) {
    for item in at.items() {
        standard_or_qualified(&item, item.text(), errors);
    }
}

fn standard_or_qualified(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    if !name.contains('/') && !STANDARD_FINALIZERS.contains(&name) {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        at.invalid_as(errors, name, detail);
    }
}

fn managed_fields(at: &At<'_>, errors: &mut FieldErrors) {
    for entry in at.items() {
        let operation = entry.get("operation");
        if !matches!(operation.text(), "Apply" | "Update") {
            operation.invalid_as(errors, operation.text(), "must be `Apply` or `Update`");
        }
        let kind = entry.get("fieldsType");
        if !matches!(kind.text(), "" | "FieldsV1") {
            kind.invalid(errors, "must be `FieldsV1`");
        }
        let manager = entry.get("manager");
        if manager.len() > MANAGER_SIZE_BYTES {
            manager.too_long(errors, MANAGER_SIZE_BYTES);
        }
        for (position, letter) in manager.text().char_indices().filter(|(_, c)| c.is_control()) {
            let code = u32::from(letter);
            let detail = format!("invalid character U+{code:04X} (at position {position})");
            manager.invalid(errors, detail);
        }
        let subresource = entry.get("subresource");
        if subresource.len() > SUBRESOURCE_SIZE_BYTES {
            subresource.too_long(errors, SUBRESOURCE_SIZE_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plain;
    use object::json;

    fn complaints(object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut errors = FieldErrors::new();
        match old {
            Some(old) => update(object, old, &mut errors),
            None => create(object, true, &Plain, &mut errors),
        }
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_new_object_needs_a_name_and_a_namespace() {
        let empty = json!({"metadata": {}});
        assert_eq!(
            complaints(&empty, None),
            [
                "metadata.name: Required value: name or generateName is required",
                "metadata.namespace: Required value"
            ]
        );
    }

    #[test]
    fn identity_cannot_change() {
        let old = json!({"metadata": {"name": "a", "uid": "1", "resourceVersion": "5"}});
        let new = json!({"metadata": {"name": "b", "uid": "2", "resourceVersion": "5"}});
        assert_eq!(
            complaints(&new, Some(&old)),
            [
                "metadata.name: Invalid value: \"b\": field is immutable",
                "metadata.uid: Invalid value: \"2\": field is immutable"
            ]
        );
        assert!(complaints(&old, Some(&old)).is_empty());
    }

    #[test]
    fn an_update_has_the_rules_of_all_times_and_those_of_a_change() {
        let old = json!({"metadata": {"name": "a", "namespace": "n", "resourceVersion": "5"}});
        let mut new = old.clone();
        new["metadata"]["labels"] = json!({"a/": "b"});
        new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let mut errors = FieldErrors::new();
        update_of_any(&new, &old, true, &mut errors);
        let count = |path| errors.0.iter().filter(|error| error.path == path).count();
        // The empty name of a label breaks two rules.
        assert_eq!((count("metadata.labels"), count("metadata.deletionTimestamp")), (4, 1));
    }

    #[test]
    fn a_dying_object_gets_no_new_finalizers() {
        let old = json!({"metadata": {"name": "a", "resourceVersion": "5",
            "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a.b/c"]}});
        let mut new = old.clone();
        new["metadata"]["finalizers"] = json!(["a.b/c", "a.b/d"]);
        assert_eq!(
            complaints(&new, Some(&old)),
            ["metadata.finalizers: Forbidden: no new finalizers can be added if the object is \
              being deleted, found new finalizers []string{\"a.b/d\"}"]
        );
    }
}
