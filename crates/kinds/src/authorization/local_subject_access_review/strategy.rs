//! How local subject access reviews differ. Mirrors
//! `pkg/registry/authorization/localsubjectaccessreview`.

use crate::Context;
use crate::validation::{At, review};
use object::{FieldErrors, Value, meta};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        review::access(object, true, errors);
        review::no_metadata(object, true, errors);
        let root = At::root(object);
        let resource = root.get("spec").get("resourceAttributes");
        let namespace = resource.get("namespace");
        if resource.is_set() && namespace.text() != meta::namespace(object) {
            namespace.invalid_as(errors, namespace.text(), "must match metadata.namespace");
        }
        root.get("spec")
            .get("nonResourceAttributes")
            .forbidden_value(errors, "disallowed on this kind of request");
    }
}
