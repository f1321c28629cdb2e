//! How rules that taint devices differ while they are written. Mirrors
//! `pkg/registry/resource/devicetaintrule`.

use crate::Context;
use crate::validation::{At, conditions, devices, volume_sources};
use object::{FieldErrors, Value, names};

const CONDITIONS: usize = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, context: &Context) {
        add_time(object, context);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        if !context.subresource.is_empty() {
            return;
        }
        add_time(object, context);
        // The time is that of the effect, unless somebody says otherwise.
        let (taint, was) = (&object["spec"]["taint"], &old["spec"]["taint"]);
        if taint["effect"] != was["effect"] && taint["timeAdded"] == was["timeAdded"] {
            object["spec"]["taint"]["timeAdded"] = context.now.as_str().into();
        }
    }

    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(&At::root(object).get("spec"), None, errors);
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
            return spec(&root.get("spec"), Some(&was.get("spec")), errors);
        }
        let status = root.get("status");
        let list = status.get("conditions");
        conditions::conditions(&list, errors);
        list.at_most(errors, CONDITIONS);
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn add_time(object: &mut Value, context: &Context) {
    let taint = object.get_mut("spec").and_then(|spec| spec.get_mut("taint"));
    if let Some(taint) = taint.and_then(Value::as_object_mut) {
        let time = taint.entry("timeAdded").or_insert(Value::Null);
        if time.is_null() {
            *time = context.now.as_str().into();
        }
    }
}

fn spec(at: &At<'_>, old: Option<&At<'_>>, errors: &mut FieldErrors) {
    let selector = at.get("deviceSelector");
    if selector.get("driver").is_set() {
        volume_sources::driver_name(&selector.get("driver"), errors);
    }
    if selector.get("pool").is_set() {
        devices::pool_name(&selector.get("pool"), errors);
    }
    if selector.get("device").is_set() {
        selector.get("device").check(errors, names::dns1123_label);
    }
    let taint = at.get("taint");
    let known = old.is_some_and(|old| old.value["taint"]["effect"] == taint.value["effect"]);
    devices::changed_taint(&taint, known, errors);
}
