//! How volume attributes classes differ while they are written. Mirrors
//! `pkg/registry/storage/volumeattributesclass`.

use crate::Context;
use crate::storage::storage_class::strategy::{parameters, provisioner};
use crate::validation::{At, equal};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        provisioner(&root.get("driverName"), errors);
        parameters(&root.get("parameters"), false, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, was) = (At::root(object), At::root(old));
        for field in ["driverName", "parameters"] {
            if !equal::semantically(root.get(field).value, was.get(field).value) {
                root.get(field).forbidden(errors, format!("updates to {field} are forbidden."));
            }
        }
        self.validate(object, context, errors);
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}
