//! How priority classes differ while they are written. Mirrors
//! `pkg/registry/scheduling/priorityclass`.

use crate::Context;
use crate::validation::At;
use object::{FieldErrors, Value, meta};

const HIGHEST_OF_USERS: i64 = 1_000_000_000;
const SYSTEM: &[(&str, i64)] =
    &[("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        // Nothing counts the changes behind it.
        meta::of(object).insert("generation".into(), 1.into());
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let value = root.get("value");
        if meta::name(object).starts_with("system-") {
            if let Some(complaint) = system_class(&root) {
                let detail = format!(
                    "priority class names with 'system-' prefix are reserved for system use only. \
                     error: {complaint}"
                );
                root.get("metadata").get("name").forbidden(errors, detail);
            }
        } else if value.int() > HIGHEST_OF_USERS {
            let detail =
                format!("maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}");
            value.forbidden(errors, detail);
        }
        let policy = root.get("preemptionPolicy");
        if policy.is_set() {
            policy.require_one_of(errors, &["PreemptLowerPriority", "Never"]);
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (root, old) = (At::root(object), At::root(old));
        if root.get("value").int() != old.get("value").int() {
            root.get("value").forbidden(errors, "may not be changed in an update.");
        }
        let policy = root.get("preemptionPolicy");
        policy.immutable(errors, &old.get("preemptionPolicy"));
    }
}

/// What is wrong with a class that has a name of the system's.
fn system_class(root: &At<'_>) -> Option<String> {
    let name = root.get("metadata.name").text();
    let Some((_, value)) = SYSTEM.iter().find(|(known, _)| *known == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if root.get("value").int() != *value {
        return Some(format!("value of {name} PriorityClass must be {value}"));
    }
    if root.get("globalDefault").flag() {
        return Some(format!("globalDefault of {name} PriorityClass must be false"));
    }
    None
}
