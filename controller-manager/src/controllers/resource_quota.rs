//! resourcequota-controller: how much of its quotas a namespace uses.
//!
//! Admission charges what is made; this controller counts what is there, so that what goes is given
//! back. Pods, services and claims are counted from informers, at once; other objects by asking
//! for their number, every few seconds where a quota limits them. Mirrors
//! `k8s.io/kubernetes/pkg/controller/resourcequota` and `pkg/quota/v1`.

mod usage;

use crate::context::Context;
use crate::discovery::{Resource, discover};
use control::{
    Action, Change, Informer, Key, Outcome, Queue, SyncError, execute, pods, run_workers,
};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, Pod, ResourceQuota, ResourceQuotaStatus, Service,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::Client;
use runtime::clock;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use usage::{Things, counted_resource, used};

/// Between two looks at objects that no informer holds.
const COUNT_PERIOD: Duration = Duration::from_secs(10);

const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

struct Controller {
    client: Client,
    quotas: Arc<Informer<ResourceQuota>>,
    pods: Arc<Informer<Pod>>,
    services: Arc<Informer<Service>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    period: Duration,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        quotas: context.informers.of::<ResourceQuota>(),
        pods: context.informers.of::<Pod>(),
        services: context.informers.of::<Service>(),
        claims: context.informers.of::<PersistentVolumeClaim>(),
        period: context.options.quota_sync_period,
    });
    let queue = Queue::named("resourcequota_primary");
    watch(&controller, &queue);
    let workers = context.options.concurrency.quotas;
    run_workers("resourcequota-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.quotas.synced().await;
            controller.pods.synced().await;
            controller.services.synced().await;
            controller.claims.synced().await;
            controller.sync(key).await
        }
    });
}

fn watch(controller: &Controller, queue: &Queue<Key>) {
    let add = queue.clone();
    controller.quotas.on_change(move |change| {
        let is_only_status = matches!(change, Change::Updated(old, new) if old.spec == new.spec);
        if !is_only_status {
            add.add(Key::of(&**change.object()));
        }
    });
    let all = |queue: &Queue<Key>, quotas: &Informer<ResourceQuota>, namespace: &str| {
        quotas.list_in(namespace).iter().for_each(|quota| queue.add(Key::of(&**quota)));
    };
    let (add, quotas) = (queue.clone(), controller.quotas.clone());
    controller.pods.on_change(move |change| {
        let ended = match change {
            Change::Updated(old, new) => pods::is_finished(old) != pods::is_finished(new),
            Change::Added(_) | Change::Deleted(_) => true,
        };
        if ended {
            let namespace = change.object().metadata.namespace.as_deref().unwrap_or_default();
            all(&add, &quotas, namespace);
        }
    });
    let (add, quotas) = (queue.clone(), controller.quotas.clone());
    controller.services.on_change(move |change| {
        all(&add, &quotas, change.object().metadata.namespace.as_deref().unwrap_or_default());
    });
    let (add, quotas) = (queue.clone(), controller.quotas.clone());
    controller.claims.on_change(move |change| {
        all(&add, &quotas, change.object().metadata.namespace.as_deref().unwrap_or_default());
    });
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(quota) = self.quotas.get(&key) else { return Ok(Outcome::Done) };
        let hard = quota.spec.as_ref().and_then(|spec| spec.hard.clone()).unwrap_or_default();
        let counts = self.counts(&key.namespace, &hard).await?;
        let things = Things {
            pods: self.pods.list_in(&key.namespace),
            services: self.services.list_in(&key.namespace),
            claims: self.claims.list_in(&key.namespace),
            counts: &counts,
            now: clock::now(),
        };
        let used = used(&quota, &hard, &things);
        let status = ResourceQuotaStatus { hard: Some(hard.clone()), used: Some(used) };
        if quota.status.as_ref() != Some(&status) {
            let answered = ResourceQuota { status: Some(status), ..(*quota).clone() };
            match execute(&self.client, &Action::update_status(&answered)).await {
                Err(error) if client::is_not_found(&error) => return Ok(Outcome::Done),
                other => drop(other?),
            }
        }
        let is_counted = hard.keys().any(|name| counted_resource(name).is_some());
        Ok(Outcome::Again(if is_counted { COUNT_PERIOD.min(self.period) } else { self.period }))
    }

    /// How many objects there are of each resource that is limited and held by no informer.
    async fn counts(
        &self,
        namespace: &str,
        hard: &BTreeMap<String, Quantity>,
    ) -> Result<BTreeMap<String, i64>, SyncError> {
        let wanted: Vec<(&String, &str)> =
            hard.keys().filter_map(|name| Some((name, counted_resource(name)?))).collect();
        let mut counts = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(counts);
        }
        let found = discover(&self.client).await?;
        for (name, resource) in wanted {
            let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
            let is_it = |known: &&Resource| {
                known.plural == plural && known.group == group && known.namespaced
            };
            if let Some(resource) = found.resources.iter().find(is_it) {
                let path = resource.path(Some(namespace));
                counts.insert(name.clone(), self.count(&path).await?);
            }
        }
        Ok(counts)
    }

    async fn count(&self, path: &str) -> Result<i64, SyncError> {
        // One item is enough: the server says how many more there are.
        let request = http::Request::get(format!("{path}?limit=1"))
            .header(http::header::ACCEPT, METADATA_LIST)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        let list: Value = self.client.request(request).await?;
        let here = list["items"].as_array().map_or(0, Vec::len);
        let more = list["metadata"]["remainingItemCount"].as_i64().unwrap_or(0);
        Ok(i64::try_from(here).unwrap_or(i64::MAX) + more)
    }
}
