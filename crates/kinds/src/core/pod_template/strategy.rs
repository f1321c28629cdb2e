//! How pod templates differ while they are written. Mirrors `pkg/registry/core/podtemplate`.

use crate::Context;
use crate::validation::{At, PodOptions, pod_template};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        template(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        template(object, Some(old), errors);
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn template(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let options = PodOptions::new(false, old.map(|old| &old["template"]["spec"]));
    pod_template::template(&At::root(object).get("template"), &options, errors);
}
