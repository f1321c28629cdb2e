//! The Secrets that service accounts name in `.secrets`: one with a token is made for each account
//! that has none, and one that is gone is taken off the list.
//!
//! Mirrors `ensureReferencedToken` (up to 1.23) and `removeSecretReference` of
//! `k8s.io/kubernetes/pkg/controller/serviceaccount/tokens_controller.go`. Every decision is made on
//! what the server says at that moment; a Secret that was made just before a crash is found again.

use super::{ACCOUNT_NAME, ACCOUNT_UID, Controller, TYPE, annotation};
use control::{Action, Key, Outcome, SyncError, execute};
use k8s_openapi::api::core::v1::{ObjectReference, Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::ListParams;
use std::collections::BTreeMap;

/// The longest part of a name that stands before the letters that make it the only one, as
/// upstream has it: 63 without those five.
const NAME_BASE_CHARS_MAX: usize = 58;
const NAME_SUFFIX_CHARS: usize = 5;

impl Controller {
    /// Sees that the account names a Secret with its token.
    pub(super) async fn ensure(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(account) = self.accounts.get(&key) else { return Ok(Outcome::Done) };
        let known = self.secrets.list_in(&key.namespace);
        if has_token(&account, known.iter().map(|secret| &**secret)) || is_ending(&account) {
            return Ok(Outcome::Done);
        }
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &key.namespace);
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &key.namespace);
        let Some(account) = accounts.get_opt(&key.name).await? else { return Ok(Outcome::Done) };
        let there = secrets.list(&ListParams::default().fields(&format!("type={TYPE}"))).await?;
        if has_token(&account, &there.items) || is_ending(&account) {
            return Ok(Outcome::Done);
        }
        let left_over = there.items.iter().find(|secret| is_made_for(secret, &account));
        let name = match left_over {
            Some(secret) => secret.metadata.name.clone().unwrap_or_default(),
            None => match self.make(&account).await? {
                Some(name) => name,
                None => return Ok(Outcome::Done),
            },
        };
        tracing::info!(account = %key, secret = %name, "the account names its token");
        let mut naming = account;
        let reference = ObjectReference { name: Some(name), ..ObjectReference::default() };
        naming.secrets.get_or_insert_default().push(reference);
        execute(&self.client, &Action::update(&naming)).await?;
        Ok(Outcome::Done)
    }

    /// Makes a Secret with a token; its name, or `None` where the namespace ends.
    async fn make(&self, account: &ServiceAccount) -> Result<Option<String>, SyncError> {
        let name = format!("{}{}", name_base(account), runtime::entropy::name_suffix());
        let empty = Secret {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: account.metadata.namespace.clone(),
                annotations: Some(BTreeMap::from([
                    (ACCOUNT_NAME.into(), account.metadata.name.clone().unwrap_or_default()),
                    (ACCOUNT_UID.into(), account.metadata.uid.clone().unwrap_or_default()),
                ])),
                ..ObjectMeta::default()
            },
            type_: Some(TYPE.into()),
            ..Secret::default()
        };
        let filled = self.filled(&empty, account).map_err(SyncError::Other)?.unwrap_or(empty);
        let secrets: Api<Secret> = Api::namespaced(
            self.client.clone(),
            &account.metadata.namespace.clone().unwrap_or_default(),
        );
        match secrets.create(&Default::default(), &filled).await {
            Err(error) if client::is_refused_by_ending(&error) => Ok(None),
            other => Ok(other.map(|_| Some(name))?),
        }
    }

    /// Takes a Secret that is gone off the lists of its namespace's accounts.
    pub(super) async fn forget(&self, key: &Key) -> Result<Outcome, SyncError> {
        let naming: Vec<_> = self
            .accounts
            .list_in(&key.namespace)
            .into_iter()
            .filter(|account| names(account, &key.name))
            .collect();
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &key.namespace);
        if naming.is_empty() || secrets.get_opt(&key.name).await?.is_some() {
            return Ok(Outcome::Done);
        }
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &key.namespace);
        for account in naming {
            let name = account.metadata.name.as_deref().unwrap_or_default();
            let Some(mut account) = accounts.get_opt(name).await? else { continue };
            if !names(&account, &key.name) {
                continue;
            }
            let rest = |secret: &ObjectReference| secret.name.as_deref() != Some(&key.name);
            account.secrets.get_or_insert_default().retain(rest);
            match execute(&self.client, &Action::update(&account)).await {
                Err(error) if !client::is_not_found(&error) => return Err(error.into()),
                _ => tracing::info!(account = %name, secret = %key, "the account's token is gone"),
            }
        }
        Ok(Outcome::Done)
    }
}

fn is_ending(account: &ServiceAccount) -> bool {
    account.metadata.deletion_timestamp.is_some()
}

fn names(account: &ServiceAccount, secret: &str) -> bool {
    account.secrets.iter().flatten().any(|named| named.name.as_deref() == Some(secret))
}

/// Whether one of these Secrets is the account's, and the account names it.
fn has_token<'a>(account: &ServiceAccount, secrets: impl IntoIterator<Item = &'a Secret>) -> bool {
    secrets.into_iter().any(|secret| {
        is_of(secret, account)
            && names(account, secret.metadata.name.as_deref().unwrap_or_default())
    })
}

fn is_of(secret: &Secret, account: &ServiceAccount) -> bool {
    secret.metadata.deletion_timestamp.is_none()
        && annotation(secret, ACCOUNT_NAME) == account.metadata.name.as_deref()
        && annotation(secret, ACCOUNT_UID) == account.metadata.uid.as_deref()
}

/// Whether it is one that was made here.
fn is_made_for(secret: &Secret, account: &ServiceAccount) -> bool {
    let name = secret.metadata.name.as_deref().unwrap_or_default();
    let suffix = name.strip_prefix(&name_base(account));
    is_of(secret, account) && suffix.is_some_and(|suffix| suffix.len() == NAME_SUFFIX_CHARS)
}

fn name_base(account: &ServiceAccount) -> String {
    let name = account.metadata.name.as_deref().unwrap_or_default();
    format!("{name}-token-").chars().take(NAME_BASE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn account(secrets: Value) -> ServiceAccount {
        let metadata = json!({"name": "web", "namespace": "ns", "uid": "u1"});
        from_value(json!({"metadata": metadata, "secrets": secrets})).expect("an account")
    }

    fn secret(name: &str, uid: &str) -> Secret {
        let annotations = json!({ACCOUNT_NAME: "web", ACCOUNT_UID: uid});
        from_value(json!({"metadata": {"name": name, "annotations": annotations}})).expect("one")
    }

    #[test]
    fn only_a_secret_that_is_the_accounts_and_that_it_names_counts() {
        let there = [secret("web-token-older", "u0"), secret("web-token-newer", "u1")];
        for (named, has) in [
            (json!([]), false),
            (json!([{"name": "web-token-older"}]), false),
            (json!([{"name": "web-dockercfg"}, {"name": "web-token-newer"}]), true),
            (Value::Null, false),
        ] {
            assert_eq!(has_token(&account(named.clone()), &there), has, "{named}");
        }
    }

    #[test]
    fn what_was_made_before_a_crash_is_known_again() {
        for (secret, is) in [
            (secret("web-token-abcde", "u1"), true),
            (secret("web-token-abcde", "u0"), false),
            (secret("web-token-by-hand", "u1"), false),
            (secret("mine", "u1"), false),
        ] {
            assert_eq!(is_made_for(&secret, &account(json!([]))), is, "{secret:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_as_upstream_cuts_it() {
        let mut account = account(json!([]));
        account.metadata.name = Some("a".repeat(70));
        assert_eq!(name_base(&account), "a".repeat(58));
    }
}
