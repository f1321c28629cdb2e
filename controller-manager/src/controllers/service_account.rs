//! serviceaccount-controller: every active namespace has the service account `default`.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/serviceaccount/serviceaccounts_controller.go`.

use crate::context::Context;
use control::{Action, Change, Informer, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

const NAME: &str = "default";

/// Starts it.
pub(crate) fn start(context: &Context) {
    let namespaces = context.informers.of::<Namespace>();
    let accounts = context.informers.of::<ServiceAccount>();
    let queue = Queue::named("serviceaccount");
    let add = queue.clone();
    namespaces.on_change(move |change| {
        if !matches!(change, Change::Deleted(_)) {
            add.add(Key::of(&**change.object()));
        }
    });
    let add = queue.clone();
    accounts.on_change(move |change| {
        let gone = matches!(change, Change::Deleted(_));
        let key = Key::of(&**change.object());
        if gone && key.name == NAME {
            add.add(Key::new("", key.namespace));
        }
    });
    let client = context.client();
    run_workers("serviceaccount-controller", 1, queue, &context.shutdown, move |key: Key| {
        let (namespaces, accounts) = (namespaces.clone(), accounts.clone());
        let client = client.clone();
        async move {
            accounts.synced().await;
            if let Some(action) = plan(&namespaces, &accounts, &key)
                && let Err(error) = execute(&client, &action).await
                && !client::is_refused_by_ending(&error)
            {
                return Err(SyncError::Api(error));
            }
            Ok(Outcome::Done)
        }
    });
}

pub(crate) fn is_active(namespace: &Namespace) -> bool {
    namespace.metadata.deletion_timestamp.is_none()
        && namespace.status.as_ref().and_then(|status| status.phase.as_deref())
            != Some("Terminating")
}

fn plan(
    namespaces: &Informer<Namespace>,
    accounts: &Informer<ServiceAccount>,
    key: &Key,
) -> Option<Action> {
    let namespace = namespaces.get(key).filter(|namespace| is_active(namespace))?;
    let name = namespace.metadata.name.clone()?;
    if accounts.get(&Key::new(name.as_str(), NAME)).is_some() {
        return None;
    }
    Some(Action::create(&ServiceAccount {
        metadata: ObjectMeta {
            name: Some(NAME.into()),
            namespace: Some(name),
            ..ObjectMeta::default()
        },
        ..ServiceAccount::default()
    }))
}
