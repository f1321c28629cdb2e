//! How controller revisions differ while they are written. Mirrors
//! `pkg/registry/apps/controllerrevision`.

use crate::Context;
use crate::validation::At;
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        root.get("revision").non_negative(errors);
        let data = root.get("data");
        if !data.is_set() {
            data.required(errors, "data is mandatory");
        } else if !data.value.is_object() {
            data.required(errors, "data must be a valid JSON object");
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, old) = (At::root(object), At::root(old));
        root.get("revision").non_negative(errors);
        root.get("data").immutable(errors, &old.get("data"));
    }
}
