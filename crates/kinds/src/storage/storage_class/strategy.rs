//! How storage classes differ while they are written. Mirrors
//! `pkg/registry/storage/storageclass`.

use crate::Context;
use crate::validation::{At, labels};
use object::{FieldErrors, Value, json, names};
use std::collections::{BTreeMap, BTreeSet};

const PARAMETERS_MAX: usize = 512;
const PARAMETERS_BYTES: usize = 256 << 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        provisioner(&root.get("provisioner"), errors);
        parameters(&root.get("parameters"), true, errors);
        let policy = root.get("reclaimPolicy");
        if !policy.is_empty() {
            policy.one_of(errors, &["Delete", "Retain"]);
        }
        let mode = root.get("volumeBindingMode");
        if mode.is_set() {
            mode.one_of(errors, &["Immediate", "WaitForFirstConsumer"]);
        } else {
            mode.required(errors, "");
        }
        topologies(&root.get("allowedTopologies"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        self.validate(object, context, errors);
        let (root, old) = (At::root(object), At::root(old));
        for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
            if field == "provisioner" {
                root.get(field).immutable_text(errors, &old.get(field));
            } else {
                root.get(field).immutable(errors, &old.get(field));
            }
        }
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

/// Who makes volumes: a qualified name.
pub(crate) fn provisioner(at: &At<'_>, errors: &mut FieldErrors) {
    if at.require(errors) {
        let lower = at.text().to_lowercase();
        for complaint in names::qualified_name(&lower) {
            at.invalid_as(errors, lower.as_str(), complaint);
        }
    }
}

/// What the provisioner is told.
pub(crate) fn parameters(at: &At<'_>, may_be_empty: bool, errors: &mut FieldErrors) {
    if at.len() > PARAMETERS_MAX {
        at.too_long(errors, PARAMETERS_MAX);
        return;
    }
    let mut size_bytes = 0;
    for (key, value) in at.entries() {
        if key.is_empty() {
            at.invalid_as(errors, key, "field can not be empty.");
        }
        size_bytes += key.len() + value.len();
    }
    if size_bytes > PARAMETERS_BYTES {
        at.too_long(errors, PARAMETERS_BYTES);
    }
    if !may_be_empty && at.is_empty() {
        at.required(errors, "must contain at least one key/value pair");
    }
}

fn topologies(at: &At<'_>, errors: &mut FieldErrors) {
    let mut seen: Vec<BTreeMap<&str, BTreeSet<&str>>> = Vec::new();
    for term in at.items() {
        let mut keys = BTreeMap::new();
        let list = term.get("matchLabelExpressions");
        for expression in list.items() {
            let (key, values) = (expression.get("key"), expression.get("values"));
            values.require(errors);
            let mut set = BTreeSet::new();
            for value in values.items() {
                if !set.insert(value.text()) {
                    value.duplicate(errors, value.text());
                }
            }
            labels::key(&key, key.text(), errors);
            if keys.insert(key.text(), set).is_some() {
                key.duplicate(errors, key.text());
            }
        }
        // Upstream also compares with as many empty terms as there are.
        let same = seen.iter().filter(|other| **other == keys).count();
        let empty = if keys.is_empty() { at.len() } else { 0 };
        for _ in 0..same + empty {
            list.duplicate(errors, json!(""));
        }
        seen.push(keys);
    }
}
