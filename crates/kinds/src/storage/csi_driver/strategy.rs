//! How CSI drivers differ while they are written. Mirrors `pkg/registry/storage/csidriver`.

use crate::Context;
use crate::validation::{At, equal};
use object::{FieldErrors, Value};
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        drop_gated(object, &Value::Null);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, _context: &Context) {
        drop_gated(object, old);
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(object, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        spec(object, errors);
        let (spec, was) = (At::root(object).get("spec"), At::root(old).get("spec"));
        // Upstream misnames the first in paths.
        let attach = spec.get("attachRequired").shown_as(&spec.get("attachedRequired"));
        attach.immutable(errors, &was.get("attachRequired"));
        spec.get("volumeLifecycleModes").immutable(errors, &was.get("volumeLifecycleModes"));
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let tokens = &object["spec"]["tokenRequests"];
        let some = tokens.as_array().is_some_and(|list| !list.is_empty());
        let unset = object["spec"]["serviceAccountTokenInSecrets"].is_null();
        let same =
            old.is_some_and(|old| equal::semantically(&old["spec"]["tokenRequests"], tokens));
        if !some || !unset || same {
            return Vec::new();
        }
        vec![
            "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to \
             true to prevent possible logging of tokens in volume attributes"
                .to_owned(),
        ]
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

/// A field behind a gate that is off.
fn drop_gated(object: &mut Value, old: &Value) {
    const FIELD: &str = "preventPodSchedulingIfMissing";
    let used = !old["spec"][FIELD].is_null();
    if let (false, Some(spec)) = (used, object.get_mut("spec").and_then(Value::as_object_mut)) {
        spec.remove(FIELD);
    }
}

fn spec(object: &Value, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let need = |field: &'static str, shown: &'static str, errors: &mut FieldErrors| {
        if !spec.get(field).is_set() {
            spec.get(shown).required(errors, "");
        }
    };
    need("attachRequired", "attachedRequired", errors);
    need("podInfoOnMount", "podInfoOnMount", errors);
    need("storageCapacity", "storageCapacity", errors);
    spec.get("fsGroupPolicy").maybe_one_of(errors, &["File", "None", "ReadWriteOnceWithFSType"]);
    let tokens = spec.get("tokenRequests");
    let mut seen = BTreeSet::new();
    for token in tokens.items() {
        let (audience, seconds) = (token.get("audience"), token.get("expirationSeconds"));
        if !seen.insert(audience.text()) {
            audience.duplicate(errors, audience.text());
            continue;
        }
        if seconds.is_set() && seconds.int() < 600 {
            seconds.invalid(errors, "may not specify a duration less than 10 minutes");
        }
        if seconds.int() > 1 << 32 {
            seconds.invalid(errors, "may not specify a duration larger than 2^32 seconds");
        }
    }
    let modes = spec.get("volumeLifecycleModes");
    for mode in modes.texts().filter(|mode| !matches!(*mode, "Persistent" | "Ephemeral")) {
        modes.not_supported_as(errors, mode, &["Persistent", "Ephemeral"]);
    }
    need("seLinuxMount", "seLinuxMount", errors);
    let period = spec.get("nodeAllocatableUpdatePeriodSeconds");
    if period.is_set() && period.int() < 10 {
        period.invalid(errors, "must be greater than or equal to 10 seconds");
    }
    if tokens.is_empty() {
        spec.get("serviceAccountTokenInSecrets").forbidden_value(
            errors,
            "serviceAccountTokenInSecrets is set but no tokenRequests are specified",
        );
    }
}
