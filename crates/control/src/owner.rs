//! Who owns what: controller references, and the claiming of orphans by selector.
//!
//! Mirrors `controller_ref_manager.go` of `k8s.io/kubernetes/pkg/controller`: an owner adopts
//! what matches its selector and has no controller, lets go what it owns and no longer matches,
//! and leaves alone what others own or what is being deleted.

use crate::Action;
use crate::selector::Matcher;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Resource;
use serde_json::{Value, json};
use std::sync::Arc;

/// The reference with which `owner` controls an object; it blocks the owner's deletion.
pub fn controller_ref<K: Resource<DynamicType = ()>>(owner: &K) -> OwnerReference {
    let meta = owner.meta();
    OwnerReference {
        api_version: K::api_version(&()).into_owned(),
        kind: K::kind(&()).into_owned(),
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The reference of the controlling owner of `object`.
pub fn controller_of<K: Resource>(object: &K) -> Option<&OwnerReference> {
    let owners = object.meta().owner_references.as_deref().unwrap_or_default();
    owners.iter().find(|owner| owner.controller == Some(true))
}

/// Whether `owner` controls `object`.
pub fn is_controlled_by<O: Resource, K: Resource>(object: &K, owner: &O) -> bool {
    controller_of(object).is_some_and(|found| Some(&found.uid) == owner.meta().uid.as_ref())
}

/// What a claim found.
#[derive(Debug)]
pub struct Claims<K> {
    /// The owner's objects, those about to be adopted not among them.
    pub owned: Vec<Arc<K>>,
    /// Orphans to adopt and objects to let go.
    pub actions: Vec<Action>,
}

/// Sorts `objects` (of the owner's namespace) by whether `owner` has them, should adopt them, or
/// should let them go.
pub fn claim<O, K>(owner: &O, matcher: &Matcher, objects: Vec<Arc<K>>) -> Claims<K>
where
    O: Resource<DynamicType = ()>,
    K: Resource<DynamicType = ()>,
{
    claim_with(owner, matcher, objects, None)
}

/// The same; what is adopted gets `finalizer`, and what is let go loses it.
pub fn claim_with<O, K>(
    owner: &O,
    matcher: &Matcher,
    objects: Vec<Arc<K>>,
    finalizer: Option<&str>,
) -> Claims<K>
where
    O: Resource<DynamicType = ()>,
    K: Resource<DynamicType = ()>,
{
    let is_ending = owner.meta().deletion_timestamp.is_some();
    let mut claims = Claims { owned: Vec::new(), actions: Vec::new() };
    for object in objects {
        let matches = matcher.matches(object.meta().labels.as_ref());
        match controller_of(&*object) {
            Some(found) if Some(&found.uid) != owner.meta().uid.as_ref() => {}
            Some(_) if matches => claims.owned.push(object),
            Some(_) if is_ending => {}
            Some(_) => {
                let body = release(owner.meta(), object.meta(), finalizer);
                claims.actions.push(Action::patch_strategic(&*object, body));
            }
            None if matches && !is_ending && object.meta().deletion_timestamp.is_none() => {
                let body = adoption(&controller_ref(owner), object.meta(), finalizer);
                claims.actions.push(Action::patch_strategic(&*object, body));
            }
            None => {}
        }
    }
    claims
}

fn adoption(reference: &OwnerReference, meta: &ObjectMeta, finalizer: Option<&str>) -> Value {
    let mut body = json!({"metadata": {"ownerReferences": [reference], "uid": meta.uid}});
    if let Some(finalizer) = finalizer {
        body["metadata"]["finalizers"] = json!([finalizer]);
    }
    body
}

fn release(owner: &ObjectMeta, meta: &ObjectMeta, finalizer: Option<&str>) -> Value {
    let mut body = json!({"metadata": {
        "ownerReferences": [{"$patch": "delete", "uid": owner.uid}],
        "uid": meta.uid,
    }});
    if let Some(finalizer) = finalizer {
        body["metadata"]["$deleteFromPrimitiveList/finalizers"] = json!([finalizer]);
    }
    body
}
