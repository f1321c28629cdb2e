//! What a connection and a request show of who is behind them.

use super::Rejected;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use rustls_pki_types::CertificateDer;
use std::borrow::Cow;

/// What a web socket's subprotocol begins with when it holds a token, since browsers can't set
/// headers on one.
const SOCKET_TOKEN_PREFIX: &str = "base64url.bearer.authorization.k8s.io.";

/// What there is to judge by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The chain that the client showed in the TLS handshake, its own certificate first. The
    /// handshake proved that it holds the key, nothing else.
    pub certificates: &'a [CertificateDer<'static>],
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The URL's path.
    pub path: &'a str,
}

impl Evidence<'_> {
    /// The bearer token, from `Authorization`, or from a web socket's subprotocols.
    ///
    /// # Errors
    /// [`Rejected`] when a subprotocol holds a token that can't be read.
    pub fn token(&self) -> Result<Option<Cow<'_, str>>, Rejected> {
        let text = self.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(text) = text {
            let mut words = text.trim().splitn(3, ' ');
            let scheme = words.next().unwrap_or_default();
            let token = words.next().unwrap_or_default();
            if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
                return Ok(Some(Cow::Borrowed(token)));
            }
        }
        self.socket_token()
    }

    fn socket_token(&self) -> Result<Option<Cow<'_, str>>, Rejected> {
        let upgrade = self.headers.get(UPGRADE).and_then(|value| value.to_str().ok());
        if !upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
            return Ok(None);
        }
        let mut found = None;
        let mut others = 0usize;
        let offered = self.headers.get_all(SEC_WEBSOCKET_PROTOCOL);
        let offered = offered.iter().filter_map(|value| value.to_str().ok());
        for protocol in offered.flat_map(|value| value.split(',')).map(str::trim) {
            match protocol.strip_prefix(SOCKET_TOKEN_PREFIX) {
                None => others += 1,
                Some(_) if found.is_some() => {
                    return Err(Rejected::new(
                        "multiple base64.bearer.authorization tokens specified",
                    ));
                }
                Some(encoded) => found = Some(encoded),
            }
        }
        let Some(encoded) = found else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| Rejected::new("invalid base64.bearer.authorization token encoding"))?;
        let token = String::from_utf8(bytes)
            .map_err(|_| Rejected::new("invalid base64.bearer.authorization token"))?;
        match (token.is_empty(), others) {
            (true, _) => Ok(None),
            // One of the others is to be echoed, for the token's own must not be.
            (false, 0) => Err(Rejected::new("missing additional subprotocol")),
            (false, _) => Ok(Some(Cow::Owned(token))),
        }
    }
}

/// Removes the token from a request whose sender is known, so that nothing behind the
/// authentication can pass it on or log it.
pub fn strip_token(headers: &mut HeaderMap) {
    headers.remove(AUTHORIZATION);
    let offered: Vec<String> = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|protocol| protocol.trim().to_owned())
        .collect();
    if !offered.iter().any(|protocol| protocol.starts_with(SOCKET_TOKEN_PREFIX)) {
        return;
    }
    let others: Vec<String> =
        offered.into_iter().filter(|one| !one.starts_with(SOCKET_TOKEN_PREFIX)).collect();
    headers.remove(SEC_WEBSOCKET_PROTOCOL);
    if let (false, Ok(value)) = (others.is_empty(), others.join(",").parse()) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, value);
    }
}
