//! The addresses of a service: what they may be, and how they may change. Mirrors
//! `pkg/apis/core/validation`.

use crate::validation::{At, network};
use object::{FieldErrors, Value};
use std::collections::BTreeSet;

const KEPT: &str = "may not change once set";

/// `clusterIP`, `clusterIPs`, `ipFamilies`, `ipFamilyPolicy`.
pub(super) fn addresses(root: &At<'_>, old: Option<&Value>, errors: &mut FieldErrors) {
    let spec = root.get("spec");
    if spec.get("type").text() == "ExternalName" {
        return;
    }
    let (ip, all) = (spec.get("clusterIP"), spec.get("clusterIPs"));
    match (ip.is_empty(), all.len()) {
        (false, 0) => all.required(errors, ""),
        (false, _) if all.index(0).text() != ip.text() => {
            all.invalid(errors, "first value must match `clusterIP`");
        }
        (true, 1..) => all.invalid(errors, "must be empty when `clusterIP` is not specified"),
        _ => {}
    }
    let families = spec.get("ipFamilies");
    let mut seen = BTreeSet::new();
    for family in families.items() {
        family.one_of(errors, &["IPv4", "IPv6"]);
        if !seen.insert(family.text()) {
            family.duplicate(errors, family.text());
        }
    }
    spec.get("ipFamilyPolicy")
        .maybe_one_of(errors, &["PreferDualStack", "RequireDualStack", "SingleStack"]);
    let was = old.map(|old| At::root(old).get("spec.clusterIPs"));
    let was: Vec<&str> = was.iter().flat_map(|list| list.texts()).collect();
    let mut good = true;
    for (index, address) in all.items().enumerate() {
        if index == 0 && address.text() == "None" {
            if all.len() > 1 {
                good = false;
                all.invalid(errors, "'None' must be the first and only value");
            }
        } else {
            good &= network::ip(&address, &was, errors);
        }
    }
    if all.len() > 2 {
        all.invalid(errors, "may only hold up to 2 values");
    }
    if !good {
        return;
    }
    if all.len() > 1 && network::is_dual_stack(all.texts()) == Some(false) {
        all.invalid(errors, "may specify no more than one IP for each IP family");
    }
    if is_headless(root) {
        return;
    }
    for (index, (address, family)) in all.items().zip(families.texts()).enumerate() {
        let is_v6 = network::is_ipv6(address.text());
        if (family == "IPv4" && is_v6) || (family == "IPv6" && !is_v6) {
            let article = format!("expected an {family} value");
            address.invalid(errors, format!("{article} as indicated by `ipFamilies[{index}]`"));
        }
    }
}

/// What was given stays; a second of either may come and go.
pub(super) fn changes(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (new, old) = (At::root(object), At::root(old_object));
    let outside = |at: &At<'_>| at.get("spec.type").text() == "ExternalName";
    if outside(&new) || outside(&old) {
        return;
    }
    let (headless, was_headless) = (is_headless(&new), is_headless(&old));
    if !(headless && was_headless) {
        let shown = |list: &At<'_>, _: usize| list.value.clone();
        list_changes(&new, &old, "clusterIPs", "clusterIP", &shown, errors);
    }
    if !headless && !was_headless {
        // Upstream shows the addresses where the families are at fault.
        let addresses = new.get("spec.clusterIPs").value.clone();
        let shown = move |list: &At<'_>, old_len: usize| {
            if list.len() == old_len { list.value.clone() } else { addresses.clone() }
        };
        list_changes(&new, &old, "ipFamilies", "ipFamily", &shown, errors);
    }
}

/// Whether it has no address of its own, by intent.
pub(super) fn is_headless(service: &At<'_>) -> bool {
    let addresses = service.get("spec.clusterIPs");
    addresses.len() == 1 && addresses.index(0).text() == "None"
}

fn list_changes(
    new: &At<'_>,
    old: &At<'_>,
    field: &'static str,
    one: &str,
    shown: &dyn Fn(&At<'_>, usize) -> Value,
    errors: &mut FieldErrors,
) {
    let spec = new.get("spec");
    let old_spec = old.get("spec");
    let (list, was) = (spec.get(field), old_spec.get(field));
    let value = shown(&list, was.len());
    if was.len() == list.len() {
        for (index, (now, was)) in list.texts().zip(was.texts()).enumerate() {
            let index = if field == "ipFamilies" { 0 } else { index };
            if now != was {
                list.index(index).invalid_as(errors, value.clone(), KEPT);
            }
        }
        return;
    }
    let none_left = spec.get("clusterIPs").is_empty();
    if was.len() > list.len() && none_left {
        let detail = format!("primary {one} can not be unset");
        list.index(0).invalid_as(errors, list.value.clone(), detail);
    }
    let first_changed = list.index(0).text() != was.index(0).text();
    if !was.is_empty() && !list.is_empty() && first_changed {
        list.index(0).invalid_as(errors, value, KEPT);
    }
    let policy = spec.get("ipFamilyPolicy");
    if was.len() > list.len() && list.len() == 1 && policy.text() != "SingleStack" {
        let detail = format!("must be set to 'SingleStack' when releasing the secondary {one}");
        policy.invalid(errors, detail);
    }
}
