//! endpointslice-controller: a Service's endpoints, in slices of limited size.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/endpointslice` and `k8s.io/endpointslice`. Hints are
//! those of `trafficDistribution`: those of the annotation `topology-mode` are not written.

mod plan;

use super::backends::{self, is_managed, selects};
use super::slices;
use super::trigger_time::TriggerTimes;
use crate::context::Context;
use control::{
    Action, Change, EventType, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError,
    run_workers,
};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use plan::{MANAGER, Place, Snapshot, left_out, plan};
use std::sync::Arc;

struct Controller {
    client: Client,
    services: Arc<Informer<Service>>,
    pods: Arc<Informer<Pod>>,
    nodes: Arc<Informer<Node>>,
    slices: Arc<Informer<EndpointSlice>>,
    expectations: Expectations,
    times: TriggerTimes,
    recorder: Recorder,
    per_slice: usize,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        services: context.informers.of::<Service>(),
        pods: context.informers.of::<Pod>(),
        nodes: context.informers.of::<Node>(),
        slices: context.informers.of::<EndpointSlice>(),
        expectations: Expectations::default(),
        times: TriggerTimes::default(),
        recorder: context.recorder(),
        per_slice: context.options.endpoints_per_slice,
    });
    let queue = Queue::named("endpoint_slice");
    let period = context.options.batching.endpoint_slices;
    backends::watch(&controller.services, &controller.pods, &queue, period);
    let add = queue.clone();
    controller.slices.on_change(move |change| {
        let same = |old: &EndpointSlice, new: &EndpointSlice| {
            old.endpoints == new.endpoints
                && old.ports == new.ports
                && old.metadata.labels == new.metadata.labels
        };
        if matches!(change, Change::Updated(old, new) if same(old, new)) {
            return;
        }
        if let Some(key) = service_of(change.object()) {
            add.add(key);
        }
    });
    let workers = context.options.concurrency.endpoint_slices;
    run_workers("endpointslice-controller", workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.services.synced().await;
            controller.pods.synced().await;
            controller.nodes.synced().await;
            controller.slices.synced().await;
            controller.sync(key).await
        }
    });
}

/// The Service whose slice this is, where it is one of ours.
fn service_of(slice: &EndpointSlice) -> Option<Key> {
    slices::service_of(slice, MANAGER)
}

impl Controller {
    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(service) = self.services.get(&key) else {
            // Its slices go by their owner reference.
            self.expectations.forget(&key);
            self.times.forget(&key);
            return Ok(Outcome::Done);
        };
        if !self.expectations.are_met(&key, &self.slices) {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let mut slices = self.slices.list_in(&key.namespace);
        slices.retain(|slice| {
            service_of(slice).as_ref() == Some(&key) && slice.metadata.deletion_timestamp.is_none()
        });
        let mut pods = Vec::new();
        if is_managed(&service) {
            pods = self.pods.list_in(&key.namespace);
            pods.retain(|pod| selects(&service, pod));
        } else if backends::spec(&service).selector.is_none()
            && backends::spec(&service).type_.as_deref() != Some("ExternalName")
        {
            return Ok(Outcome::Done);
        }
        let changed_at = self.times.look(&key, &service, &pods);
        let (actions, left_out) = self.plan(&service, &pods, &slices, changed_at);
        for action in actions {
            self.execute(&key, &service, &action).await?;
        }
        match left_out {
            Some(why) => {
                self.tell_of_failure(&key, &service, &why);
                Err(SyncError::Other(why))
            }
            None => Ok(Outcome::Done),
        }
    }

    /// What to write, and which pod is left out though it serves.
    fn plan(
        &self,
        service: &Service,
        pods: &[Arc<Pod>],
        slices: &[Arc<EndpointSlice>],
        changed_at: Option<Timestamp>,
    ) -> (Vec<Action>, Option<String>) {
        let place = |node: &str| {
            let node = self.nodes.get(&Key::new("", node))?;
            let labels = node.metadata.labels.as_ref();
            let zone = labels.and_then(|all| all.get("topology.kubernetes.io/zone")).cloned();
            Some(Place { zone })
        };
        let per_slice = self.per_slice;
        let snapshot = Snapshot { service, pods, slices, place: &place, per_slice, changed_at };
        (plan(&snapshot), left_out(&snapshot))
    }

    fn tell_of_failure(&self, key: &Key, service: &Service, why: &str) {
        let message = format!("Error updating Endpoint Slices for Service {key}: {why}");
        let reason = "FailedToUpdateEndpointSlices";
        self.recorder.tell(service, EventType::Warning, reason, message);
    }

    async fn execute(
        &self,
        key: &Key,
        service: &Service,
        action: &Action,
    ) -> Result<(), SyncError> {
        let written =
            slices::write(&self.client, &self.expectations, &self.slices, key, action).await;
        if let Err(error) = &written
            && !client::is_conflict(error)
        {
            self.tell_of_failure(key, service, &client::message(error));
        }
        Ok(written?)
    }
}
