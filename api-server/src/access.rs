//! Who asks, and may they: the configured authenticators and authorizers of this server.

use crate::fixed::Issuer;
use crate::identity::{Known, known};
use crate::objects::Cached;
use crate::settings::{Identity, Options};
use auth::authentication::front_proxy::FrontProxy;
use auth::authentication::service_account::SigningKey;
use auth::authentication::{Authenticators, strip_token};
use auth::authorization::node::NodeAuthorizer;
use auth::authorization::{always, rbac};
use auth::{Attributes, Authorized, Authorizer, Authorizers, Evidence, Objects, UserInfo};
use http::HeaderMap;
use object::{ApiError, Result};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;

/// The configured authenticators and authorizers.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) authenticators: Authenticators,
    pub(crate) authorizers: Authorizers,
    front_proxy: Option<Arc<FrontProxy>>,
    /// Signs service-account tokens, where this server issues any.
    pub(crate) signer: Option<Arc<SigningKey>>,
    /// How those tokens are made.
    pub(crate) tokens: TokenRules,
}

/// How service-account tokens are made.
#[derive(Clone, Debug)]
pub(crate) struct TokenRules {
    /// Who signs them: the first of `--service-account-issuer`.
    pub(crate) issuer: String,
    /// For whom they are when nobody in particular is named: `--api-audiences`.
    pub(crate) audiences: Vec<String>,
    /// `--service-account-max-token-expiration`; 0 for no limit.
    pub(crate) max_seconds: i64,
    /// `--service-account-extend-token-expiration`.
    pub(crate) extended: bool,
}

impl TokenRules {
    fn of(identity: &Identity) -> Self {
        let own = [&identity.audiences, &identity.issuers];
        Self {
            issuer: identity.issuers.first().cloned().unwrap_or_default(),
            audiences: own.into_iter().find(|l| !l.is_empty()).cloned().unwrap_or_default(),
            max_seconds: identity.max_token_seconds,
            extended: identity.extended_tokens,
        }
    }
}

impl Access {
    /// As the options say, reading the cluster through `objects`; beside it what others need to
    /// check the tokens that it issues.
    pub(crate) fn new(
        options: &Options,
        objects: Arc<Cached>,
    ) -> anyhow::Result<(Self, Option<Issuer>)> {
        let objects: Arc<dyn Objects> = objects;
        let Known { authenticators, front_proxy, signer, issuer } =
            known(&options.identity, &objects)?;
        let authorizers = authorizers(&options.authorization_modes, &objects)?;
        let tokens = TokenRules::of(&options.identity);
        Ok((Self { authenticators, authorizers, front_proxy, signer, tokens }, issuer))
    }

    /// Who asks; 401 if what was shown is not good. What was shown is removed from the headers,
    /// so that no later stage can pass it on.
    pub(crate) async fn authenticate(
        &self,
        headers: &mut HeaderMap,
        certificates: &[CertificateDer<'static>],
        path: &str,
    ) -> Result<Arc<UserInfo>> {
        let evidence = Evidence { certificates, headers, path };
        let known = self.authenticators.authenticate(&evidence).await.map_err(|rejected| {
            tracing::debug!("unable to authenticate the request: {rejected}");
            ApiError::unauthorized()
        })?;
        strip_token(headers);
        if let Some(front_proxy) = &self.front_proxy {
            front_proxy.strip(headers);
        }
        Ok(Arc::new(known.user))
    }

    /// The proof that they may, or a 403.
    pub(crate) async fn authorize(&self, attributes: Attributes) -> Result<Authorized> {
        self.authorizers.authorize(attributes).await
    }
}

/// The authorizers of `--authorization-mode`, in its order.
fn authorizers(modes: &[String], objects: &Arc<dyn Objects>) -> anyhow::Result<Authorizers> {
    let mut all: Vec<Arc<dyn Authorizer>> = Vec::new();
    for mode in modes {
        all.push(match mode.as_str() {
            "Node" => Arc::new(NodeAuthorizer::over(&**objects)),
            "RBAC" => Arc::new(rbac::Rbac::over(&**objects)),
            "AlwaysAllow" => Arc::new(always::AlwaysAllow),
            "AlwaysDeny" => Arc::new(always::AlwaysDeny),
            other => anyhow::bail!("--authorization-mode: {other:?} is not supported"),
        });
    }
    Ok(Authorizers::new(all))
}
