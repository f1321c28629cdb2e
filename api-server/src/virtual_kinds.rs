//! Kinds that are not stored: a question is posted, and the answer comes back.
//!
//! One function each in the table below, by resource.

use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use futures::future::BoxFuture;
use http::Response;
use object::{ApiError, Reason, Result};

type Answer = for<'a> fn(&'a Api, &'a Ask) -> BoxFuture<'a, Result<Response<Body>>>;

/// The kinds that are not stored, by group and resource.
static ANSWERS: &[(&str, &str, Answer)] = &[];

/// Serves a kind that is not stored.
pub async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let known =
        ANSWERS.iter().find(|(group, resource, _)| *group == ask.kind.group && *resource == ask.kind.plural);
    match known {
        Some((_, _, answer)) => answer(api, ask).await,
        None => Err(ApiError::new(
            501,
            Reason::Unknown,
            format!("{} is not served yet", ask.kind.plural),
        )),
    }
}
