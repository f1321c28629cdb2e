//! Taking in orphans and letting go of what no longer fits: what [`control::owner`] planned, done
//! for an owner that is still there.
//!
//! Mirrors `RecheckDeletionTimestamp` of `k8s.io/kubernetes/pkg/controller`.

use control::{Action, Informed, Key, SyncError, execute};
use kube::Client;
use serde_json::Value;

/// Executes `actions` for `owner`, and gives back what the server answered. That an object is gone
/// meanwhile is no failure.
///
/// # Errors
/// One for an owner that is being deleted, or that another has replaced; else the server's answer.
pub(super) async fn adopt_and_release<K: Informed>(
    client: &Client,
    owner: &K,
    actions: &[Action],
) -> Result<Vec<Option<Value>>, SyncError> {
    // An owner that is about to go must not take orphans with it: ask the server itself.
    let fresh = client.request::<K>(get_request(owner)?).await?;
    if fresh.meta().uid != owner.meta().uid || fresh.meta().deletion_timestamp.is_some() {
        let key = Key::of(owner);
        return Err(SyncError::Other(format!("{key} is being replaced or deleted")));
    }
    let mut answers = Vec::new();
    for action in actions {
        match execute(client, action).await {
            Ok(answer) => answers.push(answer),
            Err(error) if client::is_not_found(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(answers)
}

fn get_request<K: Informed>(owner: &K) -> Result<http::Request<Vec<u8>>, kube::Error> {
    let path = K::url_path(&(), owner.meta().namespace.as_deref());
    let name = owner.meta().name.as_deref().unwrap_or_default();
    http::Request::get(format!("{path}/{name}")).body(Vec::new()).map_err(kube::Error::HttpError)
}
