//! What a client is warned of, as `Warning` headers.

use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use http::header::{self, HeaderMap, HeaderValue};

/// An answer, and what the request was warned of.
pub(crate) fn with_warnings(ask: &Ask, response: Response<Body>) -> Response<Body> {
    let warnings = ask.warnings.lock().map(|warnings| warnings.clone()).unwrap_or_default();
    warned(response, &warnings)
}

/// Puts a sentence before all others that the client is warned with.
pub(crate) fn warn_first(headers: &mut HeaderMap, sentence: &str) {
    let Ok(first) = HeaderValue::from_str(&format!("299 - {sentence:?}")) else { return };
    let others: Vec<HeaderValue> =
        headers.get_all(header::WARNING).iter().filter(|other| **other != first).cloned().collect();
    headers.insert(header::WARNING, first);
    for other in others {
        headers.append(header::WARNING, other);
    }
}

/// A response with these sentences.
pub(super) fn warned(mut response: Response<Body>, warnings: &[String]) -> Response<Body> {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}
