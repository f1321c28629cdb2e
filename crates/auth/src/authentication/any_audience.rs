//! Credentials that are for no audience in particular: they are for the API server's.
//!
//! Mirrors `k8s.io/apiserver/pkg/authentication/authenticator/audagnostic.go`, which upstream wraps
//! around static and bootstrap tokens.

use super::{Authenticated, Rejected, TokenAuthenticator};
use async_trait::async_trait;
use std::sync::Arc;

/// A token authenticator that knows no audiences, for those of the API server.
pub struct AnyAudience {
    inner: Arc<dyn TokenAuthenticator>,
    own: Vec<String>,
}

impl AnyAudience {
    /// `own` is `--api-audiences`.
    pub fn new(inner: Arc<dyn TokenAuthenticator>, own: Vec<String>) -> Self {
        Self { inner, own }
    }
}

#[async_trait]
impl TokenAuthenticator for AnyAudience {
    async fn authenticate_token(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        let met: Vec<String> = match audiences {
            [] => self.own.clone(),
            asked => self.own.iter().filter(|own| asked.contains(own)).cloned().collect(),
        };
        if met.is_empty() && !audiences.is_empty() {
            return Ok(None);
        }
        let known = self.inner.authenticate_token(token, &[]).await?;
        Ok(known.map(|known| Authenticated { audiences: met, ..known }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::token_file::TokenFile;
    use super::*;

    #[tokio::test]
    async fn a_static_token_is_for_the_api_server_only() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let file = TokenFile::parse("f", "t,alice,1").expect("reads");
        let tokens = AnyAudience::new(Arc::new(file), list(&["api", "api2"]));
        let met = async |asked: &[&str]| {
            let known = tokens.authenticate_token("t", &list(asked)).await.expect("no objection");
            known.map(|known| known.audiences)
        };
        assert_eq!(met(&[]).await, Some(list(&["api", "api2"])));
        assert_eq!(met(&["api2", "x"]).await, Some(list(&["api2"])));
        assert_eq!(met(&["x"]).await, None);
    }
}
