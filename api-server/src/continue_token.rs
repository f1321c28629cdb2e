//! The `continue` of a list: upstream's token, so that either server can go on.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use object::{ApiError, Result};
use serde::Serialize;
use store::Revision;

/// What it holds.
#[derive(Debug, Serialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

const TOKEN_VERSION: &str = "meta.k8s.io/v1";

/// The token behind which the next page of a list of this namespace (empty: all) begins. Keys in
/// it are relative to the list, as upstream's are.
pub(crate) fn write(revision: Revision, namespace: &str, last_key: &str) -> String {
    let within = last_key.strip_prefix(namespace).map(|key| key.trim_start_matches('/'));
    let start = format!("{}\0", within.unwrap_or(last_key));
    let token = Token { v: TOKEN_VERSION.to_owned(), rv: revision, start };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).expect("three plain fields"))
}

/// The revision and the key of the last item that a token holds.
pub(crate) fn read(text: &str, namespace: &str) -> Result<(Revision, String)> {
    let wrong = |why: String| {
        ApiError::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
    };
    let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text));
    let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
    let token = codec::decode_json_free(&bytes).map_err(|error| wrong(error.to_string()))?.value;
    let version = token["v"].as_str().unwrap_or_default();
    if version != TOKEN_VERSION {
        return Err(wrong(format!("server does not recognize this encoded version {version}")));
    }
    let start = token["start"].as_str().unwrap_or_default();
    if start.is_empty() {
        return Err(wrong(format!("encoded start key empty (version {TOKEN_VERSION})")));
    }
    let start = start.strip_suffix('\0').unwrap_or(start).trim_start_matches('/');
    let key = match namespace {
        "" => start.to_owned(),
        namespace => format!("{namespace}/{start}"),
    };
    Ok((token["rv"].as_i64().unwrap_or_default(), key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_on_from_the_last_key() {
        for (namespace, key) in [("", "a/b"), ("a", "a/b"), ("", "node")] {
            let token = write(7, namespace, key);
            assert_eq!(read(&token, namespace).unwrap(), (7, key.to_owned()), "{namespace} {key}");
        }
        assert!(read("abc", "").unwrap_err().message.contains("continue key is not valid"));
    }
}
