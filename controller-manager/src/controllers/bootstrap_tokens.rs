//! Bootstrap tokens as they lie in Secrets: what the signer and the cleaner read of them.
//!
//! Mirrors `k8s.io/cluster-bootstrap/util/secrets`. Secrets' data is never printed.

use control::{Informer, Informers};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

const TOKENS: &str = "metadata.namespace=kube-system,type=bootstrap.kubernetes.io/token";
const NAME_PREFIX: &str = "bootstrap-token-";
const ID_LENGTH: usize = 6;

/// Whether a token still counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// For ever.
    Endless,
    /// For this time.
    Left(Duration),
    /// No more; what can't be read has ended, too.
    Over,
}

/// The bootstrap tokens of the cluster.
pub(super) fn informer(informers: &Informers) -> Arc<Informer<Secret>> {
    informers.of_selected(TOKENS)
}

/// A text of the Secret; empty where there is none.
pub(super) fn text<'a>(secret: &'a Secret, key: &str) -> &'a str {
    let value = secret.data.as_ref().and_then(|data| data.get(key));
    value.and_then(|value| std::str::from_utf8(&value.0).ok()).unwrap_or_default()
}

/// How long the token counts.
pub(super) fn life(secret: &Secret, now: Timestamp) -> Life {
    let until = text(secret, "expiration");
    if until.is_empty() {
        return Life::Endless;
    }
    let left = until.parse::<Timestamp>().map(|until| until.duration_since(now));
    match left.map(Duration::try_from) {
        Ok(Ok(left)) if !left.is_zero() => Life::Left(left),
        _ => Life::Over,
    }
}

/// ID and secret of a token that may sign; `None` for others.
pub(super) fn for_signing(secret: &Secret, now: Timestamp) -> Option<(&str, &str)> {
    let named = secret.metadata.name.as_deref()?.strip_prefix(NAME_PREFIX)?;
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let (id, token) = (text(secret, "token-id"), text(secret, "token-secret"));
    let is_sound =
        named.len() == ID_LENGTH && named.chars().all(is_id) && named == id && !token.is_empty();
    let may = text(secret, "usage-bootstrap-signing") == "true";
    (is_sound && may && life(secret, now) != Life::Over).then_some((id, token))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use k8s_openapi::ByteString;
    use serde_json::json;

    /// A token's Secret with this data.
    pub(crate) fn secret(name: &str, data: &[(&str, &str)]) -> Secret {
        let mut secret: Secret =
            serde_json::from_value(json!({"metadata": {"name": name, "uid": "u"}}))
                .expect("a secret");
        let bytes = |(key, value): &(&str, &str)| {
            ((*key).to_owned(), ByteString(value.as_bytes().to_vec()))
        };
        secret.data = Some(data.iter().map(bytes).collect());
        secret
    }

    #[test]
    fn only_sound_tokens_sign() {
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        let sound = [
            ("token-id", "abc123"),
            ("token-secret", "s"),
            ("usage-bootstrap-signing", "true"),
            ("expiration", "2026-01-01T00:00:01+00:00"),
        ];
        let name = "bootstrap-token-abc123";
        assert_eq!(for_signing(&secret(name, &sound), now), Some(("abc123", "s")));
        let changes = [
            ("token-id", "abc124"),
            ("token-secret", ""),
            ("usage-bootstrap-signing", "yes"),
            ("expiration", "2026-01-01T00:00:00Z"),
            ("expiration", "tomorrow"),
        ];
        for (key, value) in changes {
            let data: Vec<_> =
                sound.iter().map(|(k, v)| (*k, if *k == key { value } else { *v })).collect();
            assert_eq!(for_signing(&secret(name, &data), now), None, "{key}={value}");
        }
        for name in ["bootstrap-token-abc", "bootstrap-token-ABC123", "other"] {
            assert_eq!(for_signing(&secret(name, &sound), now), None, "{name}");
        }
        let endless = secret(name, &sound[..3]);
        assert_eq!(life(&endless, now), Life::Endless);
        assert!(for_signing(&endless, now).is_some());
    }
}
