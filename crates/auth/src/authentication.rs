//! Who asks: authenticators, and the order in which they are asked.
//!
//! Mirrors `pkg/kubeapiserver/authenticator/config.go` of `k8s.io/kubernetes` and
//! `k8s.io/apiserver/pkg/authentication/request`: first the front proxy's headers, then the
//! client's certificate, then its token; whoever showed nothing is anonymous, if that is allowed;
//! whoever showed something that nobody takes is nobody, a 401.

pub mod anonymous;
mod any_audience;
pub mod bootstrap;
mod evidence;
pub mod front_proxy;
pub mod service_account;
pub mod token_file;
pub mod x509;

pub use any_audience::AnyAudience;
pub use evidence::{Evidence, strip_token};

use crate::{UserInfo, group, names};
use anonymous::Anonymous;
use async_trait::async_trait;
use std::sync::Arc;

/// Someone known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// Who.
    pub user: UserInfo,
    /// Which of the asked-for audiences the credential is for; empty when it is bound to none.
    pub audiences: Vec<String>,
}

impl Authenticated {
    /// Of a credential that is bound to no audience.
    pub fn new(user: UserInfo) -> Self {
        Self { user, audiences: Vec::new() }
    }
}

/// Something was shown, and it is not good. The reason is for the log; the client reads
/// `Unauthorized` only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejected(pub String);

impl Rejected {
    /// For this reason, which holds no secret.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// One way to tell who asks. `Ok(None)` when it has nothing to say.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Looks at what a connection and a request show.
    async fn authenticate(
        &self,
        evidence: &Evidence<'_>,
    ) -> Result<Option<Authenticated>, Rejected>;
}

/// One way to tell whose token this is. `Ok(None)` when it is none of its own.
#[async_trait]
pub trait TokenAuthenticator: Send + Sync {
    /// Looks at a token that is to be good for one of `audiences`; when those are empty, for the
    /// API server's own.
    async fn authenticate_token(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, Rejected>;
}

/// All authenticators of a server, in upstream's order.
#[derive(Default)]
pub struct Authenticators {
    requests: Vec<Arc<dyn Authenticator>>,
    tokens: Tokens,
    anonymous: Option<Anonymous>,
}

/// The token authenticators, which a TokenReview asks too.
#[derive(Clone, Default)]
pub struct Tokens(Vec<Arc<dyn TokenAuthenticator>>);

impl Tokens {
    /// Asked in this order.
    pub fn new(authenticators: Vec<Arc<dyn TokenAuthenticator>>) -> Self {
        Self(authenticators)
    }

    /// Whose token it is, with the group of all who are known.
    ///
    /// # Errors
    /// What each that did not take it said, when none took it and one of them objected.
    pub async fn authenticate(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        Ok(self.ask(token, audiences).await?.map(with_group_of_the_known))
    }

    async fn ask(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        let mut objections = Vec::new();
        for authenticator in &self.0 {
            match authenticator.authenticate_token(token, audiences).await {
                Ok(Some(known)) => return Ok(Some(known)),
                Ok(None) => {}
                Err(objection) => objections.push(objection),
            }
        }
        joined(objections).map_or(Ok(None), Err)
    }
}

impl Authenticators {
    /// Those that look at requests (the front proxy first, then certificates), those that look at
    /// tokens, and what becomes of people who show nothing: `None` refuses them.
    pub fn new(
        requests: Vec<Arc<dyn Authenticator>>,
        tokens: Tokens,
        anonymous: Option<Anonymous>,
    ) -> Self {
        Self { requests, tokens, anonymous }
    }

    /// The token authenticators alone.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Who asks.
    ///
    /// # Errors
    /// [`Rejected`], a 401: nobody took what was shown, or nothing was and that is not enough.
    pub async fn authenticate(&self, evidence: &Evidence<'_>) -> Result<Authenticated, Rejected> {
        let mut objections = Vec::new();
        for authenticator in &self.requests {
            match authenticator.authenticate(evidence).await {
                Ok(Some(known)) => return Ok(with_group_of_the_known(known)),
                Ok(None) => {}
                Err(objection) => objections.push(objection),
            }
        }
        match evidence.token() {
            Ok(Some(token)) if token.len() <= crate::limits::TOKEN_BYTES_MAX => {
                match self.tokens.ask(&token, &[]).await {
                    Ok(Some(known)) => return Ok(with_group_of_the_known(known)),
                    Ok(None) => objections.push(Rejected::new("invalid bearer token")),
                    Err(objection) => objections.push(objection),
                }
            }
            Ok(Some(_)) => objections.push(Rejected::new("the bearer token is too long")),
            Ok(None) => {}
            Err(objection) => objections.push(objection),
        }
        if let Some(objection) = joined(objections) {
            return Err(objection);
        }
        self.anonymous
            .as_ref()
            .and_then(|anonymous| anonymous.answer(evidence.path))
            .ok_or_else(|| Rejected::new("no credentials were shown"))
    }
}

impl std::fmt::Debug for Authenticators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticators")
            .field("requests", &self.requests.len())
            .field("tokens", &self.tokens.0.len())
            .finish_non_exhaustive()
    }
}

/// Adds `system:authenticated`, unless one of its kind is there already.
fn with_group_of_the_known(mut known: Authenticated) -> Authenticated {
    let user = &mut known.user;
    let placed = user.in_group(group::AUTHENTICATED) || user.in_group(group::UNAUTHENTICATED);
    if user.name != names::ANONYMOUS && !placed {
        user.groups.push(group::AUTHENTICATED.to_owned());
    }
    known
}

fn joined(objections: Vec<Rejected>) -> Option<Rejected> {
    let mut texts: Vec<String> = objections.into_iter().map(|objection| objection.0).collect();
    match texts.len() {
        0 => None,
        1 => texts.pop().map(Rejected),
        _ => Some(Rejected(format!("[{}]", texts.join(", ")))),
    }
}

#[cfg(test)]
mod tests;
