//! How leases differ while they are written. Mirrors `pkg/registry/coordination/lease`.

use crate::Context;
use crate::validation::At;
use object::{FieldErrors, Value, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        let seconds = spec.get("leaseDurationSeconds");
        if seconds.is_set() && seconds.int() <= 0 {
            seconds.invalid(errors, "must be greater than 0");
        }
        spec.get("leaseTransitions").non_negative(errors);
        let strategy = spec.get("strategy");
        let shown = strategy.shown_as(&spec.get("strategy").get("strategy"));
        if strategy.text().contains('/') {
            shown.check(errors, names::qualified_name);
        } else {
            shown.maybe_one_of(errors, &["OldestEmulationVersion"]);
        }
        let holder = spec.get("preferredHolder");
        if !holder.is_empty() && strategy.is_empty() {
            holder.forbidden(errors, "may only be specified if `strategy` is defined");
        }
    }

    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        drop_coordination(object, &Value::Null);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, _context: &Context) {
        drop_coordination(object, old);
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

/// Fields behind a gate that is off.
fn drop_coordination(object: &mut Value, old: &Value) {
    let used = ["strategy", "preferredHolder"].iter().any(|f| !old["spec"][*f].is_null());
    if let (false, Some(spec)) = (used, object.get_mut("spec").and_then(Value::as_object_mut)) {
        spec.remove("strategy");
        spec.remove("preferredHolder");
    }
}
