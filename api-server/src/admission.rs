//! Which admission plugins are on, and how they see the cluster.

mod escalation;

use crate::settings::Options;
use crate::objects::Cached;
use admission::{Chain, Cluster, Setup, switched_on};
use anyhow::{Result, anyhow};
use async_trait::async_trait;
use auth::{Attributes, Authorizers, Decision, Objects, Watcher};
use object::{GroupResource, Value};
use std::sync::Arc;

/// The chain for these options.
pub(crate) fn chain(
    options: &Options,
    objects: Arc<Cached>,
    authorizers: &Authorizers,
) -> Result<Chain> {
    let gate = escalation::Gate::new(&*objects, authorizers.clone());
    let view = View { objects, authorizers: authorizers.clone() };
    let setup = Setup {
        cluster: Arc::new(view),
        not_ready_seconds: options.not_ready_seconds,
        unreachable_seconds: options.unreachable_seconds,
    };
    let (on, off) = (&options.enable_admission, &options.disable_admission);
    switched_on(&setup, on, off, vec![Box::new(gate)]).map_err(|why| anyhow!(why))
}

/// The cluster as admission plugins see it.
struct View {
    objects: Arc<Cached>,
    authorizers: Authorizers,
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

    async fn decide(&self, attributes: &Attributes) -> Decision {
        self.authorizers.decide(attributes).await
    }
}
