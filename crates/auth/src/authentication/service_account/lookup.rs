//! Whether what a token names is still there, and the same. Mirrors the validators in
//! `pkg/serviceaccount/{claims,legacy}.go` of `k8s.io/kubernetes`.

use super::claims::{BoundClaims, LegacyClaims, Reference, subject};
use crate::authentication::Rejected;
use crate::limits::CLOCK_LEEWAY_SECONDS;
use crate::user::CREDENTIAL_ID_KEY;
use crate::{Objects, UserInfo, group};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use object::{GroupResource, Value, meta};
use std::sync::Arc;
use subtle::ConstantTimeEq;

const POD_NAME_KEY: &str = "authentication.kubernetes.io/pod-name";
const POD_UID_KEY: &str = "authentication.kubernetes.io/pod-uid";
const NODE_NAME_KEY: &str = "authentication.kubernetes.io/node-name";
const NODE_UID_KEY: &str = "authentication.kubernetes.io/node-uid";

/// Set on a Secret whose token is not to be taken any more.
const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

const INVALIDATED: &str = "service account token has been invalidated";

/// Who a bound token is, as long as everything that it is bound to is there.
pub(super) fn bound(
    claims: &BoundClaims,
    objects: &dyn Objects,
    now: Timestamp,
) -> Result<UserInfo, Rejected> {
    let kubernetes = &claims.kubernetes;
    let (namespace, account) = (&kubernetes.namespace, &kubernetes.service_account);
    let found = get(objects, "serviceaccounts", namespace, &account.name)
        .ok_or_else(|| Rejected(format!("serviceaccounts {:?} not found", account.name)))?;
    let uid = meta::uid(&found);
    if uid != account.uid {
        return Err(Rejected(format!(
            "service account UID ({uid}) does not match claim ({})",
            account.uid
        )));
    }
    if is_gone(&found, now) {
        let name = &account.name;
        return Err(Rejected(format!("service account {namespace}/{name} has been deleted")));
    }
    let check = |kind: &str, resource: &'static str, namespace: &str, held: &Reference| {
        let found = get(objects, resource, namespace, &held.name)
            .ok_or_else(|| Rejected::new(INVALIDATED))?;
        let uid = meta::uid(&found);
        if uid != held.uid {
            return Err(Rejected(format!(
                "{kind} UID ({uid}) does not match service account {} ref claim ({})",
                kind.to_ascii_lowercase(),
                held.uid
            )));
        }
        if is_gone(&found, now) {
            return Err(Rejected::new(INVALIDATED));
        }
        Ok(())
    };
    if let Some(secret) = &kubernetes.secret {
        check("secret", "secrets", namespace, secret)?;
    }
    match (&kubernetes.pod, &kubernetes.node) {
        // A pod's node is only told of; the token ends with the pod.
        (Some(pod), _) => check("pod", "pods", namespace, pod)?,
        (None, Some(node)) => check("node", "nodes", "", node)?,
        (None, None) => {}
    }
    Ok(user(claims))
}

fn user(claims: &BoundClaims) -> UserInfo {
    let kubernetes = &claims.kubernetes;
    let account = &kubernetes.service_account;
    let mut user = account_user(&kubernetes.namespace, &account.name, &account.uid);
    let mut tell = |key: &str, value: &str| {
        user.extra.insert(key.to_owned(), vec![value.to_owned()]);
    };
    if let Some(pod) = &kubernetes.pod
        && !pod.name.is_empty()
        && !pod.uid.is_empty()
    {
        tell(POD_NAME_KEY, &pod.name);
        tell(POD_UID_KEY, &pod.uid);
    }
    if !claims.id().is_empty() {
        tell(CREDENTIAL_ID_KEY, &format!("JTI={}", claims.id()));
    }
    if let Some(node) = &kubernetes.node
        && !node.name.is_empty()
    {
        tell(NODE_NAME_KEY, &node.name);
        if !node.uid.is_empty() {
            tell(NODE_UID_KEY, &node.uid);
        }
    }
    user
}

/// Who a token in a Secret is, as long as the Secret still holds it.
pub(super) fn legacy(
    token: &str,
    claims: &LegacyClaims,
    objects: Option<&dyn Objects>,
) -> Result<UserInfo, Rejected> {
    let (namespace, account) = (&claims.namespace, &claims.account);
    for (name, value) in [
        ("sub", &claims.public.subject),
        ("namespace", namespace),
        ("secretName", &claims.secret),
        ("serviceAccountName", account),
        ("serviceAccountUID", &claims.account_uid),
    ] {
        if value.is_empty() {
            return Err(Rejected(format!("{name} claim is missing")));
        }
    }
    if claims.public.subject != subject(namespace, account) {
        return Err(Rejected::new("sub claim is invalid"));
    }
    if let Some(objects) = objects {
        check_secret(token, claims, objects)?;
    }
    Ok(account_user(namespace, account, &claims.account_uid))
}

fn check_secret(token: &str, claims: &LegacyClaims, objects: &dyn Objects) -> Result<(), Rejected> {
    let (namespace, account) = (&claims.namespace, &claims.account);
    let secret = get(objects, "secrets", namespace, &claims.secret)
        .filter(|secret| meta::deletion_timestamp(secret).is_none())
        .ok_or_else(|| Rejected::new("Token has been invalidated"))?;
    let held = STANDARD.decode(secret["data"]["token"].as_str().unwrap_or_default());
    if !bool::from(held.unwrap_or_default().ct_eq(token.as_bytes())) {
        return Err(Rejected::new("Token does not match server's copy"));
    }
    let found = get(objects, "serviceaccounts", namespace, account)
        .ok_or_else(|| Rejected(format!("serviceaccounts {account:?} not found")))?;
    if meta::deletion_timestamp(&found).is_some() {
        return Err(Rejected(format!("ServiceAccount {namespace}/{account} has been deleted")));
    }
    if meta::uid(&found) != claims.account_uid {
        let (uid, claim) = (meta::uid(&found), &claims.account_uid);
        return Err(Rejected(format!("ServiceAccount UID ({uid}) does not match claim ({claim})")));
    }
    if meta::labels(&secret).any(|(key, value)| key == INVALID_SINCE && !value.is_empty()) {
        let name = &claims.secret;
        return Err(Rejected(format!(
            "the token in secret {namespace}/{name} for service account {namespace}/{account} has \
             been marked invalid. Use tokens from the TokenRequest API or manually created \
             secret-based tokens, or remove the '{INVALID_SINCE}' label from the secret to \
             temporarily allow use of this token"
        )));
    }
    Ok(())
}

fn account_user(namespace: &str, name: &str, uid: &str) -> UserInfo {
    let own = format!("{}:{namespace}", group::SERVICE_ACCOUNTS);
    let user = UserInfo::new(subject(namespace, name), &[group::SERVICE_ACCOUNTS, &own]);
    UserInfo { uid: uid.to_owned(), ..user }
}

fn get(
    objects: &dyn Objects,
    resource: &'static str,
    namespace: &str,
    name: &str,
) -> Option<Arc<Value>> {
    objects.get(&GroupResource::new("", resource), namespace, name)
}

/// Whether it was deleted long enough ago that no clock's leeway excuses it.
fn is_gone(object: &Value, now: Timestamp) -> bool {
    let Some(deleted) = meta::deletion_timestamp(object) else { return false };
    match deleted.parse::<Timestamp>() {
        Ok(deleted) => deleted.as_second() < now.as_second() - CLOCK_LEEWAY_SECONDS,
        Err(_) => true,
    }
}
