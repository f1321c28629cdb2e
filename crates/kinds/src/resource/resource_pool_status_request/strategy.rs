//! How questions about pools of devices differ while they are written. Mirrors
//! `pkg/registry/resource/resourcepoolstatusrequest`.

use crate::Context;
use crate::validation::{At, conditions, devices};
use object::{FieldErrors, Value, names};

const POOLS: usize = 1000;
const CONDITIONS: usize = 10;
const ERROR_BYTES: usize = 256;
const LIMIT_MAX: i64 = 1000;
const COUNTS: &[&str] =
    &["totalDevices", "allocatedDevices", "availableDevices", "unavailableDevices"];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        driver(&spec.get("driver"), errors);
        if spec.get("poolName").is_set() {
            devices::pool_name(&spec.get("poolName"), errors);
        }
        let limit = spec.get("limit");
        match limit.maybe_int() {
            Some(..=0) => limit.invalid(errors, "must be greater than or equal to 1"),
            Some(count) if count > LIMIT_MAX => {
                limit.invalid(errors, "must be less than or equal to 1000");
            }
            _ => {}
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, was) = (At::root(object), At::root(old));
        if context.subresource.is_empty() {
            root.get("spec").immutable(errors, &was.get("spec"));
            return;
        }
        let (status, was) = (root.get("status"), was.get("status"));
        if was.is_set() {
            status.immutable(errors, &was);
        } else if status.is_set() {
            answer(&status, errors);
        }
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn answer(status: &At<'_>, errors: &mut FieldErrors) {
    conditions::conditions(&status.get("conditions"), errors);
    let count = status.get("poolCount");
    if count.is_set() {
        count.non_negative(errors);
    } else {
        count.required(errors, "");
    }
    devices::list(&status.get("pools"), POOLS, errors, pool);
    status.get("conditions").at_most(errors, CONDITIONS);
}

fn pool(at: &At<'_>, errors: &mut FieldErrors) {
    driver(&at.get("driver"), errors);
    devices::pool_name(&at.get("poolName"), errors);
    if at.get("generation").require(errors) {
        at.get("generation").non_negative(errors);
    }
    let slices = at.get("resourceSliceCount");
    if slices.is_set() && slices.int() < 1 {
        slices.invalid(errors, "must be greater than or equal to 1");
    }
    for field in COUNTS {
        at.get(field).non_negative(errors);
    }
    if at.get("nodeName").is_set() {
        at.get("nodeName").check(errors, names::dns1123_subdomain);
    }
    if at.get("validationError").len() > ERROR_BYTES {
        at.get("validationError").too_long(errors, ERROR_BYTES);
    }
}

/// A subdomain, however it is written.
fn driver(at: &At<'_>, errors: &mut FieldErrors) {
    if at.require(errors) {
        at.check(errors, |name| names::dns1123_subdomain(&name.to_lowercase()));
    }
}
