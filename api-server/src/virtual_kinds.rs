//! Kinds that are not stored: a question is posted, and the answer comes back.
//!
//! One function each in the table below, by resource.

mod access_review;
mod components;
mod review;
mod rules_review;
mod self_review;
mod token_review;

use crate::Api;
use crate::ask::Ask;
use crate::subresources::binding;
use axum::body::Body;
use futures::future::BoxFuture;
use http::Response;
use object::{ApiError, Reason, Result};

type Answer = for<'a> fn(&'a Api, &'a Ask) -> BoxFuture<'a, Result<Response<Body>>>;

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// The kinds that are not stored, by group and resource.
static ANSWERS: &[(&str, &str, Answer)] = &[
    ("", "bindings", |api, ask| Box::pin(binding::serve(api, ask))),
    ("", "componentstatuses", |api, ask| Box::pin(components::serve(api, ask))),
    (AUTHENTICATION, "selfsubjectreviews", |api, ask| Box::pin(self_review::serve(api, ask))),
    (AUTHENTICATION, "tokenreviews", |api, ask| Box::pin(token_review::serve(api, ask))),
    (AUTHORIZATION, "localsubjectaccessreviews", |api, ask| {
        Box::pin(access_review::of_subject(api, ask))
    }),
    (AUTHORIZATION, "selfsubjectaccessreviews", |api, ask| {
        Box::pin(access_review::of_oneself(api, ask))
    }),
    (AUTHORIZATION, "selfsubjectrulesreviews", |api, ask| Box::pin(rules_review::serve(api, ask))),
    (AUTHORIZATION, "subjectaccessreviews", |api, ask| {
        Box::pin(access_review::of_subject(api, ask))
    }),
];

/// Serves a kind that is not stored.
pub(crate) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    if ask.kind.columns.is_empty() {
        ask.accept.refuse_table()?;
    }
    let known = ANSWERS
        .iter()
        .find(|(group, resource, _)| *group == ask.kind.group && *resource == ask.kind.plural);
    match known {
        Some((_, _, answer)) => answer(api, ask).await,
        None => Err(ApiError::new(
            501,
            Reason::Unknown,
            format!("{} is not served yet", ask.kind.plural),
        )),
    }
}
