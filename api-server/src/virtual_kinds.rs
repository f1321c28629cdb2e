//! Kinds that are not stored: a question is posted, and the answer comes back.
//!
//! One function each in the table below, by resource.

mod access_review;
mod components;
mod rules_review;
mod self_review;
mod token_review;

use crate::ask::Ask;
use crate::subresources::binding;
use crate::{Api, answer, body};
use axum::body::Body;
use futures::future::BoxFuture;
use http::{Response, StatusCode};
use object::{ApiError, FieldErrors, GroupKind, Reason, Result, Value, meta};

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

/// A question that was read, admitted and found well-formed.
async fn question(api: &Api, ask: &Ask, warnings: &mut Vec<String>) -> Result<Value> {
    let mut object = body::object(ask, &ask.gvk(), warnings)?;
    let call = ask.call(true)?;
    let context = kinds::Context::default();
    let rules = |object: &mut Value| {
        let mut errors = FieldErrors::new();
        ask.kind.strategy.validate(object, &context, &mut errors);
        if errors.is_empty() {
            return Ok(());
        }
        // Upstream has lost the kind's name by then.
        Err(ApiError::invalid(&GroupKind::new(ask.kind.group, ""), "", errors))
    };
    body::check_namespace(ask, &object)?;
    let namespace = ask.resource.namespace.as_str();
    if ask.kind.namespaced {
        meta::set(&mut object, "namespace", namespace);
    }
    api.registry.pass(&call, &ask.target(), &mut object, &rules).await?;
    warnings.extend(call.warnings.into_inner().unwrap_or_default());
    Ok(object)
}

fn answered(ask: &Ask, object: &Value, warnings: Vec<String>) -> Result<Response<Body>> {
    answer::value(ask, StatusCode::CREATED, object, warnings)
}
