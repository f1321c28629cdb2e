//! What claims, classes and slices of devices share. Mirrors `pkg/apis/resource/validation`.
//!
//! Selectors are not compiled here: an expression that is no CEL is accepted.

use super::{At, labels, volume_sources};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

pub(crate) const SELECTORS: usize = 32;
pub(crate) const CONFIGS: usize = 32;
const EXPRESSION_BYTES: usize = 10 << 10;
const PARAMETERS_BYTES: usize = 10 << 10;
const POOL_NAME_BYTES: usize = 253;
const IDENTIFIER_BYTES: usize = 32;
const BINDING_CONDITIONS: usize = 4;
const UID_BYTES: usize = 36;
const EFFECTS: &[&str] = &["NoExecute", "NoSchedule", "None"];

/// The items of a list, none of them if there are too many.
pub(crate) fn list(
    at: &At<'_>,
    limit: usize,
    errors: &mut FieldErrors,
    mut item: impl FnMut(&At<'_>, &mut FieldErrors),
) -> bool {
    at.at_most(errors, limit);
    if at.len() > limit {
        return false;
    }
    for one in at.items() {
        item(&one, errors);
    }
    true
}

/// The same, and no two items may have the same key.
pub(crate) fn set(
    at: &At<'_>,
    limit: usize,
    errors: &mut FieldErrors,
    key: impl Fn(&At<'_>) -> String,
    item: impl FnMut(&At<'_>, &mut FieldErrors),
) {
    if !list(at, limit, errors, item) {
        return;
    }
    let mut seen = BTreeSet::new();
    for one in at.items() {
        let key = key(&one);
        if !seen.insert(key.clone()) {
            one.duplicate(errors, key);
        }
    }
}

/// The name of a pool: subdomains with slashes between them.
pub(crate) fn pool_name(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    if at.len() > POOL_NAME_BYTES {
        at.too_long(errors, POOL_NAME_BYTES);
    }
    for part in at.text().split('/') {
        for complaint in names::dns1123_subdomain(part) {
            at.invalid_as(errors, part, complaint);
        }
    }
}

/// A UID in its normal form.
pub(crate) fn uid(at: &At<'_>, errors: &mut FieldErrors) {
    let text = at.text();
    let is_dash = |index: usize| matches!(index, 8 | 13 | 18 | 23);
    let is_normal = text.len() == UID_BYTES
        && text.bytes().enumerate().all(|(index, byte)| match is_dash(index) {
            true => byte == b'-',
            false => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        });
    if !is_normal {
        at.invalid(
            errors,
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with \
             lowercase hexadecimal characters",
        );
    }
}

/// The name of a class, which must be there.
pub(crate) fn class_name(at: &At<'_>, errors: &mut FieldErrors) {
    if at.require(errors) {
        at.check(errors, names::dns1123_subdomain);
    }
}

/// Selectors of devices.
pub(crate) fn selectors(at: &At<'_>, errors: &mut FieldErrors) {
    list(at, SELECTORS, errors, |selector, errors| {
        let cel = selector.get("cel");
        if !cel.is_set() {
            cel.required(errors, "");
        } else if cel.get("expression").len() > EXPRESSION_BYTES {
            cel.get("expression").too_long(errors, EXPRESSION_BYTES);
        }
    });
}

/// What is handed to a driver as it is.
pub(crate) fn configuration(at: &At<'_>, errors: &mut FieldErrors) {
    let opaque = at.get("opaque");
    if !opaque.is_set() {
        opaque.required(errors, "");
        return;
    }
    volume_sources::driver_name(&opaque.get("driver"), errors);
    raw_object(&opaque.get("parameters"), PARAMETERS_BYTES, errors);
}

/// An object without a schema, as large as a limit at most.
pub(crate) fn raw_object(at: &At<'_>, limit_bytes: usize, errors: &mut FieldErrors) {
    if !at.is_set() {
        at.required(errors, "");
    } else if at.value.to_string().len() > limit_bytes {
        at.too_long(errors, limit_bytes);
    } else if !at.value.is_object() {
        at.invalid_as(errors, "<value omitted>", "must be a valid JSON object");
    }
}

/// A taint of a device.
pub(crate) fn taint(at: &At<'_>, errors: &mut FieldErrors) {
    changed_taint(at, false, errors);
}

/// The same; an effect that was there before is let through.
pub(crate) fn changed_taint(at: &At<'_>, same_effect: bool, errors: &mut FieldErrors) {
    labels::key(&at.get("key"), at.get("key").text(), errors);
    if !at.get("value").is_empty() {
        at.get("value").check(errors, names::label_value);
    }
    if !same_effect {
        at.get("effect").require_one_of(errors, EFFECTS);
    }
}

/// What a request puts up with.
pub(crate) fn toleration(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.get("key").is_empty() {
        labels::key(&at.get("key"), at.get("key").text(), errors);
    }
    match at.get("operator").text() {
        "Exists" => {
            if !at.get("value").is_empty() {
                at.get("value").invalid(errors, "must be empty for operator `Exists`");
            }
        }
        "Equal" => at.get("value").check(errors, names::label_value),
        _ => at.get("operator").require_one_of(errors, &["Equal", "Exists"]),
    }
    if !at.get("effect").is_empty() {
        at.get("effect").one_of(errors, EFFECTS);
    }
}

/// A name with or without a domain, as attributes have it.
pub(crate) fn qualified_name(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    let identifier = |text: &str, errors: &mut FieldErrors| {
        if text.len() > IDENTIFIER_BYTES {
            at.too_long(errors, IDENTIFIER_BYTES);
        }
        for complaint in names::c_identifier(text) {
            at.invalid_as(errors, text, complaint);
        }
    };
    match name.split('/').collect::<Vec<_>>()[..] {
        [name] => identifier(name, errors),
        [domain, name] => {
            if domain.is_empty() {
                at.invalid_as(errors, "", "the domain must not be empty");
            } else {
                let value = Value::from(domain);
                volume_sources::driver_name(&At::root(&value).shown_as(at), errors);
            }
            if name.is_empty() {
                at.invalid_as(errors, "", "the name must not be empty");
            } else {
                identifier(name, errors);
            }
        }
        _ => {}
    }
}

/// The same, and the domain must be there.
pub(crate) fn fully_qualified_name(at: &At<'_>, errors: &mut FieldErrors) {
    qualified_name(at, at.text(), errors);
    if !at.text().contains('/') {
        at.invalid_as(
            errors,
            at.text(),
            "a fully qualified name must be a domain and a name separated by a slash",
        );
    }
}

/// What has to come true, or must not, before a pod may use a device.
pub(crate) fn binding_conditions(at: &At<'_>, errors: &mut FieldErrors) {
    let (good, bad) = (at.get("bindingConditions"), at.get("bindingFailureConditions"));
    for conditions in [&good, &bad] {
        list(conditions, BINDING_CONDITIONS, errors, |condition, errors| {
            labels::key(condition, condition.text(), errors);
        });
        let mut seen = BTreeSet::new();
        for condition in conditions.items() {
            if !seen.insert(condition.text()) {
                condition.duplicate(errors, condition.text());
            }
        }
    }
    for condition in bad.items() {
        if good.texts().any(|one| one == condition.text()) {
            let detail = "bindingFailureConditions must not overlap with bindingConditions";
            condition.invalid(errors, detail);
        }
    }
    match (good.len(), bad.len()) {
        (0, 1..) => {
            good.invalid(errors, "bindingConditions are required to use bindingFailureConditions")
        }
        (1.., 0) => {
            bad.invalid(errors, "bindingFailureConditions are required to use bindingConditions")
        }
        _ => {}
    }
}
