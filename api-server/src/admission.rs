//! Which admission plugins are on, and how they see the cluster.

mod configuration;
mod escalation;

use crate::objects::Cached;
use crate::settings::Options;
use admission::{Chain, Cluster, Setup, switched_on};
use anyhow::{Result, anyhow};
use async_trait::async_trait;
use auth::{Attributes, Authorizers, Decision, Objects, Watcher};
use cache::{Item, encode_stored};
use configuration::Configuration;
use kinds::Kind;
use object::{ApiError, GroupResource, GroupVersion, Value, meta};
use patch::apply::Endpoint;
use registry::store_error;
use schema::builtin;
use std::sync::Arc;
use store::{Change, Expect, Outcome, Store};

/// The chain for these options.
pub(crate) fn chain(
    options: &Options,
    objects: Arc<Cached>,
    authorizers: &Authorizers,
    store: Arc<dyn Store>,
) -> Result<Chain> {
    let told = Configuration::load(options.admission_control_config_file.as_deref())
        .map_err(|why| anyhow!(why))?;
    let gate = escalation::Gate::new(&objects, authorizers.clone());
    let prefix = options.etcd_prefix.trim_end_matches('/').to_owned();
    let view = View { objects, authorizers: authorizers.clone(), store, prefix };
    let setup = Setup {
        cluster: Arc::new(view),
        not_ready_seconds: options.not_ready_seconds,
        unreachable_seconds: options.unreachable_seconds,
        pod_security: told.pod_security,
        bound_tokens: options.identity.signing_key_file.is_some(),
    };
    let (on, off) = (&options.enable_admission, &options.disable_admission);
    switched_on(&setup, on, off, vec![Box::new(gate)]).map_err(|why| anyhow!(why))
}

/// Who upstream says writes what admission itself changes.
const MANAGER: &str = "kube-apiserver";

/// Keeps who owns which fields of a status that admission changes: plugins may not have seen it.
fn own_fields(kind: &'static Kind, live: &Value, object: &mut Value) {
    let owners = live["metadata"]["managedFields"].clone();
    if owners.is_null() {
        meta::of(object).remove("managedFields");
        return;
    }
    meta::of(object).insert("managedFields".into(), owners);
    let Some(version) = live["apiVersion"].as_str().and_then(GroupVersion::parse) else { return };
    let gvk = kind.gvk(&version.version);
    if let Some(mut endpoint) = Endpoint::new(builtin(), &gvk) {
        endpoint.subresource = "status";
        endpoint.update(Some(live), object, MANAGER, &object::time::print(runtime::clock::now()));
    }
}

/// The cluster as admission plugins see it.
struct View {
    objects: Arc<Cached>,
    authorizers: Authorizers,
    store: Arc<dyn Store>,
    prefix: String,
}

impl View {
    /// What is stored in the place of `object`, if it is of this revision: the cache has it, unless
    /// it is behind.
    async fn stored_at(
        &self,
        kind: &'static Kind,
        object: &Value,
        key: &str,
        revision: i64,
    ) -> object::Result<Option<Arc<Item>>> {
        let shelf = self.objects.0.shelf(kind);
        let cached = shelf.map(|shelf| shelf.get(meta::namespace(object), meta::name(object)));
        if let Some(item) = cached.transpose()?.flatten().filter(|item| item.revision == revision) {
            return Ok(Some(item));
        }
        let (stored, _) = self.store.get(key).await.map_err(store_error)?;
        let stored = stored.map(|entry| Item::read(kind, &entry)).transpose()?;
        Ok(stored.filter(|item| item.revision == revision).map(Arc::new))
    }
}

impl Objects for View {
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.objects.get(resource, namespace, name)
    }

    fn list(&self, resource: &GroupResource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        self.objects.list(resource, namespace)
    }

    fn watch(&self, resource: &GroupResource, watcher: Watcher) {
        self.objects.watch(resource, watcher);
    }
}

#[async_trait]
impl Cluster for View {
    async fn newest(
        &self,
        resource: &GroupResource,
        namespace: &str,
        name: &str,
    ) -> object::Result<Option<Arc<Value>>> {
        self.objects.newest(resource, namespace, name).await
    }

    async fn swap_status(&self, resource: &GroupResource, object: &Value) -> object::Result<bool> {
        let mut all = kinds::all().iter().copied();
        let kind = all.find(|kind| kind.group_resource() == *resource);
        let (kind, place) = kind
            .and_then(|kind| Some((kind, kind.storage.as_ref()?)))
            .ok_or_else(ApiError::no_such_resource)?;
        let name = match meta::namespace(object) {
            "" => meta::name(object).to_owned(),
            namespace => format!("{namespace}/{}", meta::name(object)),
        };
        let key = format!("{}/{}/{name}", self.prefix, place.key);
        let seen: i64 = meta::resource_version(object).parse().map_err(ApiError::internal)?;
        let Some(live) = self.stored_at(kind, object, &key, seen).await? else { return Ok(false) };
        let mut object = object.clone();
        own_fields(kind, &live.stored_value()?, &mut object);
        meta::set(&mut object, "resourceVersion", "");
        let change = Change::Put { value: encode_stored(kind, &object)?, ttl: None };
        let outcome = self.store.commit(&key, Expect::Revision(seen), change).await;
        Ok(matches!(outcome.map_err(store_error)?, Outcome::Done(_)))
    }

    async fn decide(&self, attributes: &Attributes) -> Decision {
        self.authorizers.decide(attributes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn who_owns_a_status_is_kept_and_added_to() {
        let kind = kinds::find("", "v1", "resourcequotas").expect("a row");
        let quota = |used: &str, owners: Value| {
            json!({"apiVersion": "v1", "kind": "ResourceQuota",
                "metadata": {"name": "q", "namespace": "ns", "managedFields": owners},
                "status": {"hard": {"pods": "2"}, "used": {"pods": used}}})
        };
        let owners = json!([{"manager": "m", "operation": "Update", "apiVersion": "v1",
            "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:status": {"f:used": {"f:pods": {}}}}}]);
        let live = quota("0", owners);
        let mut charged = quota("1", Value::Null);
        own_fields(kind, &live, &mut charged);
        let owners = &charged["metadata"]["managedFields"];
        let names: Vec<&Value> =
            owners.as_array().into_iter().flatten().map(|owner| &owner["manager"]).collect();
        assert_eq!(names, [MANAGER], "{owners}");
        assert_eq!(owners[0]["fieldsV1"], json!({"f:status": {"f:used": {"f:pods": {}}}}));
        assert_eq!(owners[0]["subresource"], "status");
    }
}
