//! Service accounts' tokens: made here, and known again here.
//!
//! Two sorts: bound tokens, which the TokenRequest API gives out for a time and an audience, and
//! which end with the object that they are bound to; and the older ones that lie in a Secret.
//! Mirrors `pkg/serviceaccount` of `k8s.io/kubernetes`. Not here: who keeps the label on a Secret
//! that says when its token was last used.

mod claims;
mod discovery;
pub mod jwt;
mod keys;
mod lookup;

pub use claims::{Bound, BoundClaims, LegacyClaims, Reference};
pub use discovery::{configuration_document, key_set_document};
pub use keys::{KeyError, SigningKey, VerifyingKey, VerifyingKeys};

use super::{Authenticated, Rejected, TokenAuthenticator};
use crate::Objects;
use crate::limits::CLOCK_LEEWAY_SECONDS;
use async_trait::async_trait;
use claims::Public;
use jiff::Timestamp;
use std::sync::Arc;

/// The issuer of tokens that lie in Secrets.
pub const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

/// Knows bound tokens: `--service-account-issuer`.
pub struct BoundTokens {
    /// The issuers that are ours; the first is the one that new tokens name.
    pub issuers: Vec<String>,
    /// Ours, present and past.
    pub keys: VerifyingKeys,
    /// `--api-audiences`; when those are not given, the issuers.
    pub audiences: Vec<String>,
    /// Where the bound objects are looked up.
    pub objects: Arc<dyn Objects>,
}

/// Knows tokens that lie in Secrets.
pub struct LegacyTokens {
    /// Ours, present and past.
    pub keys: VerifyingKeys,
    /// `--api-audiences`.
    pub audiences: Vec<String>,
    /// Where the Secret is looked up; `None` for `--service-account-lookup=false`.
    pub objects: Option<Arc<dyn Objects>>,
}

#[async_trait]
impl TokenAuthenticator for BoundTokens {
    async fn authenticate_token(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        self.at(runtime::clock::now(), token, audiences)
    }
}

#[async_trait]
impl TokenAuthenticator for LegacyTokens {
    async fn authenticate_token(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        let ours = |issuer: &str| issuer == LEGACY_ISSUER;
        let Some(verified) =
            verified::<LegacyClaims>(token, ours, &self.keys, &self.audiences, audiences)?
        else {
            return Ok(None);
        };
        let user = lookup::legacy(token, &verified.claims, self.objects.as_deref())?;
        Ok(Some(Authenticated { user, audiences: verified.audiences }))
    }
}

impl BoundTokens {
    /// Whose token it is at this time.
    fn at(
        &self,
        now: Timestamp,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        let ours = |issuer: &str| self.issuers.iter().any(|own| own == issuer);
        let Some(verified) =
            verified::<BoundClaims>(token, ours, &self.keys, &self.audiences, audiences)?
        else {
            return Ok(None);
        };
        in_time(&verified.claims.public, now)?;
        let user = lookup::bound(&verified.claims, &*self.objects, now)?;
        Ok(Some(Authenticated { user, audiences: verified.audiences }))
    }
}

impl std::fmt::Debug for BoundTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundTokens").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LegacyTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LegacyTokens")
    }
}

struct Verified<C> {
    claims: C,
    /// Those of the asked-for that the token is for.
    audiences: Vec<String>,
}

/// The claims of a token that one of our keys signed, for one of the audiences asked for. `None`
/// for a token of another issuer, which someone else may know.
fn verified<C>(
    token: &str,
    ours: impl Fn(&str) -> bool,
    keys: &VerifyingKeys,
    own_audiences: &[String],
    asked_audiences: &[String],
) -> Result<Option<Verified<C>>, Rejected>
where
    C: serde::de::DeserializeOwned + AsRef<Public>,
{
    let Some(parts) = jwt::Unverified::parse(token) else { return Ok(None) };
    if !parts.issuer().is_some_and(|issuer| ours(&issuer)) {
        return Ok(None);
    }
    let claims: C = parts.verify(keys)?;
    let public = claims.as_ref();
    if !ours(&public.issuer) {
        return Err(Rejected(format!("token issuer {:?} is invalid", public.issuer)));
    }
    // A token that is for nobody in particular is for the API server.
    let of_token = if public.audiences.is_empty() { own_audiences } else { &public.audiences };
    let asked = if asked_audiences.is_empty() { own_audiences } else { asked_audiences };
    let audiences: Vec<String> =
        of_token.iter().filter(|audience| asked.contains(audience)).cloned().collect();
    if audiences.is_empty() && !own_audiences.is_empty() {
        return Err(Rejected(format!(
            "token audiences {of_token:?} is invalid for the target audiences {asked:?}"
        )));
    }
    Ok(Some(Verified { claims, audiences }))
}

fn in_time(public: &Public, now: Timestamp) -> Result<(), Rejected> {
    let now = now.as_second();
    let (early, late) = (now + CLOCK_LEEWAY_SECONDS, now - CLOCK_LEEWAY_SECONDS);
    if public.not_before.is_some_and(|time| early < time) {
        return Err(Rejected::new("service account token is not valid yet"));
    }
    if public.expiry.is_some_and(|time| late > time) {
        return Err(Rejected::new("service account token has expired"));
    }
    if public.issued_at.is_some_and(|time| early < time) {
        return Err(Rejected::new("service account token is issued in the future"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
