//! What was given to a claim, and who uses it.

use crate::validation::device_claims::RequestNames;
use crate::validation::{At, affinity, conditions, devices, volume_sources};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

const USERS: usize = 256;
const RESULTS: usize = 32;
const CONDITIONS: usize = 8;
const DATA_BYTES: usize = 10 << 10;
const ADDRESSES: usize = 16;
const INTERFACE_BYTES: usize = 256;
const HARDWARE_BYTES: usize = 128;

/// A device, as upstream prints which one.
fn device_id(device: &Value) -> String {
    let text = |field: &str| device[field].as_str().unwrap_or_default().to_owned();
    let mut id = [text("driver"), text("pool"), text("device")].join("/");
    if let Some(share) = device["shareID"].as_str() {
        id.push('/');
        id.push_str(share);
    }
    id
}

fn allocated(claim: &Value) -> BTreeSet<String> {
    let results = claim["status"]["allocation"]["devices"]["results"].as_array();
    results.into_iter().flatten().map(device_id).collect()
}

/// Forgets what is said of devices that the claim has no more.
pub(super) fn drop_deallocated(object: &mut Value, old: &Value) {
    let now = allocated(object);
    let gone: BTreeSet<_> = allocated(old).into_iter().filter(|id| !now.contains(id)).collect();
    let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) else { return };
    let Some(devices) = status.get_mut("devices").and_then(Value::as_array_mut) else { return };
    devices.retain(|device| !gone.contains(&device_id(device)));
    if devices.is_empty() {
        status.remove("devices");
    }
}

/// The rules for a status.
pub(super) fn changed(object: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) {
    let known = RequestNames::of(&object.get("spec.devices"));
    let status = object.get("status");
    let users = status.get("reservedFor");
    let uid = |user: &At<'_>| user.get("uid").text().to_owned();
    devices::set(&users, USERS, errors, uid, |user, errors| {
        for field in ["resource", "name", "uid"] {
            user.get(field).require(errors);
        }
    });
    let owned = allocated(object.value);
    let key = |at: &At<'_>| device_id(at.value);
    devices::set(&status.get("devices"), usize::MAX, errors, key, |device, errors| {
        device_status(device, &owned, errors);
    });
    let (allocation, was) = (status.get("allocation"), old.get("status.allocation"));
    if !users.is_empty() && !allocation.is_set() {
        users.forbidden(errors, "may not be specified when `allocated` is not set");
    } else if object.get("metadata.deletionTimestamp").is_set() {
        let before = old.get("status.reservedFor");
        if users.items().any(|user| before.items().all(|one| one.value != user.value)) {
            users.forbidden(
                errors,
                "new entries may not be added while `deallocationRequested` or \
                 `deletionTimestamp` are set",
            );
        }
    }
    if was.is_set() && allocation.is_set() {
        allocation.immutable(errors, &was);
    } else if allocation.is_set() {
        given(&allocation, &known, errors);
    }
}

fn given(at: &At<'_>, known: &RequestNames<'_>, errors: &mut FieldErrors) {
    let given = at.get("devices");
    devices::list(&given.get("results"), RESULTS, errors, |result, errors| {
        known.reference(&result.get("request"), errors);
        volume_sources::driver_name(&result.get("driver"), errors);
        devices::pool_name(&result.get("pool"), errors);
        result.get("device").check(errors, names::dns1123_label);
        devices::binding_conditions(result, errors);
        if result.get("shareID").is_set() {
            devices::uid(&result.get("shareID"), errors);
        }
    });
    devices::list(&given.get("config"), 2 * devices::CONFIGS, errors, |config, errors| {
        config.get("source").require_one_of(errors, &["FromClaim", "FromClass"]);
        known.references(&config.get("requests"), errors);
        devices::configuration(config, errors);
    });
    if at.get("nodeSelector").is_set() {
        affinity::node_selector(&at.get("nodeSelector"), false, errors);
    }
}

fn device_status(at: &At<'_>, owned: &BTreeSet<String>, errors: &mut FieldErrors) {
    volume_sources::driver_name(&at.get("driver"), errors);
    devices::pool_name(&at.get("pool"), errors);
    at.get("device").check(errors, names::dns1123_label);
    if at.get("shareID").is_set() {
        devices::uid(&at.get("shareID"), errors);
    }
    let id = device_id(at.value);
    if !owned.contains(&id) {
        at.invalid_as(errors, id, "must be an allocated device in the claim");
    }
    at.get("conditions").at_most(errors, CONDITIONS);
    conditions::conditions(&at.get("conditions"), errors);
    if at.get("data").is_set() {
        devices::raw_object(&at.get("data"), DATA_BYTES, errors);
    }
    let network = at.get("networkData");
    for (field, limit) in [("interfaceName", INTERFACE_BYTES), ("hardwareAddress", HARDWARE_BYTES)]
    {
        if network.get(field).len() > limit {
            network.get(field).too_long(errors, limit);
        }
    }
    let text = |at: &At<'_>| at.text().to_owned();
    devices::set(&network.get("ips"), ADDRESSES, errors, text, |ip, errors| {
        if crate::validation::network::parse_cidr(ip.text()).is_none() {
            let detail =
                "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)";
            ip.invalid(errors, detail);
        }
    });
}
