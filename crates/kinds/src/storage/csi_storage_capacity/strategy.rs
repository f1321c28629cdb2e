//! How CSI storage capacities differ while they are written. Mirrors
//! `pkg/registry/storage/csistoragecapacity`.

use crate::Context;
use crate::validation::{At, labels, resources, text};
use object::quantity::Quantity;
use object::{FieldErrors, Value, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        capacity(object, false, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, was) = (At::root(object), At::root(old));
        capacity(object, !labels::is_readable(&was.get("nodeTopology")), errors);
        root.get("nodeTopology").immutable(errors, &was.get("nodeTopology"));
        let class = root.get("storageClassName");
        if class.text() != was.get("storageClassName").text() {
            class.invalid_as(errors, class.text(), text::IMMUTABLE);
        }
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

fn capacity(object: &Value, lenient: bool, errors: &mut FieldErrors) {
    let root = At::root(object);
    labels::selector(&root.get("nodeTopology"), lenient, errors);
    root.get("storageClassName").check(errors, names::dns1123_subdomain);
    let amount = root.get("capacity");
    if resources::amount(amount.value) < Quantity::ZERO {
        amount.invalid(errors, text::NEGATIVE);
    }
}
