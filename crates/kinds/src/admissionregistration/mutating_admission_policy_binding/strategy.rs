//! How bindings of mutating admission policies differ while they are written. Mirrors
//! `pkg/registry/admissionregistration/mutatingadmissionpolicybinding`.

use crate::Context;
use crate::admissionregistration::validating_admission_policy_binding::strategy::binding;
use crate::validation::At;
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        binding(&At::root(object).get("spec"), errors);
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}
