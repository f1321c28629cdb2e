//! How namespaces differ while they are written. Mirrors `pkg/registry/core/namespace`.

use crate::validation::At;
use crate::{Context, ResetFields, meta_rules, name_rules};
use object::{FieldErrors, Value, json, meta};

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const FINALIZER: &str = "kubernetes";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        object["status"] = json!({"phase": "Active"});
        let spec = meta::entry(object, "spec");
        let list = spec.entry("finalizers").or_insert_with(|| json!([]));
        if !list.is_array() {
            *list = json!([]);
        }
        if let Some(list) = list.as_array_mut()
            && !list.iter().any(|finalizer| finalizer == FINALIZER)
        {
            list.push(FINALIZER.into());
        }
        name_label(object);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        if context.subresource.is_empty() {
            let spec = meta::entry(object, "spec");
            spec.remove("finalizers");
            if let Some(kept) = old["spec"].get("finalizers") {
                spec.insert("finalizers".into(), kept.clone());
            }
        }
        name_label(object);
    }

    fn reset_fields(&self, subresource: &str) -> Option<ResetFields> {
        (subresource == "finalize").then_some(&[&["status"]])
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let list = root.get("spec.finalizers");
        for name in list.texts() {
            meta_rules::namespace_finalizer(&list, name, errors);
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        _old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let root = At::root(object);
        match context.subresource.as_str() {
            "status" => {
                let phase = root.get("status.phase");
                let (needed, state) = match meta::deletion_timestamp(object) {
                    None => ("Active", "empty"),
                    Some(_) => ("Terminating", "not empty"),
                };
                if phase.text() != needed {
                    phase.shown_as(&root.get("status").get("Phase")).invalid_as(
                        errors,
                        phase.text(),
                        format!("may only be '{needed}' if `deletionTimestamp` is {state}"),
                    );
                }
            }
            "finalize" => {
                for name in root.get("spec.finalizers").items() {
                    meta_rules::namespace_finalizer(&name, name.text(), errors);
                }
            }
            _ => self.validate(object, context, errors),
        }
    }

    fn is_held(&self, object: &Value) -> bool {
        object["spec"]["finalizers"].as_array().is_some_and(|list| !list.is_empty())
    }

    fn prepare_delete(&self, object: &mut Value) {
        object["status"]["phase"] = "Terminating".into();
    }

    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        name_rules::label(name, prefix)
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

/// Selectors can choose a namespace by its name, since it is a label too.
fn name_label(object: &mut Value) {
    let name = meta::name(object).to_owned();
    if name.is_empty() {
        return;
    }
    let labels = meta::of(object).entry("labels").or_insert_with(|| json!({}));
    if !labels.is_object() {
        *labels = json!({});
    }
    labels[NAME_LABEL] = name.into();
}
