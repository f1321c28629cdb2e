//! How templates of claims differ while they are written. Mirrors
//! `pkg/registry/resource/resourceclaimtemplate`.

use crate::Context;
use crate::meta_rules;
use crate::validation::{At, device_claims, labels};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        meta_rules::annotations(&spec.get("metadata.annotations"), errors);
        labels::map(&spec.get("metadata.labels"), errors);
        device_claims::spec(&spec.get("spec"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        self.validate(object, context, errors);
        At::root(object).get("spec").immutable(errors, &At::root(old).get("spec"));
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}
