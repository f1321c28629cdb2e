//! endpointslice-mirroring-controller: slices for Endpoints that somebody writes by hand.
//!
//! A Service without a selector has the endpoints that people give it; who reads slices sees them
//! by these mirrors. Mirrors `k8s.io/kubernetes/pkg/controller/endpointslicemirroring`, but for
//! its own slower backoff.

mod plan;

use super::slices;
use crate::context::Context;
use control::{
    Action, Change, EventType, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError,
    run_workers,
};
use k8s_openapi::api::core::v1::{Endpoints, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Client;
use plan::{MANAGER, plan};
use std::sync::Arc;
use std::time::Duration;

const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

struct Controller {
    client: Client,
    services: Arc<Informer<Service>>,
    endpoints: Arc<Informer<Endpoints>>,
    slices: Arc<Informer<EndpointSlice>>,
    expectations: Expectations,
    recorder: Recorder,
    per_subset: usize,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        services: context.informers.of::<Service>(),
        endpoints: context.informers.of::<Endpoints>(),
        slices: context.informers.of::<EndpointSlice>(),
        expectations: Expectations::default(),
        recorder: context.recorder_as("endpoint-slice-mirroring-controller"),
        per_subset: context.options.mirrored_per_subset,
    });
    let queue = Queue::named("endpoint_slice_mirroring");
    watch(&controller, &queue, context.options.batching.mirrored_endpoints);
    let workers = context.options.concurrency.mirrored_endpoints;
    let name = "endpointslice-mirroring-controller";
    run_workers(name, workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.services.synced().await;
            controller.endpoints.synced().await;
            controller.slices.synced().await;
            controller.sync(key).await
        }
    });
}

fn watch(controller: &Controller, queue: &Queue<Key>, period: Duration) {
    let add = queue.clone();
    controller.services.on_change(move |change| {
        let matters = match change {
            Change::Updated(old, new) => has_selector(old) != has_selector(new),
            _ => !has_selector(change.object()),
        };
        if matters {
            add.add(Key::of(&**change.object()));
        }
    });
    let add = queue.clone();
    controller.endpoints.on_change(move |change| {
        let was = matches!(change, Change::Updated(old, _) if is_mirrored(old));
        if was || is_mirrored(change.object()) {
            add.add_after(Key::of(&**change.object()), period);
        }
    });
    let add = queue.clone();
    controller.slices.on_change(move |change| {
        let (now, before) = match change {
            Change::Updated(old, new) => (service_of(new), service_of(old)),
            _ => (service_of(change.object()), None),
        };
        now.into_iter().chain(before).for_each(|key| add.add(key));
    });
}

/// Whether somebody else makes its endpoints. An empty selector is one, too.
fn has_selector(service: &Service) -> bool {
    service.spec.as_ref().is_some_and(|spec| spec.selector.is_some())
}

/// Whether it is meant to be mirrored: not told otherwise, and no lock of old.
fn is_mirrored(endpoints: &Endpoints) -> bool {
    let meta = &endpoints.metadata;
    let skips = meta.labels.as_ref().and_then(|labels| labels.get(SKIP));
    let is_lock = meta.annotations.as_ref().is_some_and(|all| all.contains_key(LEADER));
    skips.is_none_or(|value| value != "true") && !is_lock
}

/// The Service that this slice mirrors, where it is one of ours.
fn service_of(slice: &EndpointSlice) -> Option<Key> {
    slices::service_of(slice, MANAGER)
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        if !self.expectations.are_met(&key, &self.slices) {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let mut slices = self.slices.list_in(&key.namespace);
        slices.retain(|slice| service_of(slice).as_ref() == Some(&key));
        let endpoints = self.endpoints.get(&key).filter(|endpoints| is_mirrored(endpoints));
        let service = self.services.get(&key).filter(|service| !has_selector(service));
        let (Some(endpoints), Some(_)) = (endpoints, service) else {
            for slice in &slices {
                self.execute(&key, &Action::delete(&**slice)).await?;
            }
            return Ok(Outcome::Done);
        };
        let plan = plan(&endpoints, &slices, self.per_subset);
        if plan.invalid > 0 {
            let message = format!(
                "Skipped {} invalid IP addresses when mirroring to EndpointSlices",
                plan.invalid
            );
            self.recorder.tell(&*endpoints, EventType::Warning, "InvalidIPAddress", message);
        }
        if plan.skipped > plan.invalid {
            let message = format!(
                "A max of {} addresses can be mirrored to EndpointSlices per Endpoints subset. {} \
                 addresses were skipped",
                self.per_subset, plan.skipped
            );
            let reason = "TooManyAddressesToMirror";
            self.recorder.tell(&*endpoints, EventType::Warning, reason, message);
        }
        for action in &plan.actions {
            self.execute(&key, action).await?;
        }
        Ok(Outcome::Done)
    }

    async fn execute(&self, key: &Key, action: &Action) -> Result<(), SyncError> {
        Ok(slices::write(&self.client, &self.expectations, &self.slices, key, action).await?)
    }
}
