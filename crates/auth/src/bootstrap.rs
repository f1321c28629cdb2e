//! The policy that every cluster starts with, and how it is kept in place at each start.
//!
//! The roles and bindings themselves are data, recorded from upstream's kube-apiserver with its
//! default feature gates: `policy/*.json`, one object a line, without what a server sets. Mirrors
//! `plugin/pkg/auth/authorizer/rbac/bootstrappolicy` of `k8s.io/kubernetes`. Not here: the copies
//! that upstream makes of roles from before v1.9 and bindings from before v1.14.

mod reconcile;

pub use reconcile::{Action, reconcile_binding, reconcile_role};

use crate::Objects;
use crate::authorization::rbac::{GROUP, Rule};
use object::{GroupResource, Value, meta};

/// The node's ClusterRole, which the Node authorizer decides by too.
const NODE_ROLE: &str = "system:node";

/// One resource of the policy.
struct Recorded {
    resource: &'static str,
    kind: &'static str,
    text: &'static str,
}

/// In upstream's order: roles before the bindings that refer to them, the cluster's first.
const RECORDED: [Recorded; 4] = [
    Recorded {
        resource: "clusterroles",
        kind: "ClusterRole",
        text: include_str!("../policy/clusterroles.json"),
    },
    Recorded {
        resource: "clusterrolebindings",
        kind: "ClusterRoleBinding",
        text: include_str!("../policy/clusterrolebindings.json"),
    },
    Recorded { resource: "roles", kind: "Role", text: include_str!("../policy/roles.json") },
    Recorded {
        resource: "rolebindings",
        kind: "RoleBinding",
        text: include_str!("../policy/rolebindings.json"),
    },
];

/// One object of the policy, complete with `apiVersion` and `kind`.
#[derive(Clone, Debug)]
pub struct Default {
    /// `clusterroles`, `clusterrolebindings`, `roles` or `rolebindings`.
    pub resource: &'static str,
    /// The object.
    pub object: Value,
}

/// What is to be done about one object of the policy.
#[derive(Clone, Debug)]
pub struct Step {
    /// `clusterroles`, `clusterrolebindings`, `roles` or `rolebindings`.
    pub resource: &'static str,
    /// What to do. An update holds the `resourceVersion` that it was made from.
    pub action: Action,
}

/// The whole policy, roles before bindings.
pub fn policy() -> Vec<Default> {
    RECORDED.iter().flat_map(read).collect()
}

fn read(recorded: &Recorded) -> Vec<Default> {
    let objects: Vec<Value> =
        serde_json::from_str(recorded.text).expect("the recorded policy is JSON, a test says so");
    let whole = |mut object: Value| {
        if let Some(fields) = object.as_object_mut() {
            fields.insert("apiVersion".into(), format!("{GROUP}/v1").into());
            fields.insert("kind".into(), recorded.kind.into());
        }
        Default { resource: recorded.resource, object }
    };
    objects.into_iter().map(whole).collect()
}

/// What has to be done at start, given what the cluster has. `objects` must be in step with the
/// store; running the steps twice does no harm.
pub fn plan(objects: &dyn Objects) -> Vec<Step> {
    let mut steps = Vec::new();
    for Default { resource, object: expected } in policy() {
        let (namespace, name) = (meta::namespace(&expected), meta::name(&expected));
        let existing = objects.get(&GroupResource::new(GROUP, resource), namespace, name);
        let action = match existing {
            None => Action::Create(expected.clone()),
            Some(existing) if resource.ends_with("bindings") => {
                reconcile_binding(&existing, &expected)
            }
            Some(existing) => reconcile_role(&existing, &expected),
        };
        match action {
            Action::Nothing => {}
            Action::Protected => {
                tracing::warn!(resource, namespace, name, "skipped, it is protected from updates");
            }
            action => steps.push(Step { resource, action }),
        }
    }
    steps
}

/// The rules by which the Node authorizer decides about what it has no closer look at.
pub fn node_rules() -> Vec<Rule> {
    let role = read(&RECORDED[0]).into_iter().find(|role| meta::name(&role.object) == NODE_ROLE);
    role.and_then(|role| Rule::of_role(&role.object).ok())
        .expect("the recorded policy has the node's role, a test says so")
}

#[cfg(test)]
mod tests;
