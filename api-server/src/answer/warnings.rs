//! What a client is warned of, as `Warning` headers.

use http::header::{HeaderMap, HeaderValue, WARNING};

/// Adds these sentences.
pub(crate) fn warn(headers: &mut HeaderMap, sentences: &[String]) {
    for sentence in sentences {
        let quoted = sentence.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            headers.append(WARNING, value);
        }
    }
}
