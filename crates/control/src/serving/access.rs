//! Who may look: asked of the API server, and remembered for a while.
//!
//! Mirrors the delegating authenticator and authorizer of `k8s.io/apiserver`.

use crate::component::Remembered;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};
use runtime::clock::{self, Instant};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const REMEMBERED_MAX: usize = 256;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    /// The token is nobody's.
    Unauthenticated,
    /// Somebody, who may not; the sentence says who and what.
    Forbidden(String),
}

type Question = (Option<String>, String, String);

/// Asks, and remembers.
pub(super) struct Access {
    client: Client,
    remembered: Remembered,
    known: Mutex<HashMap<Question, (Instant, Verdict)>>,
}

impl Access {
    pub(super) fn new(client: Client, remembered: Remembered) -> Self {
        Self { client, remembered, known: Mutex::default() }
    }

    pub(super) async fn check(&self, token: Option<&str>, path: &str, verb: &str) -> Verdict {
        let question = (token.map(str::to_owned), path.to_owned(), verb.to_owned());
        if let Some(known) = self.recall(&question) {
            return known;
        }
        let verdict = match self.ask(token, path, verb).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(%error, "the API server could not be asked who may look");
                return Verdict::Forbidden("the access can't be reviewed now".into());
            }
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(question, (clock::monotonic(), verdict.clone()));
        verdict
    }

    fn recall(&self, question: &Question) -> Option<Verdict> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, verdict) = known.get(question)?;
        let limit = match verdict {
            Verdict::Allowed => self.remembered.allowed,
            Verdict::Forbidden(_) => self.remembered.refused,
            Verdict::Unauthenticated => self.remembered.unknown,
        };
        (at.elapsed() < limit).then(|| verdict.clone())
    }

    async fn ask(
        &self,
        token: Option<&str>,
        path: &str,
        verb: &str,
    ) -> Result<Verdict, kube::Error> {
        let user = match token {
            None => UserInfo {
                username: Some("system:anonymous".into()),
                groups: Some(vec!["system:unauthenticated".into()]),
                ..UserInfo::default()
            },
            Some(token) => match self.review_token(token).await? {
                Some(user) => user,
                None => return Ok(Verdict::Unauthenticated),
            },
        };
        let name = user.username.clone().unwrap_or_default();
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: user.username,
                groups: user.groups,
                uid: user.uid,
                extra: user.extra,
                non_resource_attributes: Some(NonResourceAttributes {
                    path: Some(path.into()),
                    verb: Some(verb.into()),
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let api: Api<SubjectAccessReview> = Api::all(self.client.clone());
        let answer = api.create(&PostParams::default(), &review).await?;
        if answer.status.is_some_and(|status| status.allowed) {
            return Ok(Verdict::Allowed);
        }
        Ok(Verdict::Forbidden(format!("forbidden: User {name:?} cannot {verb} path {path:?}")))
    }

    async fn review_token(&self, token: &str) -> Result<Option<UserInfo>, kube::Error> {
        let review = TokenReview {
            spec: TokenReviewSpec { token: token.into(), audiences: None },
            ..TokenReview::default()
        };
        let api: Api<TokenReview> = Api::all(self.client.clone());
        let status = api.create(&PostParams::default(), &review).await?.status.unwrap_or_default();
        Ok(status.user.filter(|_| status.authenticated == Some(true)))
    }
}
