//! A finalizer that holds an object for as long as it is used: what the protection controllers do
//! with one.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/volume/protectionutil`.

use control::{Action, Outcome, SyncError, execute};
use kube::{Client, Resource};
use serde::Serialize;

/// Whether `object` is being deleted and only waits for `finalizer` among others.
pub(super) fn is_waiting<K: Resource>(object: &K, finalizer: &str) -> bool {
    object.meta().deletion_timestamp.is_some() && has(object, finalizer)
}

/// Whether `object` should have `finalizer` and hasn't: it is older than the rule.
pub(super) fn is_bare<K: Resource>(object: &K, finalizer: &str) -> bool {
    object.meta().deletion_timestamp.is_none() && !has(object, finalizer)
}

/// The object as it should be, where that is another: with `finalizer`, or without it once nobody
/// uses what is being deleted.
pub(super) fn plan<K: Resource + Clone>(
    object: &K,
    finalizer: &str,
    is_used: impl FnOnce() -> bool,
) -> Option<K> {
    let mut changed = object.clone();
    let finalizers = changed.meta_mut().finalizers.get_or_insert_default();
    if is_waiting(object, finalizer) && !is_used() {
        finalizers.retain(|own| own != finalizer);
    } else if is_bare(object, finalizer) {
        finalizers.push(finalizer.into());
    } else {
        return None;
    }
    Some(changed)
}

/// Writes what was planned; an object that is gone needs it no more.
pub(super) async fn write<K>(client: &Client, changed: Option<K>) -> Result<Outcome, SyncError>
where
    K: Resource<DynamicType = ()> + Serialize,
{
    let Some(changed) = changed else { return Ok(Outcome::Done) };
    match execute(client, &Action::update(&changed)).await {
        Err(error) if !client::is_not_found(&error) => Err(error.into()),
        _ => Ok(Outcome::Done),
    }
}

fn has<K: Resource>(object: &K, finalizer: &str) -> bool {
    object.meta().finalizers.iter().flatten().any(|own| own == finalizer)
}
