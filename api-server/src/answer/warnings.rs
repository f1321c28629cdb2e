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

/// Puts a sentence before all others that the client is warned with.
pub(crate) fn warn_first(headers: &mut HeaderMap, sentence: &str) {
    let Ok(first) = HeaderValue::from_str(&format!("299 - {sentence:?}")) else { return };
    let others: Vec<HeaderValue> =
        headers.get_all(WARNING).iter().filter(|other| **other != first).cloned().collect();
    headers.insert(WARNING, first);
    for other in others {
        headers.append(WARNING, other);
    }
}
