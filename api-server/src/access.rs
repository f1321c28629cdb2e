//! Who asks, and may they: the configured authenticators and authorizers of this server.

use crate::assemble::Options;
use crate::objects::Cached;
use auth::authentication::anonymous::Anonymous;
use auth::authentication::{Authenticators, Tokens};
use auth::authorization::{always, rbac};
use auth::{Attributes, Authorized, Authorizer, Authorizers, Evidence, UserInfo};
use http::HeaderMap;
use object::{ApiError, Result};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;

/// The configured authenticators and authorizers.
#[derive(Debug)]
pub struct Access {
    pub(crate) authenticators: Authenticators,
    pub(crate) authorizers: Authorizers,
}

impl Access {
    /// As the options say, reading the cluster through `objects`.
    pub fn new(options: &Options, objects: Arc<Cached>) -> anyhow::Result<Self> {
        let anonymous = options.identity.anonymous.then(Anonymous::everywhere);
        let authenticators = Authenticators::new(Vec::new(), Tokens::default(), anonymous);
        let authorizers = authorizers(&options.authorization_modes, &objects)?;
        Ok(Self { authenticators, authorizers })
    }

    /// Who asks; 401 if what was shown is not good. What was shown is removed from the headers,
    /// so that no later stage can pass it on.
    pub async fn authenticate(
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
        headers.remove(http::header::AUTHORIZATION);
        Ok(Arc::new(known.user))
    }

    /// The proof that they may, or a 403.
    pub async fn authorize(&self, attributes: Attributes) -> Result<Authorized> {
        self.authorizers.authorize(attributes).await
    }
}

/// The authorizers of `--authorization-mode`, in its order.
fn authorizers(modes: &[String], objects: &Arc<Cached>) -> anyhow::Result<Authorizers> {
    let mut all: Vec<Arc<dyn Authorizer>> = Vec::new();
    for mode in modes {
        all.push(match mode.as_str() {
            "RBAC" => Arc::new(rbac::Rbac::over(&**objects)),
            "AlwaysAllow" => Arc::new(always::AlwaysAllow),
            "AlwaysDeny" => Arc::new(always::AlwaysDeny),
            other => anyhow::bail!("--authorization-mode: {other:?} is not supported"),
        });
    }
    Ok(Authorizers::new(all))
}
