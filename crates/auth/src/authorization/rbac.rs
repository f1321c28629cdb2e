//! Role-based access control: roles and bindings, indexed by whom they are for.
//!
//! The index follows the cluster one object at a time, so a decision looks only at the bindings
//! that name the user or one of their groups. Mirrors
//! `plugin/pkg/auth/authorizer/rbac` and `pkg/registry/rbac/validation` of `k8s.io/kubernetes`.

mod index;
mod rule;

pub use rule::Rule;
pub(in crate::authorization) use rule::quoted_list;

use super::{Authorizer, Decision, NonResourceRule, ResourceRule, SubjectRules};
use crate::{Attributes, Change, Objects, UserInfo};
use async_trait::async_trait;
use index::{Applicable, Index};
use object::{GroupResource, Value};
use std::sync::{Arc, PoisonError, RwLock};

/// The API group of roles and bindings.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// `--authorization-mode=RBAC`.
#[derive(Default)]
pub struct Rbac {
    index: Arc<RwLock<Index>>,
}

impl Rbac {
    /// Over the roles and bindings of the cluster, now and as they change.
    pub fn over(objects: &dyn Objects) -> Self {
        let rbac = Self::default();
        for resource in ["clusterroles", "clusterrolebindings", "roles", "rolebindings"] {
            let index = rbac.index.clone();
            let watcher = move |change: &Change| {
                let mut index = index.write().unwrap_or_else(PoisonError::into_inner);
                index.apply(resource, change);
            };
            objects.watch(&GroupResource::new(GROUP, resource), Arc::new(watcher));
        }
        rbac
    }

    /// The rules that apply to a user in a namespace (and at the cluster's scope), and what could
    /// not be resolved.
    pub fn rules(&self, user: &UserInfo, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        self.visit(user, namespace, |found| {
            match found {
                Ok(applicable) => rules.extend(applicable.rules.iter().cloned()),
                Err(error) => errors.push(error),
            }
            true
        });
        (rules, errors)
    }

    /// The rules of the role that a binding in `namespace` (empty for a ClusterRoleBinding) refers
    /// to by `roleRef`.
    ///
    /// # Errors
    /// Upstream's sentence when there is no such role.
    pub fn referenced_rules(
        &self,
        role_ref: &Value,
        namespace: &str,
    ) -> Result<Arc<[Rule]>, String> {
        let text = |key: &str| role_ref[key].as_str().unwrap_or_default();
        self.read().role_rules(text("kind"), text("name"), namespace)
    }

    fn visit(
        &self,
        user: &UserInfo,
        namespace: &str,
        mut visitor: impl FnMut(Result<Applicable<'_>, String>) -> bool,
    ) {
        let index = self.read();
        if index.visit(user, "", &mut visitor) && !namespace.is_empty() {
            index.visit(user, namespace, &mut visitor);
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, attributes: &Attributes) -> Decision {
        let mut allowed = None;
        let mut errors = Vec::new();
        self.visit(&attributes.user, &attributes.namespace, |found| match found {
            Ok(applicable) if applicable.rules.iter().any(|rule| rule.allows(attributes)) => {
                allowed = Some(format!("RBAC: allowed by {}", applicable.source()));
                false
            }
            Ok(_) => true,
            Err(error) => {
                errors.push(error);
                true
            }
        });
        match allowed {
            Some(reason) => Decision::Allow(reason),
            None if errors.is_empty() => Decision::NoOpinion(String::new()),
            None => Decision::NoOpinion(format!("RBAC: {}", aggregate(&errors))),
        }
    }
}

#[async_trait]
impl Authorizer for Rbac {
    async fn authorize(&self, attributes: &Attributes) -> Decision {
        self.decide(attributes)
    }

    fn rules_for(&self, user: &UserInfo, namespace: &str) -> SubjectRules {
        let (rules, errors) = self.rules(user, namespace);
        let mut out = SubjectRules::default();
        for rule in rules {
            let Rule { verbs, api_groups, resources, resource_names, non_resource_urls } = rule;
            if !non_resource_urls.is_empty() {
                let verbs = verbs.clone();
                out.non_resource_rules.push(NonResourceRule { verbs, non_resource_urls });
            }
            if !resources.is_empty() {
                let rule = ResourceRule { verbs, api_groups, resources, resource_names };
                out.resource_rules.push(rule);
            }
        }
        out.evaluation_error = aggregate(&errors);
        out
    }
}

impl std::fmt::Debug for Rbac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rbac")
    }
}

/// Several errors as one sentence, each once: apimachinery's `Aggregate`.
pub(super) fn aggregate(errors: &[String]) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for error in errors {
        if !seen.contains(&error.as_str()) {
            seen.push(error);
        }
    }
    match seen.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(", ")),
    }
}

#[cfg(test)]
mod tests;
