//! Who issues this cluster's service-account tokens, and the keys to check them with.

use crate::answer::json;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Response, StatusCode, header};
use object::Value;
use std::sync::Arc;

/// The two documents.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) configuration: Arc<Value>,
    pub(crate) keys: Arc<Value>,
}

pub(super) fn router(issuer: Issuer) -> Router {
    let keys = issuer.keys.clone();
    Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(move || document(issuer.configuration.clone(), "application/json")),
        )
        .route("/openid/v1/jwks", get(move || document(keys.clone(), "application/jwk-set+json")))
}

async fn document(value: Arc<Value>, media: &'static str) -> Response<Body> {
    let mut response = json(StatusCode::OK, &value);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("public, max-age=3600"));
    response
}
