//! How claims for devices differ while they are written. Mirrors
//! `pkg/registry/resource/resourceclaim`.
//!
//! Who may ask for access as an administrator depends on a label of the namespace, which is not
//! looked at here.

use super::status;
use crate::Context;
use crate::validation::{At, device_claims};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        if context.subresource == "status" {
            status::drop_deallocated(object, old);
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        device_claims::spec(&At::root(object).get("spec"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (object, old) = (At::root(object), At::root(old));
        if context.subresource.is_empty() {
            object.get("spec").immutable(errors, &old.get("spec"));
        } else {
            status::changed(&object, &old, errors);
        }
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}
