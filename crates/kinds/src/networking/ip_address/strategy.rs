//! How IP addresses differ while they are written. Mirrors `pkg/registry/networking/ipaddress`.

use crate::Context;
use crate::validation::{At, network};
use object::{FieldErrors, Value, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let parent = At::root(object).get("spec").get("parentRef");
        if !parent.is_set() {
            parent.required(errors, "");
            return;
        }
        if !parent.get("group").is_empty() {
            parent.get("group").check(errors, names::dns1123_subdomain);
        }
        for field in ["resource", "name"] {
            if parent.get(field).require(errors) {
                parent.get(field).check(errors, names::path_segment_name);
            }
        }
        if !parent.get("namespace").is_empty() {
            parent.get("namespace").check(errors, names::path_segment_name);
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let parent = At::root(object).get("spec").get("parentRef");
        parent.immutable(errors, &At::root(old).get("spec.parentRef"));
        self.validate(object, context, errors);
    }

    /// The address, in the one form in which it is printed.
    fn validate_name(&self, name: &str, _prefix: bool) -> Vec<String> {
        let value = Value::from(name);
        let mut errors = FieldErrors::new();
        network::canonical_ip(&At::root(&value), &mut errors);
        errors.0.into_iter().map(|error| error.detail).collect()
    }
}
