//! A response around the bytes of an answer: its status, its headers, whether it is compressed.

use crate::accept::Media;
use crate::limits::COMPRESS_FROM_BYTES;
use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use std::io::Write;

/// A whole body, compressed where it is large and the client allows it.
pub(super) fn whole(
    status: StatusCode,
    media: Media,
    bytes: Bytes,
    asked: &HeaderMap,
) -> Response<Body> {
    let packed = may_compress(asked, bytes.len()).then(|| compress(&bytes));
    let is_packed = packed.is_some();
    let mut response = head(status, media.media_type(), Body::from(packed.unwrap_or(bytes)));
    if is_packed {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    response
}

/// Whether a body of this size may be compressed for this client.
pub(super) fn may_compress(asked: &HeaderMap, len_bytes: usize) -> bool {
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    len_bytes >= COMPRESS_FROM_BYTES
        && accepted.is_some_and(|list| list.split(',').any(|one| one.trim().starts_with("gzip")))
}

/// Compresses at upstream's level, the fastest.
fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("a vector takes every byte").into()
}

/// Answers with a body that goes on.
pub(crate) fn stream(media_type: &'static str, body: Body) -> Response<Body> {
    head(StatusCode::OK, media_type, body)
}

/// A body with the headers that every answer in a media type has.
fn head(status: StatusCode, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Answers with a text, as Go's servers do.
pub(super) fn plain(status: StatusCode, text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
