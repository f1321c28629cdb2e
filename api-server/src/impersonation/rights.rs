//! What a mode asks the authorizers for.
//!
//! A constrained mode asks for two rights: `impersonate-on:<mode>:<verb>` on what the request is
//! about, and `impersonate:<mode>` on each part of the user: the name, the UID, each group and each
//! extra value. The oldest, `legacy`, asks for `impersonate` alone.

use super::extra;
use super::mode::{Mode, node};
use crate::limits::IMPERSONATED_ONE_BY_ONE;
use crate::metrics;
use auth::{Attributes, Authorizers, UserInfo, group, names};
use object::Result;
use runtime::clock::monotonic;
use std::sync::Arc;

const AUTHENTICATION: &str = "authentication.k8s.io";

/// The wanted user as they will be in `mode`, with the groups that they are in without having asked;
/// nothing where the mode is not for them.
///
/// # Errors
/// 403 for those who may not.
pub(super) async fn check(
    mode: &Mode,
    authorizers: &Authorizers,
    wanted: &UserInfo,
    attributes: &Attributes,
) -> Result<Option<UserInfo>> {
    if !mode.is_for(wanted, &attributes.user) {
        return Ok(None);
    }
    let asking = &mode.asking(&attributes.user);
    let rights = Rights { authorizers, mode, asking };
    if mode.constrained {
        let mut on = attributes.clone();
        on.user = asking.clone();
        on.verb = format!("impersonate-on:{}:{}", mode.name, attributes.verb);
        rights.ask(&on).await?;
    }
    rights.to_be(wanted).await.map(Some)
}

/// Who asks whom in which mode.
struct Rights<'a> {
    authorizers: &'a Authorizers,
    mode: &'a Mode,
    asking: &'a Arc<UserInfo>,
}

impl Rights<'_> {
    /// The wanted user, with the groups of their kind.
    ///
    /// # Errors
    /// 403 about the first part that may not be.
    async fn to_be(&self, wanted: &UserInfo) -> Result<UserInfo> {
        let mut user = wanted.clone();
        self.name(&mut user).await?;
        if !self.mode.alone {
            self.uid(&wanted.uid).await?;
        }
        self.groups(&wanted.groups).await?;
        self.extra(wanted).await?;
        if self.mode.alone {
            self.uid(&wanted.uid).await?;
        }
        with_everyones_group(&mut user);
        Ok(user)
    }

    /// One question.
    ///
    /// # Errors
    /// 403 where the answer is not yes.
    async fn ask(&self, attributes: &Attributes) -> Result<()> {
        let begun = monotonic();
        let decision = self.authorizers.decide(attributes).await;
        if !self.mode.alone {
            metrics::impersonation_authorized(self.mode.name, decision.is_allow(), begun);
        }
        match decision.is_allow() {
            true => Ok(()),
            false => Err(attributes.forbidden(decision.reason())),
        }
    }

    async fn name(&self, user: &mut UserInfo) -> Result<()> {
        let node = node(&user.name).filter(|_| self.mode.constrained);
        let (asked, groups) = if let Some(name) = node {
            let name = if self.mode.any_node { "*" } else { name };
            (self.named("nodes").named(name), vec![group::NODES.to_owned()])
        } else if let Some((namespace, name)) = user.service_account() {
            let own = format!("{}:{namespace}", group::SERVICE_ACCOUNTS);
            let asked = self.named("serviceaccounts").in_namespace(namespace).named(name);
            (asked, vec![group::SERVICE_ACCOUNTS.to_owned(), own])
        } else {
            (self.named("users").named(&user.name), vec![])
        };
        self.ask(&asked).await?;
        if user.groups.is_empty() {
            user.groups = groups;
        }
        Ok(())
    }

    async fn uid(&self, uid: &str) -> Result<()> {
        if uid.is_empty() {
            return Ok(());
        }
        self.ask(&self.about(AUTHENTICATION, "uids").named(uid)).await
    }

    async fn groups(&self, groups: &[String]) -> Result<()> {
        let asked = |name: &str| self.named("groups").named(name);
        if self.mode.constrained {
            let has = |name: &str| groups.iter().any(|group| group == name);
            if has("") {
                let why = "impersonating the empty string group is not allowed";
                return Err(asked("").forbidden(why));
            }
            if has(group::PRIVILEGED) {
                let why = "impersonating the system:masters group is not allowed";
                return Err(asked(group::PRIVILEGED).forbidden(why));
            }
            if groups.len() > IMPERSONATED_ONE_BY_ONE && self.ask(&asked("*")).await.is_ok() {
                return Ok(());
            }
        }
        for name in groups {
            self.ask(&asked(name)).await?;
        }
        Ok(())
    }

    async fn extra(&self, wanted: &UserInfo) -> Result<()> {
        if wanted.extra.is_empty() {
            return Ok(());
        }
        let asked = |key: &str, value: &str| {
            self.about(AUTHENTICATION, "userextras").subresource(key).named(value)
        };
        if self.mode.constrained {
            extra::check(&wanted.extra).map_err(|why| asked("", "").forbidden(&why))?;
            let values: usize = wanted.extra.values().map(Vec::len).sum();
            if values > IMPERSONATED_ONE_BY_ONE && self.ask(&asked("*", "*")).await.is_ok() {
                return Ok(());
            }
        }
        for (key, values) in &wanted.extra {
            for value in values {
                self.ask(&asked(key, value)).await?;
            }
        }
        Ok(())
    }

    /// About what has a name: a user, a group, a service account, a node.
    fn named(&self, resource: &str) -> Attributes {
        self.about(if self.mode.constrained { AUTHENTICATION } else { "" }, resource)
    }

    fn about(&self, group: &str, resource: &str) -> Attributes {
        let verb = self.mode.verb();
        let attributes = Attributes::resource(self.asking.clone(), &verb, group, resource);
        Attributes { version: "v1".to_owned(), ..attributes }
    }
}

/// Those whom we know are in one group, and all others in another.
fn with_everyones_group(user: &mut UserInfo) {
    let everyones = if user.name == names::ANONYMOUS || user.in_group(group::UNAUTHENTICATED) {
        group::UNAUTHENTICATED
    } else {
        group::AUTHENTICATED
    };
    if !user.in_group(everyones) {
        user.groups.push(everyones.to_owned());
    }
}
