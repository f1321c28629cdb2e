//! What groups of pods and the templates of such groups share. Mirrors the markers of
//! `k8s.io/api/scheduling/v1alpha2`.

use super::At;
use object::{FieldErrors, Value};

/// Fields behind gates that are off.
pub(crate) const GATED: &[&str] =
    &["schedulingConstraints", "resourceClaims", "disruptionMode", "priorityClassName", "priority"];

/// Drops those fields, each unless it is in use already.
pub(crate) fn drop_gated(spec: &mut Value, old: &Value) {
    let Some(spec) = spec.as_object_mut() else { return };
    for field in GATED {
        if At::root(&old[*field]).is_empty() {
            spec.remove(*field);
        }
    }
}

/// How the pods of a group are placed: one way of two.
pub(crate) fn policy(at: &At<'_>, errors: &mut FieldErrors) {
    let gang = at.get("gang");
    match (at.get("basic").is_set(), gang.is_set()) {
        (false, false) => at.invalid_as(errors, "", "must specify one of: `basic`, `gang`"),
        (true, true) => {
            let detail = "must specify exactly one of: `basic`, `gang`";
            at.invalid_as(errors, "{basic, gang}", detail);
        }
        _ => {}
    }
    let count = gang.get("minCount");
    if gang.is_set() && count.require(errors) && count.int() < 1 {
        count.invalid(errors, "must be greater than or equal to 1");
    }
}
