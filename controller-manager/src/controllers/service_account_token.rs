//! serviceaccount-token-controller: fills Secrets of the type `kubernetes.io/service-account-token`
//! and deletes those whose account is gone.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/serviceaccount/tokens_controller.go`. Runs where
//! `--service-account-private-key-file` names a key. Where tokens are to lie in Secrets, as up to
//! 1.23, it makes one for each account too.

mod references;

use crate::context::Context;
use auth::authentication::service_account::jwt::sign;
use auth::authentication::service_account::{LegacyClaims, SigningKey};
use control::{Action, Change, Informer, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::{Api, Client};
use std::path::Path;
use std::sync::Arc;

/// Its name in `--controllers`.
pub(crate) const NAME: &str = "serviceaccount-token-controller";

const TYPE: &str = "kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

struct Controller {
    client: Client,
    secrets: Arc<Informer<Secret>>,
    accounts: Arc<Informer<ServiceAccount>>,
    key: SigningKey,
    root_ca: Option<String>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let Some(file) = &context.options.service_account_key else {
        match context.token_secrets {
            true => {
                tracing::warn!("no --service-account-private-key-file: there will be no tokens")
            }
            false => tracing::info!("no --service-account-private-key-file: Secrets get no tokens"),
        }
        return;
    };
    let key = match read_key(file) {
        Ok(key) => key,
        Err(error) => {
            tracing::error!(error, "Secrets get no tokens");
            return;
        }
    };
    let controller = Arc::new(Controller {
        client: context.client(),
        secrets: context.informers.of_selected::<Secret>(&format!("type={TYPE}")),
        accounts: context.informers.of::<ServiceAccount>(),
        key,
        root_ca: context.options.root_ca.clone(),
    });
    let queue = Queue::named("serviceaccount_tokens_service");
    let add = queue.clone();
    controller.secrets.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, secrets) = (queue.clone(), controller.secrets.clone());
    controller.accounts.on_change(move |change| {
        let account = change.object();
        let name = account.metadata.name.as_deref().unwrap_or_default();
        for secret in secrets.list_in(account.metadata.namespace.as_deref().unwrap_or_default()) {
            if annotation(&secret, ACCOUNT_NAME) == Some(name) {
                add.add(Key::of(&*secret));
            }
        }
    });
    let workers = context.options.concurrency.tokens;
    if context.token_secrets {
        make_tokens(&controller, workers, context);
    }
    run_workers(NAME, workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.secrets.synced().await;
            controller.accounts.synced().await;
            controller.sync(key).await
        }
    });
}

/// The key that signs tokens.
///
/// # Errors
/// One line that names the flag and the file.
pub(crate) fn read_key(file: &Path) -> Result<SigningKey, String> {
    let wrong = |why: &dyn std::fmt::Display| {
        format!("--service-account-private-key-file: {}: {why}", file.display())
    };
    let pem = std::fs::read(file).map_err(|error| wrong(&error))?;
    SigningKey::from_pem(&pem).map_err(|error| wrong(&error))
}

/// Sees to it that each account has a Secret with a token.
fn make_tokens(controller: &Arc<Controller>, workers: usize, context: &Context) {
    let queue = Queue::named("serviceaccount_tokens_service");
    let add = queue.clone();
    controller.accounts.on_change(move |change| {
        if !matches!(change, Change::Deleted(_)) {
            add.add(Key::of(&**change.object()));
        }
    });
    let controller = controller.clone();
    run_workers(NAME, workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.secrets.synced().await;
            controller.ensure(key).await
        }
    });
}

fn annotation<'a>(secret: &'a Secret, name: &str) -> Option<&'a str> {
    secret.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(secret) = self.secrets.get(&key) else { return self.forget(&key).await };
        let Some(name) = annotation(&secret, ACCOUNT_NAME) else { return Ok(Outcome::Done) };
        let Some(account) = self.account(&key.namespace, name, &secret).await? else {
            tracing::info!(secret = %key, "its service account is gone, and so is the token");
            execute(&self.client, &Action::delete(&*secret)).await?;
            return Ok(Outcome::Done);
        };
        let Some(filled) = self.filled(&secret, &account).map_err(SyncError::Other)? else {
            return Ok(Outcome::Done);
        };
        match execute(&self.client, &Action::update(&filled)).await {
            Err(error) if client::is_conflict(&error) || client::is_not_found(&error) => {
                Ok(Outcome::Done)
            }
            other => Ok(other.map(|_| Outcome::Done)?),
        }
    }

    /// The account that the Secret is for; the server is asked before it is said to be gone.
    async fn account(
        &self,
        namespace: &str,
        name: &str,
        secret: &Secret,
    ) -> Result<Option<Arc<ServiceAccount>>, SyncError> {
        let uid = annotation(secret, ACCOUNT_UID).filter(|uid| !uid.is_empty());
        let is_it = |account: &ServiceAccount| {
            uid.is_none_or(|uid| account.metadata.uid.as_deref() == Some(uid))
        };
        if let Some(account) = self.accounts.get(&Key::new(namespace, name)).filter(|a| is_it(a)) {
            return Ok(Some(account));
        }
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        Ok(api.get_opt(name).await?.filter(|account| is_it(account)).map(Arc::new))
    }

    /// The Secret with what it lacks; `None` when it lacks nothing.
    fn filled(&self, secret: &Secret, account: &ServiceAccount) -> Result<Option<Secret>, String> {
        let mut filled = secret.clone();
        let namespace = secret.metadata.namespace.clone().unwrap_or_default();
        let name = secret.metadata.name.clone().unwrap_or_default();
        let account_name = account.metadata.name.clone().unwrap_or_default();
        let uid = account.metadata.uid.clone().unwrap_or_default();
        let data = filled.data.get_or_insert_default();
        if let Some(root_ca) = &self.root_ca {
            data.insert("ca.crt".into(), ByteString(root_ca.clone().into_bytes()));
        }
        let holds = |data: &std::collections::BTreeMap<String, ByteString>, name: &str| {
            data.get(name).is_some_and(|value| !value.0.is_empty())
        };
        if !holds(data, "namespace") {
            data.insert("namespace".into(), ByteString(namespace.clone().into_bytes()));
        }
        if !holds(data, "token") {
            let claims = LegacyClaims::new(&namespace, &name, &account_name, &uid);
            let token = sign(&self.key, &claims)?;
            data.insert("token".into(), ByteString(token.into_bytes()));
        }
        let annotations = filled.metadata.annotations.get_or_insert_default();
        annotations.insert(ACCOUNT_NAME.into(), account_name);
        annotations.insert(ACCOUNT_UID.into(), uid);
        Ok((filled != *secret).then_some(filled))
    }
}
