//! Refusals: a `metav1.Status` in the client's media type, or the text that upstream says before it
//! knows what is asked.

use super::encode::encode;
use super::response::{plain, whole};
use crate::accept::{Accept, Media};
use axum::body::Body;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode, Uri};
use object::quote::harmless;
use object::{ApiError, Value};

/// Answers with a `metav1.Status`.
pub(crate) fn refusal(error: &ApiError, accept: &Accept) -> Response<Body> {
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if error.code >= 500 {
        tracing::warn!("{} {}", error.code, error.message);
    }
    // Who asks for a form that a refusal can't have gets it as a person reads it.
    let (media, pretty) = match accept.choose_plain() {
        Ok(media) => (media, accept.pretty),
        Err(_) => (Media::Json, true),
    };
    let document = error.to_status();
    let mut response = match encode(&document, media, pretty) {
        Ok(bytes) => whole(status, media, bytes, &HeaderMap::new()),
        Err(_) => json(status, &document),
    };
    let seconds = error.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    if seconds > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Answers with the authorizers' refusal, which browsers must not take for anything else.
pub(crate) fn forbidden(error: &ApiError, headers: &HeaderMap) -> Response<Body> {
    let mut response = refusal(error, &Accept::of(headers));
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// Answers when all seats are taken, as upstream does: with a text, and a time to come back.
pub(crate) fn too_many() -> Response<Body> {
    let why = "Too many requests, please try again later.\n";
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, why);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Answers a path that means nothing, as Go's servers do.
pub(crate) fn no_such_page() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Answers a path that can't be read, as upstream does before it knows what is asked.
pub(crate) fn unreadable(uri: &Uri, error: &ApiError) -> Response<Body> {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let why = &error.message;
    let text = format!("Internal Server Error: {path:?}: failed to create RequestInfo: {why}\n");
    plain(StatusCode::INTERNAL_SERVER_ERROR, harmless(&text))
}

/// A Status that its type can't encode, in JSON.
fn json(status: StatusCode, document: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(codec::encode_json_free(document)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
