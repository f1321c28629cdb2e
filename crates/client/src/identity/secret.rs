//! A service account's token out of its Secret, which the token controller makes.
//!
//! Mirrors `SAControllerClientBuilder` (`k8s.io/controller-manager/pkg/clientbuilder`, up to 1.23):
//! a Secret whose token the API server does not take, because it was signed with another key, is
//! deleted, so that it is made anew.

use super::NAMESPACE;
use crate::error::{is_conflict, is_not_found};
use crate::{ClientError, limits};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Api, Client};
use runtime::clock;

const OF_TOKENS: &str = "type=kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

/// A token of `account` that the API server takes; waits for it, to a limit.
pub(super) async fn token(root: &Client, account: &str) -> Result<String, ClientError> {
    let failed =
        |source| ClientError::Token { account: account.to_owned(), source: Box::new(source) };
    let accounts: Api<ServiceAccount> = Api::namespaced(root.clone(), NAMESPACE);
    let secrets: Api<Secret> = Api::namespaced(root.clone(), NAMESPACE);
    let wanted = accounts.get(account).await.map_err(failed)?;
    let end = clock::monotonic() + limits::TOKEN_SECRET_WAIT;
    loop {
        let there = secrets.list(&ListParams::default().fields(OF_TOKENS)).await.map_err(failed)?;
        for secret in there.items.iter().filter(|secret| is_of(secret, &wanted)) {
            let Some(token) = held(secret) else { continue };
            if is_taken(root, &token).await.map_err(failed)? {
                return Ok(token);
            }
            if is_settled(secret) {
                remove(&secrets, secret).await.map_err(failed)?;
            }
        }
        if clock::monotonic() >= end {
            return Err(ClientError::NoTokenSecret { account: account.to_owned() });
        }
        clock::sleep(limits::TOKEN_SECRET_PAUSE).await;
    }
}

fn is_of(secret: &Secret, account: &ServiceAccount) -> bool {
    let said = |name: &str| secret.metadata.annotations.as_ref().and_then(|all| all.get(name));
    said(ACCOUNT_NAME) == account.metadata.name.as_ref()
        && said(ACCOUNT_UID) == account.metadata.uid.as_ref()
        && secret.metadata.deletion_timestamp.is_none()
}

fn held(secret: &Secret) -> Option<String> {
    let token = secret.data.as_ref()?.get("token")?;
    String::from_utf8(token.0.clone()).ok().filter(|token| !token.is_empty())
}

async fn is_taken(root: &Client, token: &str) -> Result<bool, kube::Error> {
    let review = TokenReview {
        spec: TokenReviewSpec { token: token.to_owned(), ..TokenReviewSpec::default() },
        ..TokenReview::default()
    };
    let reviews: Api<TokenReview> = Api::all(root.clone());
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok(answer.status.and_then(|status| status.authenticated).unwrap_or_default())
}

/// Whether it is so old that an API server that lags can't be why its token is not taken.
fn is_settled(secret: &Secret) -> bool {
    let made = secret.metadata.creation_timestamp.as_ref();
    made.is_some_and(|made| {
        let age = clock::now().duration_since(made.0);
        age.unsigned_abs() > limits::TOKEN_SECRET_SETTLED && age.is_positive()
    })
}

async fn remove(secrets: &Api<Secret>, secret: &Secret) -> Result<(), kube::Error> {
    let name = secret.metadata.name.clone().unwrap_or_default();
    tracing::warn!(secret = %name, "the API server does not take its token; it is deleted");
    let only_this = DeleteParams {
        preconditions: Some(Preconditions {
            uid: secret.metadata.uid.clone(),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    match secrets.delete(&name, &only_this).await {
        Err(error) if !is_not_found(&error) && !is_conflict(&error) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn only_the_accounts_own_secret_counts() {
        let account: ServiceAccount =
            from_value(json!({"metadata": {"name": "job-controller", "uid": "u1"}})).expect("one");
        for (annotations, is) in [
            (json!({ACCOUNT_NAME: "job-controller", ACCOUNT_UID: "u1"}), true),
            (json!({ACCOUNT_NAME: "job-controller", ACCOUNT_UID: "u0"}), false),
            (json!({ACCOUNT_NAME: "job-controller"}), false),
            (json!({ACCOUNT_NAME: "other", ACCOUNT_UID: "u1"}), false),
            (json!({}), false),
        ] {
            let secret = json!({"metadata": {"annotations": annotations}});
            let secret: Secret = from_value(secret).expect("a Secret");
            assert_eq!(is_of(&secret, &account), is, "{secret:?}");
        }
    }

    #[test]
    fn an_empty_token_is_none() {
        let secret = |data| from_value::<Secret>(json!({"data": data})).expect("a Secret");
        assert_eq!(held(&secret(json!({"token": "YWJj"}))).as_deref(), Some("abc"));
        assert_eq!(held(&secret(json!({"token": ""}))), None);
        assert_eq!(held(&secret(json!({}))), None);
    }
}
