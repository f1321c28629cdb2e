//! `/livez`, `/readyz`, `/healthz`, and each single check below them.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery};
use axum::routing::any;
use http::{Response, StatusCode, header};
use runtime::health::{Answer, Checks};
use std::sync::Arc;

use crate::query::Query;

/// The checks behind the three paths.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) healthz: Arc<Checks>,
    pub(crate) livez: Arc<Checks>,
    pub(crate) readyz: Arc<Checks>,
}

pub(super) fn router(health: Health) -> Router {
    checks("/healthz", "/healthz/{*check}", health.healthz)
        .merge(checks("/livez", "/livez/{*check}", health.livez))
        .merge(checks("/readyz", "/readyz/{*check}", health.readyz))
}

fn checks(path: &str, each: &str, checks: Arc<Checks>) -> Router {
    let one = checks.clone();
    Router::new()
        .route(path, any(move |RawQuery(query)| all(checks.clone(), query)))
        .route(each, any(move |Path(name): Path<String>| single(one.clone(), name)))
}

async fn all(checks: Arc<Checks>, query: Option<String>) -> Response<Body> {
    let query = Query::parse(&query.unwrap_or_default());
    let exclude: Vec<&str> = query.all("exclude").collect();
    let verbose = query.has("verbose");
    text(checks.answer(verbose, &exclude).await)
}

async fn single(checks: Arc<Checks>, name: String) -> Response<Body> {
    let missing = || Answer { code: 404, body: "404 page not found\n".to_owned() };
    let answer = checks.answer_one(&name).await.unwrap_or_else(missing);
    let is_well = answer.code == 200;
    let mut response = text(answer);
    if is_well {
        // Upstream guards only what it says of all, and its refusals.
        response.headers_mut().remove(header::X_CONTENT_TYPE_OPTIONS);
    }
    response
}

fn text(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}
