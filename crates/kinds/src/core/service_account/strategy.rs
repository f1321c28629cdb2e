//! How service accounts differ while they are written. Mirrors
//! `pkg/registry/core/serviceaccount`.

use crate::Context;
use object::{Value, json, meta};

const MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        names_only(object);
    }

    fn prepare_update(&self, object: &mut Value, _old: &Value, _context: &Context) {
        names_only(object);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let has = |object: &Value| meta::annotation(object, MOUNTABLE).is_some();
        if old.is_some_and(has) || !has(object) {
            return Vec::new();
        }
        vec![format!(
            "metadata.annotations[{MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces \
             to isolate access to mounted secrets"
        )]
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

/// Of the references to secrets only the names are kept.
fn names_only(object: &mut Value) {
    let list = object.get_mut("secrets").and_then(Value::as_array_mut);
    for secret in list.into_iter().flatten() {
        *secret = match secret.get("name") {
            Some(name) => json!({ "name": name }),
            None => json!({}),
        };
    }
}
