//! disruption-controller: how many pods of a PodDisruptionBudget may go at the moment.
//!
//! The eviction subresource takes its answer from the status written here. Mirrors
//! `k8s.io/kubernetes/pkg/controller/disruption`, the reset of stale `DisruptionTarget`
//! conditions included.

mod plan;
mod scales;
mod stale;

use super::selector_text;
use crate::context::Context;
use control::selector::Matcher;
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    run_workers,
};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Client;
use plan::{Expected, failed, plan};
use runtime::clock;
use scales::Scales;
use std::sync::Arc;

/// Upstream works on one budget at a time.
const WORKERS: usize = 1;

struct Controller {
    client: Client,
    budgets: Arc<Informer<PodDisruptionBudget>>,
    pods: Arc<Informer<Pod>>,
    scales: Scales,
    recorder: Recorder,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        budgets: context.informers.of::<PodDisruptionBudget>(),
        pods: context.informers.of::<Pod>(),
        scales: Scales::new(context),
        recorder: context.recorder_as("controllermanager"),
    });
    let queue = Queue::named("disruption");
    watch(&controller, &queue);
    stale::start(context, &controller.pods);
    run_workers("disruption-controller", WORKERS, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.budgets.synced().await;
            controller.pods.synced().await;
            controller.scales.synced().await;
            controller.sync(key).await
        }
    });
}

fn watch(controller: &Arc<Controller>, queue: &Queue<Key>) {
    let add = queue.clone();
    controller.budgets.on_change(move |change| add.add(Key::of(&**change.object())));
    let (add, own) = (queue.clone(), controller.clone());
    controller.pods.on_change(move |change| {
        // Upstream looks at the new labels only: a pod that leaves is noticed at the next change.
        if let Change::Updated(old, new) = change
            && old.metadata.labels != new.metadata.labels
        {
            own.budgets_of(old).iter().for_each(|budget| add.add(Key::of(&**budget)));
        }
        let pod = change.object();
        let budgets = own.budgets_of(pod);
        let Some(first) = budgets.first() else { return };
        if budgets.len() > 1 {
            own.tell_of_many(pod, first);
        }
        budgets.iter().for_each(|budget| add.add(Key::of(&**budget)));
    });
}

impl Controller {
    fn budgets_of(&self, pod: &Pod) -> Vec<Arc<PodDisruptionBudget>> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let mut budgets = self.budgets.list_in(namespace);
        budgets.retain(|budget| {
            let matcher = matcher(budget);
            matcher.is_ok_and(|matcher| {
                matcher.is_some_and(|matcher| matcher.matches(pod.metadata.labels.as_ref()))
            })
        });
        budgets
    }

    fn tell_of_many(&self, pod: &Pod, chosen: &PodDisruptionBudget) {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let message = format!(
            "Pod {:?}/{:?} matches multiple PodDisruptionBudgets.  Chose {:?} arbitrarily.",
            name(&pod.metadata.namespace),
            name(&pod.metadata.name),
            name(&chosen.metadata.name)
        );
        let reason = "MultiplePodDisruptionBudgets";
        self.recorder.tell(pod, EventType::Warning, reason, message);
    }

    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(budget) = self.budgets.get(&key) else { return Ok(Outcome::Done) };
        match self.try_sync(&budget).await {
            Err(SyncError::Api(error)) if client::is_conflict(&error) => Err(SyncError::Api(error)),
            Err(error) => {
                tracing::warn!(%key, %error, "a budget can't be counted");
                if let Some(failed) = failed(&budget, &error.to_string(), clock::now()) {
                    execute(&self.client, &Action::update_status(&failed)).await?;
                }
                Ok(Outcome::Done)
            }
            done => done,
        }
    }

    async fn try_sync(&self, budget: &PodDisruptionBudget) -> Result<Outcome, SyncError> {
        let tell = |kind, reason: &str, message: String| {
            self.recorder.tell(budget, kind, reason, message);
        };
        let pods = match self.pods_of(budget) {
            Ok(pods) => pods,
            Err(error) => {
                let message = format!("Failed to get pods: {error}");
                tell(EventType::Warning, "NoPods", message);
                return Err(SyncError::Other(error));
            }
        };
        if pods.is_empty() {
            tell(EventType::Normal, "NoPods", "No matching pods found".into());
        }
        let expected = match self.expected(budget, &pods).await {
            Ok(expected) => expected,
            Err(error) => {
                let message = format!("Failed to calculate the number of expected pods: {error}");
                tell(EventType::Warning, "CalculateExpectedPodCountFailed", message);
                return Err(error);
            }
        };
        if expected.has_unmanaged {
            let message = format!(
                "Pods selected by this PodDisruptionBudget (selector: {}) were found to be \
                 unmanaged. As a result, the status of the PDB cannot be calculated correctly, \
                 which may result in undefined behavior. To account for these pods please set \
                 \".spec.minAvailable\" field of the PDB to an integer value.",
                selector_text::print(budget.spec.as_ref().and_then(|spec| spec.selector.as_ref()))
            );
            tell(EventType::Warning, "UnmanagedPods", message);
        }
        let plan = plan(budget, &pods, &expected, clock::now());
        for pod in &plan.not_deleted {
            // Upstream prints the namespace twice, and so do we.
            let namespace = budget.metadata.namespace.as_deref().unwrap_or_default();
            let message = format!(
                "Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
            );
            self.recorder.tell(&**pod, EventType::Warning, "NotDeleted", message);
        }
        if let Some(budget) = &plan.budget {
            execute(&self.client, &Action::update_status(budget)).await?;
        }
        Ok(plan.look_again.map_or(Outcome::Done, Outcome::Again))
    }

    fn pods_of(&self, budget: &PodDisruptionBudget) -> Result<Vec<Arc<Pod>>, String> {
        let Some(matcher) = matcher(budget)? else { return Ok(Vec::new()) };
        let namespace = budget.metadata.namespace.as_deref().unwrap_or_default();
        let mut pods = self.pods.list_in(namespace);
        pods.retain(|pod| matcher.matches(pod.metadata.labels.as_ref()));
        Ok(pods)
    }

    async fn expected(
        &self,
        budget: &PodDisruptionBudget,
        pods: &[Arc<Pod>],
    ) -> Result<Expected, SyncError> {
        if !plan::needs_scale(budget) {
            return Ok(Expected::counted(budget, pods));
        }
        let total = self.scales.total(pods).await?;
        Ok(Expected::scaled(budget, total.pods, total.has_unmanaged))
    }
}

/// The budget's selector; no selector at all selects nothing.
fn matcher(budget: &PodDisruptionBudget) -> Result<Option<Matcher>, String> {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    selector.map(Matcher::new).transpose()
}
