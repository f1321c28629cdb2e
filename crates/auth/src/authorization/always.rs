//! Authorizers that don't look: `AlwaysAllow`, `AlwaysDeny`, and the privileged group. Mirrors
//! `k8s.io/apiserver/pkg/authorization/authorizerfactory`.

use super::{Authorizer, Decision, NonResourceRule, ResourceRule, SubjectRules};
use crate::{Attributes, UserInfo, group};
use async_trait::async_trait;

/// Says yes to everything: `--authorization-mode=AlwaysAllow`.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysAllow;

#[async_trait]
impl Authorizer for AlwaysAllow {
    async fn authorize(&self, _: &Attributes) -> Decision {
        Decision::Allow(String::new())
    }

    fn rules_for(&self, _: &UserInfo, _: &str) -> SubjectRules {
        let all = || vec!["*".to_owned()];
        let (verbs, api_groups, resources, resource_names) = (all(), all(), all(), Vec::new());
        SubjectRules {
            resource_rules: vec![ResourceRule { verbs, api_groups, resources, resource_names }],
            non_resource_rules: vec![NonResourceRule { verbs: all(), non_resource_urls: all() }],
            ..SubjectRules::default()
        }
    }
}

/// Says yes to nothing: `--authorization-mode=AlwaysDeny`.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysDeny;

#[async_trait]
impl Authorizer for AlwaysDeny {
    async fn authorize(&self, _: &Attributes) -> Decision {
        Decision::NoOpinion("Everything is forbidden.".to_owned())
    }

    fn rules_for(&self, _: &UserInfo, _: &str) -> SubjectRules {
        SubjectRules::default()
    }
}

/// Says yes to members of `system:masters`.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrivilegedGroup;

#[async_trait]
impl Authorizer for PrivilegedGroup {
    async fn authorize(&self, attributes: &Attributes) -> Decision {
        if attributes.user.in_group(group::PRIVILEGED) {
            return Decision::Allow(String::new());
        }
        Decision::NoOpinion(String::new())
    }

    fn rules_for(&self, _: &UserInfo, _: &str) -> SubjectRules {
        SubjectRules::default()
    }
}
