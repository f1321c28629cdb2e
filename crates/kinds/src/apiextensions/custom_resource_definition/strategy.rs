//! How definitions of resources differ while they are written. Mirrors
//! `k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition`.
//!
//! Schemas are not judged here beyond being there.

use crate::Context;
use crate::validation::At;
use object::{FieldErrors, Value, names};
use serde_json::json;
use std::collections::BTreeSet;

const COLUMN_TYPES: &[&str] = &["boolean", "date", "integer", "number", "string"];
const SELECTABLE_FIELDS: usize = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn allow_unconditional_update(&self) -> bool {
        false
    }

    fn refuses_deletion_as_store(&self, _object: &Value) -> bool {
        true
    }

    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        remember_stored(object);
    }

    fn prepare_update(&self, object: &mut Value, _old: &Value, context: &Context) {
        if context.subresource.is_empty() {
            remember_stored(object);
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        let name = root.get("metadata.name");
        let (plural, group) = (spec.get("names.plural").text(), spec.get("group").text());
        if !name.is_empty() && name.text() != format!("{plural}.{group}") {
            name.invalid(errors, "must be spec.names.plural+\".\"+spec.group");
        }
        group_rules(&spec.get("group"), errors);
        spec.get("scope").require_one_of(errors, &["Cluster", "Namespaced"]);
        versions(&spec, errors);
        names_rules(&spec.get("names"), errors);
        conversion(&spec.get("conversion"), errors);
        stored_versions(&root, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, was) = (At::root(object), At::root(old));
        if !context.subresource.is_empty() {
            stored_versions(&root, errors);
            return;
        }
        self.validate(object, context, errors);
        let established = |condition: At<'_>| {
            condition.get("type").text() == "Established"
                && condition.get("status").text() == "True"
        };
        if was.get("status.conditions").items().any(established) {
            for field in ["spec.scope", "spec.names.kind"] {
                root.get(field).immutable_text(errors, &was.get(field));
            }
        }
        for field in ["spec.group", "spec.names.plural"] {
            root.get(field).immutable_text(errors, &was.get(field));
        }
    }
}

/// Notes that objects may lie in the version that is stored now.
fn remember_stored(object: &mut Value) {
    let versions = object["spec"]["versions"].as_array();
    let stored = versions.into_iter().flatten().find(|v| v["storage"] == true);
    let Some(name) = stored.map(|version| version["name"].clone()) else { return };
    let Some(root) = object.as_object_mut() else { return };
    let status = root.entry("status").or_insert_with(|| json!({}));
    let Some(status) = status.as_object_mut() else { return };
    let all = status.entry("storedVersions").or_insert_with(|| json!([]));
    if let Some(all) = all.as_array_mut().filter(|all| !all.contains(&name)) {
        all.push(name);
    }
}

fn joined(at: &At<'_>, prefix: &str, complaints: &[String], errors: &mut FieldErrors) {
    if !complaints.is_empty() {
        at.invalid_as(errors, at.text(), format!("{prefix}{}", complaints.join(",")));
    }
}

fn group_rules(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    let complaints = names::dns1123_subdomain(at.text());
    if complaints.is_empty() && !at.text().contains('.') {
        at.invalid(errors, "should be a domain with at least one dot");
    }
    joined(at, "", &complaints, errors);
}

fn names_rules(at: &At<'_>, errors: &mut FieldErrors) {
    for field in ["plural", "singular", "kind", "listKind"] {
        at.get(field).require(errors);
    }
    let label = |at: &At<'_>, errors: &mut FieldErrors| {
        joined(at, "", &names::dns1035_label(at.text()), errors);
    };
    for field in ["plural", "singular"] {
        if !at.get(field).is_empty() {
            label(&at.get(field), errors);
        }
    }
    for field in ["kind", "listKind"] {
        if !at.get(field).is_empty() {
            let complaints = names::dns1035_label(&at.get(field).text().to_lowercase());
            let prefix = "may have mixed case, but should otherwise match: ";
            joined(&at.get(field), prefix, &complaints, errors);
        }
    }
    for field in ["shortNames", "categories"] {
        for item in at.get(field).items() {
            label(&item, errors);
        }
    }
    let list = at.get("listKind");
    if !list.is_empty() && list.text() == at.get("kind").text() {
        list.invalid(errors, "kind and listKind may not be the same");
    }
}

fn versions(spec: &At<'_>, errors: &mut FieldErrors) {
    let versions = spec.get("versions");
    let all: Vec<_> = versions.items().collect();
    for version in &all {
        let name = version.get("name");
        joined(&name, "", &names::dns1035_label(name.text()), errors);
        let schema = version.get("schema.openAPIV3Schema");
        if !schema.is_set() {
            schema.required(errors, "");
        }
        // Upstream's internal type has what all versions share in the spec itself.
        let is_shared = |field: &str| {
            all.iter().all(|other| other.get(field).value == version.get(field).value)
        };
        let shown = |field| if is_shared(field) { spec.get(field) } else { version.get(field) };
        let at = |field| version.get(field).shown_as(&shown(field));
        columns(&at("additionalPrinterColumns"), errors);
        selectable_fields(&at("selectableFields"), errors);
        scale(&at("subresources").get("scale"), errors);
    }
    if let Some(first) = all.first().map(|first| first.get("name")).filter(|n| !n.is_empty()) {
        joined(
            &first.shown_as(&spec.get("version")),
            "",
            &names::dns1035_label(first.text()),
            errors,
        );
    }
    let unique: BTreeSet<_> = all.iter().map(|version| version.get("name").text()).collect();
    if unique.len() < all.len() {
        versions.invalid(errors, "must contain unique version names");
    }
    if all.iter().filter(|version| version.get("storage").flag()).count() != 1 {
        versions.invalid(errors, "must have exactly one version marked as storage version");
    }
}

fn columns(at: &At<'_>, errors: &mut FieldErrors) {
    for column in at.items() {
        column.get("name").require(errors);
        let (kind, path) = (column.get("type"), column.get("jsonPath"));
        let detail = format!("must be one of {}", COLUMN_TYPES.join(","));
        if kind.is_empty() {
            kind.required(errors, detail);
        } else if !COLUMN_TYPES.contains(&kind.text()) {
            kind.invalid(errors, detail);
        }
        simple_path(&path.shown_as(&column.get("JSONPath")), errors);
    }
}

fn simple_path(at: &At<'_>, errors: &mut FieldErrors) {
    if at.require(errors) && !at.text().starts_with('.') {
        at.invalid(errors, "must be a simple json path starting with .");
    }
}

fn selectable_fields(at: &At<'_>, errors: &mut FieldErrors) {
    at.at_most(errors, SELECTABLE_FIELDS);
    let mut seen = BTreeSet::new();
    for field in at.items() {
        let path = field.get("jsonPath");
        if path.require(errors) && !seen.insert(path.text()) {
            path.duplicate(errors, path.text());
        }
    }
}

fn scale(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.is_set() {
        return;
    }
    for (field, prefix) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
        let path = at.get(field);
        simple_path(&path, errors);
        if path.text().starts_with('.') && !path.text().starts_with(prefix) {
            path.invalid(
                errors,
                format!("should be a json path under {}", &prefix[..prefix.len() - 1]),
            );
        }
    }
}

fn conversion(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.is_set() {
        return;
    }
    at.get("strategy").require_one_of(errors, &["None", "Webhook"]);
    let webhook = at.get("webhook.clientConfig");
    match at.get("strategy").text() {
        "Webhook" if !webhook.is_set() => at.get("webhookClientConfig").required(
            errors,
            "required when strategy is set to Webhook, but not allowed when strategy is not set to \
             Webhook",
        ),
        "None" if webhook.is_set() => at
            .get("webhookClientConfig")
            .forbidden(errors, "should not be set when strategy is not set to Webhook"),
        _ => {}
    }
}

fn stored_versions(root: &At<'_>, errors: &mut FieldErrors) {
    let stored = root.get("status.storedVersions");
    if stored.is_empty() {
        stored.invalid(errors, "must have at least one stored version");
        return;
    }
    let versions = root.get("spec.versions");
    for one in stored.items() {
        if versions.items().all(|version| version.get("name").text() != one.text()) {
            one.invalid(errors, "missing from spec.versions; v1 was previously a storage version, \
                                 and must remain in spec.versions until a storage migration ensures \
                                 no data remains persisted in v1 and removes v1 from \
                                 status.storedVersions".replace("v1", one.text()));
        }
    }
    for version in versions.items().filter(|version| version.get("storage").flag()) {
        let name = version.get("name").text();
        if stored.texts().all(|one| one != name) {
            stored.invalid(errors, format!("must have the storage version {name}"));
        }
    }
}
