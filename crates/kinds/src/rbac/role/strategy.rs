//! How roles differ while they are written. Mirrors `pkg/registry/rbac/role`.

use crate::validation::rbac;
use crate::{Context, name_rules};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        rbac::rules(object, true, errors);
    }

    fn validate_name(&self, name: &str, _prefix: bool) -> Vec<String> {
        name_rules::path_segment(name, false)
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }
}
