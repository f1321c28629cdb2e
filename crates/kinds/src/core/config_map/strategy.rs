//! How config maps differ while they are written. Mirrors `pkg/registry/core/configmap`.

use crate::Context;
use crate::core::secret::strategy::{decoded_bytes, frozen};
use crate::validation::At;
use object::{FieldErrors, Value, names};

const SIZE_BYTES: usize = 1 << 20;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        config_map(object, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        frozen(&At::root(object), &At::root(old), &["data", "binaryData"], errors);
        config_map(object, errors);
    }
}

fn config_map(object: &Value, errors: &mut FieldErrors) {
    let root = At::root(object);
    let binary = root.get("binaryData");
    let mut size_bytes = 0;
    for (key, value) in root.get("data").entries() {
        for complaint in names::config_map_key(key) {
            value.invalid_as(errors, key, complaint);
        }
        if binary.key(key).is_set() {
            value.invalid_as(errors, key, "duplicate of key present in binaryData");
        }
        size_bytes += value.len();
    }
    for (key, value) in binary.entries() {
        for complaint in names::config_map_key(key) {
            value.invalid_as(errors, key, complaint);
        }
        size_bytes += decoded_bytes(value.text());
    }
    if size_bytes > SIZE_BYTES {
        errors.too_long("", SIZE_BYTES);
    }
}
