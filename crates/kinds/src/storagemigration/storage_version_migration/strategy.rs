//! How migrations of what is stored differ while they are written. Mirrors
//! `pkg/registry/storagemigration/storagemigration`.

use crate::Context;
use crate::validation::{At, conditions};
use object::{FieldErrors, Value, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let resource = root.get("spec").get("resource");
        let (name, group) = (resource.get("resource"), resource.get("group"));
        if name.is_empty() {
            name.required(errors, "resource is required to be set");
        } else {
            in_one(&name, names::dns1035_label, errors);
        }
        if !group.is_empty() {
            in_one(&group, names::dns1123_subdomain, errors);
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
            self.validate(object, context, errors);
            root.get("spec").immutable(errors, &was.get("spec"));
        } else {
            status(&root.get("status"), &was.get("status"), errors);
        }
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

fn in_one(at: &At<'_>, rule: fn(&str) -> Vec<String>, errors: &mut FieldErrors) {
    let complaints = rule(at.text());
    if !complaints.is_empty() {
        at.invalid(errors, complaints.join(","));
    }
}

fn status(at: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) {
    let (version, was) = (at.get("resourceVersion"), old.get("resourceVersion"));
    if !version.is_empty() && !is_revision(version.text()) {
        version.invalid(errors, format!("resource version is not well formed: {}", version.text()));
    }
    let list = at.get("conditions");
    conditions::conditions(&list, errors);
    if !was.is_empty() && was.text() != version.text() {
        version.invalid(errors, "field is immutable");
    }
    if has(at, "Succeeded") && has(at, "Failed") {
        list.invalid(errors, "Both success and failed conditions cannot be true at the same time");
    }
    for (kind, word) in [("Succeeded", "Success"), ("Failed", "Failed")] {
        if has(old, kind) && !has(at, kind) {
            let detail = format!("{word} condition cannot be set to false once it is true");
            list.invalid(errors, detail);
        }
    }
}

/// A number above zero without zeros in front.
fn is_revision(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
}

fn has(status: &At<'_>, kind: &str) -> bool {
    let mut all = status.get("conditions").items();
    all.any(|condition| condition.value["type"] == kind && condition.value["status"] == "True")
}
