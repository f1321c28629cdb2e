//! Who issues this cluster's service-account tokens, and the keys to check them with.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::{Response, header};

/// The two documents.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) configuration: Bytes,
    pub(crate) keys: Bytes,
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

async fn document(text: Bytes, media: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("public, max-age=3600"));
    response
}
