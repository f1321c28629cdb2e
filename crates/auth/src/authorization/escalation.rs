//! Nobody gives away what they do not have: the checks on writes of roles and bindings.
//!
//! Mirrors `pkg/registry/rbac/{escalation_check.go,validation,*/policybased}` of
//! `k8s.io/kubernetes` and `k8s.io/component-helpers/auth/rbac/validation`.

mod cover;

pub use cover::missing;

use super::Authorizers;
use super::rbac::{GROUP, Rbac, Rule};
use crate::{Attributes, UserInfo, group};
use cover::compacted;
use object::quote::quoted;
use object::{ApiError, GroupResource, Value, meta};
use std::sync::Arc;

/// Which role is written, by whom, and how the request names it.
#[derive(Clone, Copy, Debug)]
pub struct RoleWrite<'a> {
    /// Who writes.
    pub user: &'a Arc<UserInfo>,
    /// `roles` or `clusterroles`.
    pub resource: &'a str,
    /// Empty for a ClusterRole.
    pub namespace: &'a str,
    /// The name in the URL; empty on create.
    pub request_name: &'a str,
}

/// Whether this user may write this role: they hold all of it, or may `escalate`.
///
/// `old` is the role as stored, on update. The caller leaves out updates that only touch what the
/// garbage collector does (see `only_for_garbage_collection`).
///
/// # Errors
/// 403 naming what they do not hold.
pub async fn check_role(
    authorizers: &Authorizers,
    rbac: &Rbac,
    write: RoleWrite<'_>,
    role: &Value,
    old: Option<&Value>,
) -> Result<(), ApiError> {
    if write.user.in_group(group::PRIVILEGED) {
        return Ok(());
    }
    let escalate = Attributes::resource(write.user.clone(), "escalate", GROUP, write.resource)
        .in_namespace(write.namespace)
        .named(write.request_name);
    if authorizers.decide(&escalate).await.is_allow() {
        return Ok(());
    }
    let resource = GroupResource::new(GROUP, write.resource.to_owned());
    let forbidden = |why: String| ApiError::forbidden(&resource, meta::name(role), why);
    let rules = Rule::of_role(role).map_err(ApiError::bad_request)?;
    confirm_held(rbac, write.user, write.namespace, &rules).map_err(forbidden)?;
    // An aggregated role gathers anything, and an old one may be kept from being tightened.
    if [Some(role), old].into_iter().flatten().any(aggregates) {
        confirm_held(rbac, write.user, write.namespace, &everything()).map_err(|_| {
            forbidden("must have cluster-admin privileges to use the aggregationRule".to_owned())
        })?;
    }
    Ok(())
}

/// Whether this user may write this binding: they hold all of its role, or may `bind` it.
/// `namespace` is the binding's, empty for a ClusterRoleBinding.
///
/// # Errors
/// 403 naming what they do not hold, or 404 when there is no such role.
pub async fn check_binding(
    authorizers: &Authorizers,
    rbac: &Rbac,
    user: &Arc<UserInfo>,
    namespace: &str,
    binding: &Value,
) -> Result<(), ApiError> {
    if user.in_group(group::PRIVILEGED) {
        return Ok(());
    }
    let role_ref = &binding["roleRef"];
    let text = |key: &str| role_ref[key].as_str().unwrap_or_default();
    let (kind, name) = (text("kind"), text("name"));
    let role_resource = match kind {
        "ClusterRole" => Some("clusterroles"),
        "Role" => Some("roles"),
        _ => None,
    };
    if let Some(resource) = role_resource {
        let bind = Attributes::resource(user.clone(), "bind", text("apiGroup"), resource)
            .in_namespace(namespace)
            .named(name);
        if authorizers.decide(&bind).await.is_allow() {
            return Ok(());
        }
    }
    let rules = rbac.referenced_rules(role_ref, namespace).map_err(|why| match role_resource {
        Some(_) => ApiError::not_found(&GroupResource::new(GROUP, kind.to_ascii_lowercase()), name),
        None => ApiError::internal(why),
    })?;
    let own = if namespace.is_empty() { "clusterrolebindings" } else { "rolebindings" };
    confirm_held(rbac, user, namespace, &rules).map_err(|why| {
        ApiError::forbidden(&GroupResource::new(GROUP, own), meta::name(binding), why)
    })
}

/// Whether an update changes nothing but finalizers, owner references and the record of who
/// manages what: what the garbage collector does, and what needs no check.
pub fn only_for_garbage_collection(old: &Value, new: &Value) -> bool {
    let strip = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in ["finalizers", "ownerReferences", "managedFields"] {
                metadata.remove(field);
            }
        }
        object
    };
    strip(old) == strip(new)
}

fn aggregates(role: &Value) -> bool {
    role["aggregationRule"]["clusterRoleSelectors"].as_array().is_some_and(|list| !list.is_empty())
}

fn everything() -> [Rule; 2] {
    let all = || vec!["*".to_owned()];
    let resources = Rule { verbs: all(), api_groups: all(), resources: all(), ..Rule::default() };
    [resources, Rule { verbs: all(), non_resource_urls: all(), ..Rule::default() }]
}

fn confirm_held(
    rbac: &Rbac,
    user: &UserInfo,
    namespace: &str,
    rules: &[Rule],
) -> Result<(), String> {
    let (held, errors) = rbac.rules(user, namespace);
    let missing = missing(&held, rules);
    if missing.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = compacted(missing).iter().map(Rule::compact).collect();
    lines.sort();
    lines.dedup();
    let mut why = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quoted(&user.name),
        super::rbac::quoted_list(&user.groups),
        lines.join("\n")
    );
    if !errors.is_empty() {
        why.push_str(&format!("; resolution errors: [{}]", super::rbac::aggregate(&errors)));
    }
    Err(why)
}

#[cfg(test)]
mod tests;
