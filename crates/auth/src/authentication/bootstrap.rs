//! Bootstrap tokens: secrets in `kube-system` by which a new node asks for its certificate.
//! Mirrors `plugin/pkg/auth/authenticator/token/bootstrap` of `k8s.io/kubernetes`.

use super::{Authenticated, Rejected, TokenAuthenticator};
use crate::{Objects, UserInfo, group, names};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use object::{GroupResource, Value, meta};
use std::collections::BTreeSet;
use std::sync::Arc;
use subtle::ConstantTimeEq;

const NAMESPACE: &str = "kube-system";
const NAME_PREFIX: &str = "bootstrap-token-";
const TYPE: &str = "bootstrap.kubernetes.io/token";
const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 16;
/// What an extra group's name begins with.
const GROUP_PREFIX: &str = "system:bootstrappers:";
/// What may follow the prefix.
const GROUP_REST_BYTES_MAX: usize = 256;

/// `--enable-bootstrap-token-auth`. Wrap it in [`super::AnyAudience`].
#[derive(Clone)]
pub struct BootstrapTokens {
    objects: Arc<dyn Objects>,
}

impl BootstrapTokens {
    /// By the secrets of this cluster.
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects }
    }

    fn user(&self, token: &str) -> Option<UserInfo> {
        let (id, secret_part) = split(token)?;
        let name = format!("{NAME_PREFIX}{id}");
        let secret = self.objects.get(&GroupResource::new("", "secrets"), NAMESPACE, &name)?;
        match user_of(&secret, id, secret_part) {
            Ok(user) => Some(user),
            Err(why) => {
                tracing::debug!(secret = name, why, "a bootstrap token was not taken");
                None
            }
        }
    }
}

#[async_trait]
impl TokenAuthenticator for BootstrapTokens {
    async fn authenticate_token(
        &self,
        token: &str,
        _: &[String],
    ) -> Result<Option<Authenticated>, Rejected> {
        Ok(self.user(token).map(Authenticated::new))
    }
}

impl std::fmt::Debug for BootstrapTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BootstrapTokens")
    }
}

/// `abcdef.0123456789abcdef`, in its two parts.
fn split(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.split_once('.')?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let fits = id.len() == ID_BYTES && secret.len() == SECRET_BYTES && plain(id) && plain(secret);
    fits.then_some((id, secret))
}

fn user_of(secret: &Value, id: &str, secret_part: &str) -> Result<UserInfo, &'static str> {
    let data = |key: &str| -> String {
        let encoded = secret["data"][key].as_str().unwrap_or_default();
        let bytes = STANDARD.decode(encoded).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    };
    if meta::deletion_timestamp(secret).is_some() {
        return Err("it is deleted and awaiting removal");
    }
    if secret["type"].as_str() != Some(TYPE) {
        return Err("it has an invalid type");
    }
    if !bool::from(data("token-secret").as_bytes().ct_eq(secret_part.as_bytes())) {
        return Err("it has an invalid value for key token-secret");
    }
    if data("token-id") != id {
        return Err("it has an invalid value for key token-id");
    }
    let expiration = data("expiration");
    if !expiration.is_empty() {
        match expiration.parse::<jiff::Timestamp>() {
            Ok(expiration) if expiration > runtime::clock::now() => {}
            _ => return Err("it has expired"),
        }
    }
    if data("usage-bootstrap-authentication") != "true" {
        return Err("it is not marked usage-bootstrap-authentication=true");
    }
    let mut groups = BTreeSet::from([group::BOOTSTRAPPERS.to_owned()]);
    let extra = data("auth-extra-groups");
    for name in extra.split(',').filter(|_| !extra.is_empty()) {
        if !is_group_name(name) {
            return Err("it has an invalid value for key auth-extra-groups");
        }
        groups.insert(name.to_owned());
    }
    let name = format!("{}{id}", names::BOOTSTRAP_PREFIX);
    Ok(UserInfo { name, groups: groups.into_iter().collect(), ..UserInfo::default() })
}

fn is_group_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(GROUP_PREFIX) else { return false };
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    rest.len() <= GROUP_REST_BYTES_MAX
        && rest.bytes().all(|b| alphanumeric(b) || b == b':' || b == b'-')
        && rest.bytes().last().is_some_and(alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::memory::Memory;
    use serde_json::json;

    const TOKEN: &str = "abcdef.0123456789abcdef";

    fn secret(data: &[(&str, &str)]) -> Value {
        let mut all = vec![
            ("token-id", "abcdef"),
            ("token-secret", "0123456789abcdef"),
            ("usage-bootstrap-authentication", "true"),
        ];
        all.extend(data);
        let encoded = |(key, value): &(&str, &str)| ((*key).to_owned(), STANDARD.encode(value));
        let data: std::collections::BTreeMap<String, String> = all.iter().map(encoded).collect();
        json!({
            "metadata": {"name": "bootstrap-token-abcdef", "namespace": "kube-system"},
            "type": TYPE,
            "data": data,
        })
    }

    fn user(token: &str, secret: Value) -> Option<UserInfo> {
        let cluster = Memory::default();
        cluster.put("", "secrets", secret);
        BootstrapTokens::new(Arc::new(cluster)).user(token)
    }

    #[test]
    fn a_token_is_a_bootstrapper_of_its_groups() {
        let known = user(
            TOKEN,
            secret(&[("auth-extra-groups", "system:bootstrappers:b,system:bootstrappers:a")]),
        );
        let groups = ["system:bootstrappers", "system:bootstrappers:a", "system:bootstrappers:b"];
        assert_eq!(known, Some(UserInfo::new("system:bootstrap:abcdef", &groups)));
        assert!(user(TOKEN, secret(&[("expiration", "2999-01-01T00:00:00Z")])).is_some());
    }

    #[test]
    fn anything_amiss_is_nobody() {
        for data in [
            ("token-secret", "0123456789abcdee"),
            ("token-id", "abcdeg"),
            ("expiration", "2000-01-01T00:00:00Z"),
            ("expiration", "soon"),
            ("usage-bootstrap-authentication", "True"),
            ("auth-extra-groups", "system:masters"),
            ("auth-extra-groups", "system:bootstrappers:a,"),
        ] {
            assert_eq!(user(TOKEN, secret(&[data])), None, "{data:?}");
        }
        let mut other = secret(&[]);
        other["type"] = "Opaque".into();
        assert_eq!(user(TOKEN, other), None);
        let mut going = secret(&[]);
        going["metadata"]["deletionTimestamp"] = "2020-01-01T00:00:00Z".into();
        assert_eq!(user(TOKEN, going), None);
        for token in [
            "",
            "abcdef",
            "abcdef.0123456789abcde",
            "ABCDEF.0123456789abcdef",
            "abcdef.0123456789abcdef.",
        ] {
            assert_eq!(user(token, secret(&[])), None, "{token}");
        }
    }
}
