//! What is missing from a role or binding that upstream's policy wants there. What is extra stays.
//!
//! Pure. Mirrors `k8s.io/component-helpers/auth/rbac/reconciliation`, as the API server uses it.

use crate::authorization::escalation::missing;
use crate::authorization::rbac::Rule;
use object::{Value, meta};

/// Set to `false` on an object, it is left alone.
const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// What is to be done about one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// All is there.
    Nothing,
    /// Something is missing, but the object says to leave it alone.
    Protected,
    /// It is not there.
    Create(Value),
    /// It is there, and to be written like this.
    Update(Value),
    /// A binding refers to another role, which can't be changed: delete the one with this UID,
    /// then create this.
    Recreate {
        /// Of the binding that is there.
        uid: String,
        /// What to create.
        object: Value,
    },
}

/// A Role or ClusterRole that is there, against the one that should be.
pub fn reconcile_role(existing: &Value, expected: &Value) -> Action {
    let mut role = existing.clone();
    add_labels_and_annotations(&mut role, expected);

    let rules = |role: &Value| Rule::of_role(role).unwrap_or_default();
    let missing = missing(&rules(existing), &rules(expected));
    append(&mut role, "/rules", missing.iter().map(as_value).collect());

    let selectors = |role: &Value| {
        role["aggregationRule"]["clusterRoleSelectors"].as_array().cloned().unwrap_or_default()
    };
    if expected["aggregationRule"].is_null() {
        // It gathers what it should not gather.
        if let Some(fields) = role.as_object_mut() {
            fields.remove("aggregationRule");
        }
    } else {
        let held = selectors(existing);
        let missing: Vec<Value> =
            selectors(expected).into_iter().filter(|selector| !held.contains(selector)).collect();
        append(&mut role, "/aggregationRule/clusterRoleSelectors", missing);
    }
    written(existing, role)
}

/// A RoleBinding or ClusterRoleBinding that is there, against the one that should be.
pub fn reconcile_binding(existing: &Value, expected: &Value) -> Action {
    let of = |value: &Value, keys: &[&str]| -> Vec<String> {
        keys.iter().map(|key| value[*key].as_str().unwrap_or_default().to_owned()).collect()
    };
    let role = |binding: &Value| of(&binding["roleRef"], &["apiGroup", "kind", "name"]);
    if role(existing) != role(expected) {
        if is_protected(existing) {
            return Action::Protected;
        }
        let uid = meta::uid(existing).to_owned();
        return Action::Recreate { uid, object: expected.clone() };
    }
    let mut binding = existing.clone();
    add_labels_and_annotations(&mut binding, expected);

    let subject = |subject: &Value| of(subject, &["kind", "apiGroup", "name", "namespace"]);
    let subjects = |binding: &Value| binding["subjects"].as_array().cloned().unwrap_or_default();
    let held: Vec<_> = subjects(existing).iter().map(subject).collect();
    let missing = subjects(expected).into_iter().filter(|wanted| !held.contains(&subject(wanted)));
    append(&mut binding, "/subjects", missing.collect());
    written(existing, binding)
}

fn written(existing: &Value, object: Value) -> Action {
    if object == *existing {
        Action::Nothing
    } else if is_protected(existing) {
        Action::Protected
    } else {
        Action::Update(object)
    }
}

fn is_protected(existing: &Value) -> bool {
    meta::annotation(existing, AUTO_UPDATE) == Some("false")
}

/// Adds those that are not there; a value that is there stands.
fn add_labels_and_annotations(object: &mut Value, expected: &Value) {
    for field in ["annotations", "labels"] {
        for (key, value) in meta::pairs(&expected["metadata"][field]) {
            let held = object["metadata"][field][key].is_string();
            if !held {
                meta::entry(object, field).insert(key.to_owned(), value.into());
            }
        }
    }
}

/// Appends to the list at `pointer`, making the list and what it lies in where they are not there.
fn append(object: &mut Value, pointer: &str, items: Vec<Value>) {
    if items.is_empty() {
        return;
    }
    let mut place = object;
    for key in pointer.split('/').skip(1) {
        place = &mut place[key];
    }
    match place {
        Value::Array(list) => list.extend(items),
        other => *other = Value::Array(items),
    }
}

fn as_value(rule: &Rule) -> Value {
    serde_json::to_value(rule).expect("lists of texts are always JSON")
}
