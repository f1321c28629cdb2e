//! One identity for each controller: a client that speaks as `system:serviceaccount:kube-system:*`.
//!
//! Mirrors `DynamicControllerClientBuilder` (`k8s.io/controller-manager/pkg/clientbuilder`): the
//! service account is made where it is missing, a token of one hour is asked for through the
//! process's own identity, and it is replaced before it ends. An API server that serves no token
//! requests is of the time of `SAControllerClientBuilder`, when the token lay in a Secret.

mod secret;

use crate::transport::Transport;
use crate::{ClientError, error::is_exists, error::is_not_found, limits, token_requests};
use http::{Request, StatusCode, header::AUTHORIZATION};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};
use runtime::clock::{self, Instant};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tower::ServiceExt as _;

const NAMESPACE: &str = "kube-system";

/// `anonymous`, speaking as the service account `account` of `kube-system`. Tokens are asked for by
/// `root`.
pub(crate) fn as_account(root: Client, anonymous: Transport, account: &str) -> Transport {
    let source =
        Arc::new(TokenSource { root, account: account.to_owned(), held: Mutex::default() });
    let service = tower::service_fn(move |mut request: Request<kube::client::Body>| {
        let (source, anonymous) = (source.clone(), anonymous.clone());
        async move {
            let token = source.token().await?;
            let value = http::HeaderValue::try_from(format!("Bearer {token}"))?;
            request.headers_mut().insert(AUTHORIZATION, value);
            let response = anonymous.oneshot(request).await?;
            if response.status() == StatusCode::UNAUTHORIZED {
                source.forget(&token).await;
            }
            Ok::<_, tower::BoxError>(response)
        }
    });
    Transport::new(service)
}

struct TokenSource {
    root: Client,
    account: String,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: String,
    renew_at: Instant,
}

impl TokenSource {
    async fn token(&self) -> Result<String, ClientError> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| clock::monotonic() < held.renew_at) {
            return Ok(held.token.clone());
        }
        let failed =
            |source| ClientError::Token { account: self.account.clone(), source: Box::new(source) };
        let fresh = match self.request().await.map_err(failed)? {
            Some(fresh) => fresh,
            None => Held {
                token: secret::token(&self.root, &self.account).await?,
                renew_at: clock::monotonic() + limits::TOKEN_SECRET_HELD,
            },
        };
        let token = fresh.token.clone();
        *held = Some(fresh);
        Ok(token)
    }

    /// Asks for another one next time, unless that has happened already.
    async fn forget(&self, refused: &str) {
        let mut held = self.held.lock().await;
        held.take_if(|held| held.token == refused);
    }

    /// A token for a time; `None` where there are none, and then there is an account.
    async fn request(&self) -> Result<Option<Held>, kube::Error> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.root.clone(), NAMESPACE);
        let wanted = TokenRequest {
            spec: Some(TokenRequestSpec {
                expiration_seconds: Some(limits::TOKEN_LIFETIME_SECONDS),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        let params = PostParams::default();
        let answer = match accounts.create_token_request(&self.account, &params, &wanted).await {
            Err(error) if is_not_found(&error) => {
                self.create_account(&accounts).await?;
                if !token_requests::are_served(&self.root).await? {
                    return Ok(None);
                }
                accounts.create_token_request(&self.account, &params, &wanted).await?
            }
            other => other?,
        };
        let status = answer.status.unwrap_or_default();
        let ends = status.expiration_timestamp.map_or_else(clock::now, |time| time.0);
        let left = Duration::try_from(ends.duration_since(clock::now())).unwrap_or_default();
        let renew_at =
            clock::monotonic() + left.saturating_sub(limits::TOKEN_RENEWAL_MARGIN).max(left / 5);
        Ok(Some(Held { token: status.token.unwrap_or_default(), renew_at }))
    }

    async fn create_account(&self, accounts: &Api<ServiceAccount>) -> Result<(), kube::Error> {
        let account = ServiceAccount {
            metadata: ObjectMeta { name: Some(self.account.clone()), ..ObjectMeta::default() },
            ..ServiceAccount::default()
        };
        match accounts.create(&PostParams::default(), &account).await {
            Err(error) if is_not_found(&error) => {
                let namespace = Namespace {
                    metadata: ObjectMeta { name: Some(NAMESPACE.into()), ..Default::default() },
                    ..Namespace::default()
                };
                let namespaces: Api<Namespace> = Api::all(self.root.clone());
                unless_exists(namespaces.create(&PostParams::default(), &namespace).await)?;
                unless_exists(accounts.create(&PostParams::default(), &account).await)
            }
            other => unless_exists(other),
        }
    }
}

fn unless_exists<T>(result: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match result {
        Err(error) if !is_exists(&error) => Err(error),
        _ => Ok(()),
    }
}
