//! The `continue` of a list: upstream's token, so that either server can go on.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, URL_SAFE_NO_PAD};
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

/// What Go reads: no padding, and bits that are left over may be anything.
const READER: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

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
    let bytes = READER.decode(text).map_err(|_| {
        let is_known = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        let at = text.bytes().position(|letter| !is_known(letter));
        let at = at.unwrap_or_else(|| text.len().saturating_sub(1));
        wrong(format!("illegal base64 data at input byte {at}"))
    })?;
    let token = codec::decode_json_free(&bytes).map_err(|error| wrong(error.to_string()))?.value;
    let version = token["v"].as_str().unwrap_or_default();
    if version != TOKEN_VERSION {
        return Err(wrong(format!("server does not recognize this encoded version {version}")));
    }
    let revision = token["rv"].as_i64().unwrap_or_default();
    if revision == 0 {
        let why = format!("incorrect encoded start resourceVersion (version {TOKEN_VERSION})");
        return Err(wrong(why));
    }
    let start = token["start"].as_str().unwrap_or_default();
    if start.is_empty() {
        return Err(wrong(format!("encoded start key empty (version {TOKEN_VERSION})")));
    }
    if !is_clean(start) {
        return Err(wrong(start.to_owned()));
    }
    let start = start.strip_suffix('\0').unwrap_or(start).trim_start_matches('/');
    let key = match namespace {
        "" => start.to_owned(),
        namespace => format!("{namespace}/{start}"),
    };
    Ok((revision, key))
}

/// Whether a key is its own shortest form, so that it leads out of no list.
fn is_clean(key: &str) -> bool {
    let within = key.strip_prefix('/').unwrap_or(key);
    within.is_empty() || within.split('/').all(|part| !matches!(part, "" | "." | ".."))
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

    #[test]
    fn tokens_that_were_not_ours_are_refused_in_upstreams_words() {
        let token = |rv: i64, start: &str| {
            let token = Token { v: TOKEN_VERSION.to_owned(), rv, start: start.to_owned() };
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap())
        };
        for (token, expected) in [
            ("!!".to_owned(), "illegal base64 data at input byte 0"),
            ("abcde".to_owned(), "illegal base64 data at input byte 4"),
            ("YQ==".to_owned(), "illegal base64 data at input byte 2"),
            (token(0, "a"), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
            (token(5, ""), "encoded start key empty (version meta.k8s.io/v1)"),
            (token(5, "../../a"), "../../a"),
            (token(5, "a//b"), "a//b"),
            (token(5, "a/"), "a/"),
        ] {
            let why = read(&token, "").unwrap_err().message;
            let begin = "invalid continue token: continue key is not valid: ";
            assert_eq!(why.strip_prefix(begin), Some(expected), "{why}");
        }
        assert!(read(&token(-1, "/a/b\0"), "").is_ok());
    }
}
