//! Which admission plugins are on, and how they see the cluster.

mod configuration;
mod escalation;

use crate::objects::Cached;
use crate::settings::Options;
use admission::{Chain, Cluster, Setup, switched_on};
use anyhow::{Result, anyhow};
use async_trait::async_trait;
use auth::{Attributes, Authorizers, Decision, Objects, Watcher};
use cache::encode_stored;
use configuration::Configuration;
use object::{ApiError, GroupResource, Value, meta};
use registry::store_error;
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

/// The cluster as admission plugins see it.
struct View {
    objects: Arc<Cached>,
    authorizers: Authorizers,
    store: Arc<dyn Store>,
    prefix: String,
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
        let mut object = object.clone();
        meta::set(&mut object, "resourceVersion", "");
        let change = Change::Put { value: encode_stored(kind, &object)?, ttl: None };
        let outcome = self.store.commit(&key, Expect::Revision(seen), change).await;
        Ok(matches!(outcome.map_err(store_error)?, Outcome::Done(_)))
    }

    async fn decide(&self, attributes: &Attributes) -> Decision {
        self.authorizers.decide(attributes).await
    }
}
