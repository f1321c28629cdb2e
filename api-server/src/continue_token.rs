//! The `continue` of a list: upstream's token, so that either server can go on.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use object::{ApiError, Result};
use serde::{Deserialize, Serialize};
use store::Revision;

/// What it holds.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

const TOKEN_VERSION: &str = "meta.k8s.io/v1";

/// The token behind which the next page begins.
pub(crate) fn write(revision: Revision, last_key: &str) -> String {
    let start = format!("{last_key}\0");
    let token = Token { v: TOKEN_VERSION.to_owned(), rv: revision, start };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).expect("three plain fields"))
}

/// The revision and the key of the last item that a token holds.
pub(crate) fn read(text: &str) -> Result<(Revision, String)> {
    let wrong = || ApiError::bad_request("continue key is not valid");
    let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text));
    let token: Token = serde_json::from_slice(&bytes.map_err(|_| wrong())?).map_err(|_| wrong())?;
    if token.v != TOKEN_VERSION || token.start.is_empty() {
        return Err(wrong());
    }
    let start = token.start.strip_suffix('\0').unwrap_or(&token.start);
    Ok((token.rv, start.trim_start_matches('/').to_owned()))
}
