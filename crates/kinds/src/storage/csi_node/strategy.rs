//! How CSI nodes differ while they are written. Mirrors `pkg/registry/storage/csinode`.

use crate::Context;
use crate::validation::{At, equal, text, volume_sources};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

const NODE_ID_BYTES: usize = 256;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let mut seen = BTreeSet::new();
        for driver in At::root(object).get("spec").get("drivers").items() {
            let name = driver.get("name");
            volume_sources::driver_name(&name, errors);
            let id = driver.get("nodeID");
            id.require(errors);
            if id.len() > NODE_ID_BYTES {
                id.invalid(errors, format!("must be {NODE_ID_BYTES} characters or less"));
            }
            driver.get("allocatable").get("count").non_negative(errors);
            if !seen.insert(name.text()) {
                name.duplicate(errors, name.text());
            }
            let mut keys = BTreeSet::new();
            for key in driver.get("topologyKeys").texts() {
                if key.is_empty() {
                    driver.required(errors, "");
                }
                if !keys.insert(key) {
                    driver.duplicate(errors, key);
                }
                for complaint in names::qualified_name(key) {
                    driver.invalid_as(errors, key, complaint);
                }
            }
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        self.validate(object, context, errors);
        let spec = At::root(object).get("spec");
        let list = spec.get("drivers");
        let without_count = |driver: &Value| {
            let mut driver = driver.clone();
            if let Some(map) = driver.as_object_mut() {
                map.remove("allocatable");
            }
            driver
        };
        for was in At::root(old).get("spec.drivers").items() {
            let name = was.get("name").text();
            for now in list.items().filter(|driver| driver.get("name").text() == name) {
                let (new, was) = (without_count(now.value), without_count(was.value));
                if !equal::semantically(&new, &was) {
                    list.invalid_as(errors, new, text::IMMUTABLE);
                }
            }
        }
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}
