//! One device of a slice.

use crate::validation::resources::amount;
use crate::validation::{At, affinity, devices};
use object::{FieldErrors, Value, names};
use regex::Regex;
use std::sync::LazyLock;

const PROPERTIES: usize = 32;
const ATTRIBUTE_VALUES: usize = 48;
const VALUE_BYTES: usize = 64;
const TAINTS: usize = 16;
const CONSUMPTIONS: usize = 2;
const COUNTERS: usize = 32;
const VALID_VALUES: usize = 10;

static SEMVER: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"(0|[1-9]\d*)";
    let before = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)";
    let build = r"[0-9a-zA-Z-]+";
    let whole =
        format!(r"^{number}\.{number}\.{number}(-{before}(\.{before})*)?(\+{build}(\.{build})*)?$");
    #[expect(clippy::expect_used, reason = "the pattern is fixed")]
    Regex::new(&whole).expect("the pattern is right")
});

/// Removes what upstream has behind gates that are off.
pub(super) fn drop_alpha(slice: &mut Value) {
    let devices = slice.pointer_mut("/spec/devices").and_then(Value::as_array_mut);
    for device in devices.into_iter().flatten().filter_map(Value::as_object_mut) {
        device.remove("nodeAllocatableResourceMappings");
        let attributes = device.get_mut("attributes").and_then(Value::as_object_mut);
        for attribute in attributes.into_iter().flatten().filter_map(|(_, a)| a.as_object_mut()) {
            for field in ["bools", "ints", "strings", "versions"] {
                attribute.remove(field);
            }
        }
    }
}

/// `resource.Device`.
pub(super) fn device(
    at: &At<'_>,
    old: Option<&At<'_>>,
    per_device: bool,
    errors: &mut FieldErrors,
) {
    at.get("name").check(errors, names::dns1123_label);
    let (attributes, capacity) = (at.get("attributes"), at.get("capacity"));
    let properties = attributes.len() + capacity.len();
    if properties > PROPERTIES {
        at.invalid_as(
            errors,
            properties,
            format!("the total number of attributes and capacities must not exceed {PROPERTIES}"),
        );
    }
    if attributes.len() > ATTRIBUTE_VALUES {
        at.invalid_as(
            errors,
            attributes.len(),
            format!("the total number of attribute values must not exceed {ATTRIBUTE_VALUES}"),
        );
    }
    for (key, value) in attributes.entries() {
        devices::qualified_name(&attributes, key, errors);
        attribute(&value, errors);
    }
    for (key, value) in capacity.entries() {
        devices::qualified_name(&capacity, key, errors);
        let policy = value.get("requestPolicy");
        if policy.is_set() && at.get("allowMultipleAllocations").flag() {
            request_policy(&value.get("value"), &policy, errors);
        } else {
            policy.forbid(errors, "allowMultipleAllocations must be true");
        }
    }
    let taints = at.get("taints");
    if old.is_none_or(|old| old.get("taints").value != taints.value) {
        devices::list(&taints, TAINTS, errors, devices::taint);
    }
    let set = |at: &At<'_>| at.get("counterSet").text().to_owned();
    devices::set(&at.get("consumesCounters"), CONSUMPTIONS, errors, set, |one, errors| {
        counters(one, "counterSet", errors);
    });
    nodes(at, per_device, errors);
    devices::binding_conditions(at, errors);
}

/// A set of counters under a name, which is in `name`.
pub(super) fn counters(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    if at.get(name).require(errors) {
        at.get(name).check(errors, names::dns1123_label);
    }
    let counters = at.get("counters");
    if !counters.require(errors) {
        return;
    }
    counters.at_most(errors, COUNTERS);
    if counters.len() > COUNTERS {
        return;
    }
    for key in counters.keys() {
        for complaint in names::dns1123_label(key) {
            counters.invalid_as(errors, key, complaint);
        }
    }
}

fn attribute(at: &At<'_>, errors: &mut FieldErrors) {
    let version = at.get("version");
    if version.is_set() && !SEMVER.is_match(version.text()) {
        version.invalid(errors, "must be a string compatible with semver.org spec 2.0.0");
    }
    for field in ["string", "version"] {
        if at.get(field).len() > VALUE_BYTES {
            at.get(field).too_long(errors, VALUE_BYTES);
        }
    }
    let is_set = |field: &&str| at.get(field).is_set();
    match ["bool", "int", "string", "version"].iter().copied().filter(is_set).count() {
        0 => at.invalid_as(errors, "", "exactly one value must be specified"),
        1 => {}
        _ => at.invalid(errors, "exactly one value must be specified"),
    }
}

/// Which nodes reach the device, where the slice leaves that to its devices.
fn nodes(at: &At<'_>, per_device: bool, errors: &mut FieldErrors) {
    let (node, selector, all) = (at.get("nodeName"), at.get("nodeSelector"), at.get("allNodes"));
    if !per_device {
        if node.is_set() || selector.is_set() || all.is_set() {
            at.invalid_as(
                errors,
                Value::Null,
                "`nodeName`, `nodeSelector` and `allNodes` can only be set if \
                 `perDeviceNodeSelection` is set to true in the ResourceSlice spec",
            );
        }
        return;
    }
    let mut ways = Vec::new();
    if !node.is_empty() {
        ways.push("`nodeName`");
        node.check(errors, names::dns1123_subdomain);
    } else if node.is_set() {
        node.invalid(errors, "must not be empty");
    }
    if selector.is_set() {
        ways.push("`nodeSelector`");
        affinity::node_selector(&selector, false, errors);
    }
    if all.flag() {
        ways.push("`allNodes`");
    } else if all.is_set() {
        all.invalid(errors, "must be either unset or set to true");
    }
    let detail = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when \
                  `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
    match ways.len() {
        0 => at.required(errors, detail),
        1 => {}
        _ => at.invalid_as(errors, format!("{{{}}}", ways.join(", ")), detail),
    }
}

fn request_policy(capacity: &At<'_>, policy: &At<'_>, errors: &mut FieldErrors) {
    let (values, range) = (policy.get("validValues"), policy.get("validRange"));
    let default = policy.get("default");
    match (!values.is_empty(), range.is_set()) {
        (true, true) => policy.forbidden(
            errors,
            "exactly one policy can be specified, cannot specify \"validValues\" and \
             \"validRange\" at the same time",
        ),
        (true, false) if !default.is_set() => {
            default.required(errors, "required when validValues is defined");
        }
        (true, false) => valid_values(capacity, &default, &values, errors),
        (false, true) if !default.is_set() => {
            default.required(errors, "required when validRange is defined");
        }
        (false, true) => valid_range(capacity, &default, &range, errors),
        (false, false) => {}
    }
}

fn valid_values(capacity: &At<'_>, default: &At<'_>, values: &At<'_>, errors: &mut FieldErrors) {
    let listed: Vec<_> = values.items().collect();
    for pair in listed.windows(2) {
        if amount(pair[0].value) > amount(pair[1].value) {
            pair[1].invalid(errors, "values must be sorted in ascending order");
        }
    }
    let whole = |at: &At<'_>| amount(at.value).value().to_string();
    let most = amount(capacity.value);
    devices::set(values, VALID_VALUES, errors, whole, |option, errors| {
        if amount(option.value) > most {
            option.invalid(errors, format!("option is larger than capacity value: {most}"));
        }
    });
    if listed.iter().all(|option| amount(option.value) != amount(default.value)) {
        let detail = "default value is not valid according to the requestPolicy";
        values.invalid_as(errors, default.text(), detail);
    }
}

fn valid_range(capacity: &At<'_>, default: &At<'_>, range: &At<'_>, errors: &mut FieldErrors) {
    let (low, high, step) = (range.get("min"), range.get("max"), range.get("step"));
    if !low.is_set() {
        low.required(errors, "required when validRange is defined");
        return;
    }
    let (capacity, wanted, least) =
        (amount(capacity.value), amount(default.value), amount(low.value));
    if least > capacity {
        low.invalid(errors, format!("min is larger than capacity value: {capacity}"));
    }
    if wanted < least {
        low.invalid_as(errors, default.text(), format!("default is less than min: {least}"));
    }
    if high.is_set() {
        let most = amount(high.value);
        if least > most {
            high.invalid_as(errors, low.text(), format!("min is larger than max: {most}"));
        }
        if most > capacity {
            high.invalid(errors, format!("max is larger than capacity value: {capacity}"));
        }
        if wanted > most {
            high.invalid_as(errors, default.text(), format!("default is more than max: {most}"));
        }
    }
    if !step.is_set() {
        return;
    }
    let mut first = least.clone();
    first.add(&amount(step.value));
    if first > capacity {
        let detail = format!("one step {first} is larger than capacity value: {capacity}");
        step.invalid(errors, detail);
    }
    let stride = amount(step.value);
    for value in [Some(default), high.is_set().then_some(&high)].into_iter().flatten() {
        let offset = amount(value.value).value() - least.value();
        if offset.checked_rem(stride.value()).is_none_or(|rest| rest != 0) {
            step.invalid_as(
                errors,
                value.text(),
                format!("value is not a multiple of a given step ({stride}) from ({least})"),
            );
        }
    }
}
