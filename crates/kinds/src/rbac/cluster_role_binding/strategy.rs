//! How cluster role bindings differ while they are written. Mirrors
//! `pkg/registry/rbac/clusterrolebinding`.

use crate::validation::rbac;
use crate::{Context, name_rules};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        rbac::binding(object, false, &["ClusterRole"], errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        self.validate(object, context, errors);
        rbac::binding_change(object, old, errors);
    }

    fn validate_name(&self, name: &str, _prefix: bool) -> Vec<String> {
        name_rules::path_segment(name, false)
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }
}
