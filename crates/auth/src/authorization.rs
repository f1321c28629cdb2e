//! May they: authorizers, the order in which they are asked, and the proof that one said yes.
//!
//! Mirrors `k8s.io/apiserver/pkg/authorization/{authorizer,union}` and
//! `pkg/endpoints/filters/authorization.go`.

pub mod always;
pub mod escalation;
pub mod node;
pub mod rbac;

use crate::{Attributes, UserInfo};
use async_trait::async_trait;
use object::ApiError;
use serde::Serialize;
use std::sync::Arc;

/// What an authorizer says. The text is its reason, often empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes; nobody else is asked.
    Allow(String),
    /// No; nobody else is asked.
    Deny(String),
    /// The next one may say.
    NoOpinion(String),
}

impl Decision {
    /// Whether it is a yes.
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The reason given.
    pub fn reason(&self) -> &str {
        match self {
            Self::Allow(reason) | Self::Deny(reason) | Self::NoOpinion(reason) => reason,
        }
    }
}

/// One way to decide who may do what.
#[async_trait]
pub trait Authorizer: Send + Sync {
    /// Decides.
    async fn authorize(&self, attributes: &Attributes) -> Decision;

    /// What it would allow this user in this namespace (and at the cluster's scope), as far as it
    /// can tell.
    fn rules_for(&self, user: &UserInfo, namespace: &str) -> SubjectRules;
}

/// What someone may do: the status of a `SelfSubjectRulesReview`, and shaped like it in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubjectRules {
    /// Rules about resources.
    pub resource_rules: Vec<ResourceRule>,
    /// Rules about other paths.
    pub non_resource_rules: Vec<NonResourceRule>,
    /// Whether there may be more that could not be found out.
    pub incomplete: bool,
    /// Why it is incomplete.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evaluation_error: String,
}

/// `authorization/v1` `ResourceRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are upstream's")]
pub struct ResourceRule {
    pub verbs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
}

/// `authorization/v1` `NonResourceRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are upstream's")]
pub struct NonResourceRule {
    pub verbs: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<String>,
}

/// Proof that the authorizers said yes to these attributes. Nothing but
/// [`Authorizers::authorize`] makes one, so what takes one can't be reached without asking.
#[derive(Debug)]
pub struct Authorized {
    attributes: Attributes,
    reason: String,
}

impl Authorized {
    /// What was asked and granted.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Who asked.
    pub fn user(&self) -> &Arc<UserInfo> {
        &self.attributes.user
    }

    /// Why it was granted, for the audit log.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// All authorizers of a server, in the order of `--authorization-mode`; members of
/// `system:masters` pass before any of them is asked.
#[derive(Clone)]
pub struct Authorizers(Vec<Arc<dyn Authorizer>>);

impl Authorizers {
    /// Asked in this order, after the privileged group.
    pub fn new(modes: Vec<Arc<dyn Authorizer>>) -> Self {
        let mut all: Vec<Arc<dyn Authorizer>> = vec![Arc::new(always::PrivilegedGroup)];
        all.extend(modes);
        Self(all)
    }

    /// Asks, and turns the answer into the proof or into a 403.
    ///
    /// # Errors
    /// 403 in upstream's words.
    pub async fn authorize(&self, attributes: Attributes) -> Result<Authorized, ApiError> {
        match self.decide(&attributes).await {
            Decision::Allow(reason) => Ok(Authorized { attributes, reason }),
            Decision::Deny(reason) | Decision::NoOpinion(reason) => {
                Err(attributes.forbidden(&reason))
            }
        }
    }

    /// The first opinion; when there is none, everybody's reasons for that.
    pub async fn decide(&self, attributes: &Attributes) -> Decision {
        let mut reasons = Vec::new();
        for authorizer in &self.0 {
            match authorizer.authorize(attributes).await {
                Decision::NoOpinion(reason) if reason.is_empty() => {}
                Decision::NoOpinion(reason) => reasons.push(reason),
                opinion => return opinion,
            }
        }
        Decision::NoOpinion(reasons.join("\n"))
    }

    /// What this user may do in this namespace, for a `SelfSubjectRulesReview`.
    pub fn self_subject_rules(&self, user: &UserInfo, namespace: &str) -> SubjectRules {
        let mut all = SubjectRules::default();
        let mut errors = Vec::new();
        // The privileged group has no rules to list, here as upstream.
        for authorizer in self.0.iter().skip(1) {
            let rules = authorizer.rules_for(user, namespace);
            all.resource_rules.extend(rules.resource_rules);
            all.non_resource_rules.extend(rules.non_resource_rules);
            all.incomplete |= rules.incomplete;
            if !rules.evaluation_error.is_empty() {
                errors.push(rules.evaluation_error);
            }
        }
        all.evaluation_error = match errors.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        all
    }
}

impl std::fmt::Debug for Authorizers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Authorizers").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests;
