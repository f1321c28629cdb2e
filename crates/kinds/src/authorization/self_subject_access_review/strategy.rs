//! How self subject access reviews differ. Mirrors
//! `pkg/registry/authorization/selfsubjectaccessreview`.

use crate::Context;
use crate::validation::review;
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        review::access(object, false, errors);
        review::no_metadata(object, false, errors);
    }
}
