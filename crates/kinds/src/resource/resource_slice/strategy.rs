//! How slices of devices differ while they are written. Mirrors
//! `pkg/registry/resource/resourceslice`.

use super::device;
use crate::Context;
use crate::validation::{At, affinity, devices, volume_sources};
use object::{FieldErrors, Value, names};

const DEVICES: usize = 128;
/// Where devices have taints or consume counters.
const ADVANCED_DEVICES: usize = 64;
const COUNTER_SETS: usize = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        device::drop_alpha(object);
    }

    fn prepare_update(&self, object: &mut Value, _old: &Value, _context: &Context) {
        device::drop_alpha(object);
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(&At::root(object).get("spec"), None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, old) = (At::root(object), At::root(old));
        let (new, was) = (root.get("spec"), old.get("spec"));
        new.get("pool.name").immutable_text(errors, &was.get("pool.name"));
        new.get("driver").immutable_text(errors, &was.get("driver"));
        new.get("nodeName").immutable(errors, &was.get("nodeName"));
        spec(&new, Some(&was), errors);
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let driver = object["spec"]["driver"].as_str().unwrap_or_default();
        if driver.chars().any(char::is_uppercase) {
            let text = "driver names should be lowercase";
            return vec![format!("spec.driver: {text}; {driver:?} contains uppercase characters")];
        }
        Vec::new()
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn spec(at: &At<'_>, old: Option<&At<'_>>, errors: &mut FieldErrors) {
    volume_sources::driver_name(&at.get("driver"), errors);
    pool(&at.get("pool"), errors);
    nodes(at, errors);
    let (devices, shared) = (at.get("devices"), at.get("sharedCounters"));
    if devices.is_set() && shared.is_set() {
        at.invalid_as(errors, "", "only one of `sharedCounters` or `devices` is allowed");
    }
    let is_advanced = |device: At<'_>| {
        !device.get("taints").is_empty() || !device.get("consumesCounters").is_empty()
    };
    let limit = if devices.items().any(is_advanced) { ADVANCED_DEVICES } else { DEVICES };
    let name = |at: &At<'_>| at.get("name").text().to_owned();
    let per_device = at.get("perDeviceNodeSelection").flag();
    devices::set(&devices, limit, errors, name, |one, errors| {
        let was = old.and_then(|old| {
            old.get("devices").items().find(|was| was.value["name"] == one.value["name"])
        });
        device::device(one, was.as_ref(), per_device, errors);
    });
    devices::set(&shared, COUNTER_SETS, errors, name, |set, errors| {
        device::counters(set, "name", errors);
    });
}

fn pool(at: &At<'_>, errors: &mut FieldErrors) {
    devices::pool_name(&at.get("name"), errors);
    let (count, generation) = (at.get("resourceSliceCount"), at.get("generation"));
    if count.int() <= 0 {
        count.invalid_as(errors, count.int(), "must be greater than zero");
    }
    if generation.int() < 0 {
        generation.invalid(errors, "must be greater than or equal to zero");
    }
}

/// From which nodes the devices can be reached: one way to say it.
fn nodes(at: &At<'_>, errors: &mut FieldErrors) {
    let mut ways = Vec::new();
    let node = at.get("nodeName");
    if !node.is_empty() {
        ways.push("`nodeName`");
        node.check(errors, names::dns1123_subdomain);
    } else if node.is_set() {
        node.invalid(errors, "must be either unset or set to a non-empty string");
    }
    let selector = at.get("nodeSelector");
    if selector.is_set() {
        ways.push("`nodeSelector`");
        affinity::node_selector(&selector, false, errors);
        let terms = selector.get("nodeSelectorTerms");
        if terms.len() != 1 {
            terms.invalid(errors, "must have exactly one node selector term");
        }
    }
    for (field, way) in
        [("allNodes", "`allNodes`"), ("perDeviceNodeSelection", "`perDeviceNodeSelection`")]
    {
        if at.get(field).flag() {
            ways.push(way);
        } else if at.get(field).is_set() {
            at.get(field).invalid(errors, "must be either unset or set to true");
        }
    }
    let detail = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` \
                  is required";
    match ways.len() {
        0 => at.required(errors, detail),
        1 => {}
        _ => at.invalid_as(
            errors,
            format!("{{{}}}", ways.join(", ")),
            format!("{detail}, but multiple fields are set"),
        ),
    }
}
