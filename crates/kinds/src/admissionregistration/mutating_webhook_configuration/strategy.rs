//! How mutating webhook configurations differ while they are written. Mirrors
//! `pkg/registry/admissionregistration/mutatingwebhookconfiguration`.

use crate::Context;
use crate::validation::admission::{WebhookOptions, webhooks};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        webhooks(object, true, WebhookOptions::default(), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        webhooks(object, true, WebhookOptions::of(object, old), errors);
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}
