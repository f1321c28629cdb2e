//! horizontal-pod-autoscaler-controller: as many replicas as metrics ask for.
//!
//! Each autoscaler is looked at once in a period, however often it changes. Mirrors
//! `k8s.io/kubernetes/pkg/controller/podautoscaler`, with its feature gates as they are by
//! default: a target at zero is left alone.

mod bounds;
mod judge;
mod memory;
mod metrics;
mod requests;
mod status;
mod usage;

use crate::context::Context;
use crate::scale::{self, Mappings, ScaleError};
use bounds::{Answer, Question, normalize};
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    run_workers,
};
use judge::{Failure, Judge};
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, MetricStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::SignedDuration;
use kube::Client;
use memory::Memory;
use object::Selector;
use runtime::clock;
use status::{finish, set};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use usage::{Patience, Tolerance};

/// How often a scale that somebody else writes meanwhile is written again.
const ATTEMPTS: usize = 5;

/// What the flags say.
#[derive(Clone, Copy, Debug)]
struct Settings {
    period: Duration,
    down_window: SignedDuration,
    tolerance: f64,
    patience: Patience,
}

struct Controller {
    client: Client,
    autoscalers: Arc<Informer<HorizontalPodAutoscaler>>,
    pods: Arc<Informer<Pod>>,
    recorder: Recorder,
    settings: Settings,
    mappings: Mappings,
    memories: Mutex<HashMap<Key, Memory>>,
    /// By which labels the pods of each autoscaler are found, since it was last looked at.
    selectors: Mutex<HashMap<Key, Selector>>,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let options = &context.options.autoscaler;
    let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    let settings = Settings {
        period: options.sync_period,
        down_window: signed(options.downscale_stabilization),
        tolerance: options.tolerance,
        patience: Patience {
            initialization: signed(options.cpu_initialization_period),
            readiness: signed(options.initial_readiness_delay),
        },
    };
    let controller = Arc::new(Controller {
        client: context.client(),
        autoscalers: context.informers.of::<HorizontalPodAutoscaler>(),
        pods: context.informers.of::<Pod>(),
        recorder: context.recorder(),
        settings,
        mappings: Mappings::default(),
        memories: Mutex::default(),
        selectors: Mutex::default(),
    });
    let queue = Queue::named("horizontalpodautoscaler");
    let (add, own) = (queue.clone(), controller.clone());
    controller.autoscalers.on_change(move |change| {
        let key = Key::of(&**change.object());
        if matches!(change, Change::Deleted(_)) {
            own.selectors().remove(&key);
        }
        add.add_after(key, settings.period);
    });
    let name = "horizontal-pod-autoscaler-controller";
    let workers = context.options.concurrency.autoscalers;
    run_workers(name, workers, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.autoscalers.synced().await;
            controller.pods.synced().await;
            let Some(autoscaler) = controller.autoscalers.get(&key) else {
                controller.memories().remove(&key);
                return Ok(Outcome::Done);
            };
            if let Err(error) = controller.sync(&key, &autoscaler).await {
                tracing::warn!(%key, %error, "autoscaling failed");
            }
            Ok(Outcome::Again(settings.period))
        }
    });
}

/// What metrics ask for.
struct Wanted {
    replicas: i32,
    /// The metric that asks for most.
    by: String,
    statuses: Vec<MetricStatus>,
    /// Of the metrics that can't be judged, where others can.
    error: Option<String>,
}

impl Controller {
    async fn sync(&self, key: &Key, autoscaler: &HorizontalPodAutoscaler) -> Result<(), SyncError> {
        let mut new = autoscaler.clone();
        let target = &autoscaler.spec.scale_target_ref;
        let reference = format!("{}/{}/{}", target.kind, key.namespace, target.name);
        let (path, scale) = match self.scale(key, autoscaler).await {
            Ok(found) => found,
            Err(error) => {
                let said = error.to_string();
                self.warn(autoscaler, "FailedGetScale", &said);
                let message = format!(
                    "the HPA controller was unable to get the target's current scale: {said}"
                );
                set(&mut new, "AbleToScale", false, "FailedGetScale", &message);
                self.write(autoscaler, &new).await?;
                let what = format!("failed to query scale subresource for {reference}: {said}");
                return Err(SyncError::Other(what));
            }
        };
        let got = "the HPA controller was able to get the target's current scale";
        set(&mut new, "AbleToScale", true, "SucceededGetScale", got);
        let current = scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        let (min, max) = (autoscaler.spec.min_replicas.unwrap_or(1), autoscaler.spec.max_replicas);
        let now = clock::now();
        self.memories().entry(key.clone()).or_default().begin(current, now);

        let (mut statuses, mut failed) = (Vec::new(), None);
        let (desired, reason) = if current == 0 {
            let off = "scaling is disabled since the replica count of the target is zero";
            set(&mut new, "ScalingActive", false, "ScalingDisabled", off);
            status::remove(&mut new, "ScaledToZero");
            (0, String::new())
        } else if current > max {
            (max, "Current number of replicas above Spec.MaxReplicas".to_owned())
        } else if current < min {
            (min, "Current number of replicas below Spec.MinReplicas".to_owned())
        } else {
            let wanted = match self.wanted(key, &mut new, &scale).await {
                Ok(wanted) => wanted,
                Err((error, statuses)) => {
                    let desired = new.status.as_ref().map_or(0, |status| status.desired_replicas);
                    finish(&mut new, current, desired, statuses, None);
                    self.write(autoscaler, &new).await?;
                    self.warn(autoscaler, "FailedComputeMetricsReplicas", &error);
                    return Err(SyncError::Other(format!(
                        "failed to compute desired number of replicas based on listed metrics for \
                         {reference}: {error}"
                    )));
                }
            };
            (statuses, failed) = (wanted.statuses, wanted.error);
            let recommended = wanted.replicas.max(0);
            let reason = match recommended.cmp(&current) {
                std::cmp::Ordering::Greater => format!("{} above target", wanted.by),
                std::cmp::Ordering::Less => "All metrics below target".to_owned(),
                std::cmp::Ordering::Equal => String::new(),
            };
            let behavior = autoscaler.spec.behavior.as_ref();
            let down_window = self.settings.down_window;
            let question = Question { current, recommended, min, max, behavior, down_window, now };
            let answer = self.normalize(key, &question);
            set(&mut new, "AbleToScale", true, answer.able.0, answer.able.1);
            let (is_limited, words) = answer.limited;
            set(&mut new, "ScalingLimited", is_limited, words.0, words.1);
            (answer.replicas, reason)
        };

        let mut scaled_at = None;
        if desired != current {
            if let Err(error) = self.rescale(&path, scale, desired).await {
                let error = client::message(&error);
                let message = format!("New size: {desired}; reason: {reason}; error: {error}");
                self.warn(autoscaler, "FailedRescale", &message);
                let message =
                    format!("the HPA controller was unable to update the target scale: {error}");
                set(&mut new, "AbleToScale", false, "FailedUpdateScale", &message);
                let desired = new.status.as_ref().map_or(0, |status| status.desired_replicas);
                finish(&mut new, current, desired, statuses, None);
                self.write(autoscaler, &new).await?;
                return Err(SyncError::Other(format!("failed to rescale {reference}: {error}")));
            }
            let message =
                format!("the HPA controller was able to update the target scale to {desired}");
            set(&mut new, "AbleToScale", true, "SucceededRescale", &message);
            let message = format!("New size: {desired}; reason: {reason}");
            self.recorder.tell(autoscaler, EventType::Normal, "SuccessfulRescale", message);
            self.remember(key, autoscaler, current, desired);
            status::remove(&mut new, "ScaledToZero");
            scaled_at = Some(clock::now());
        }
        finish(&mut new, current, desired, statuses, scaled_at);
        self.write(autoscaler, &new).await?;
        failed.map_or(Ok(()), |error| Err(SyncError::Other(error)))
    }

    fn normalize(&self, key: &Key, question: &Question<'_>) -> Answer {
        normalize(question, self.memories().entry(key.clone()).or_default())
    }

    /// Where the target's scale is, and what it says.
    async fn scale(
        &self,
        key: &Key,
        autoscaler: &HorizontalPodAutoscaler,
    ) -> Result<(String, Scale), ScaleError> {
        let target = &autoscaler.spec.scale_target_ref;
        let version = target.api_version.as_deref().unwrap_or("v1");
        let mapping = self.mappings.find(&self.client, version, &target.kind).await?;
        let path = mapping.path(&key.namespace, &target.name);
        match scale::read(&self.client, &path).await {
            Ok(scale) => Ok((path, scale)),
            Err(error) => {
                self.mappings.forget(version, &target.kind);
                Err(error.into())
            }
        }
    }

    async fn rescale(&self, path: &str, mut scale: Scale, desired: i32) -> Result<(), kube::Error> {
        for attempt in 1.. {
            scale.spec.get_or_insert_default().replicas = Some(desired);
            let body = serde_json::to_value(&scale).map_err(kube::Error::SerdeError)?;
            let action = Action::Update { path: path.to_owned(), body };
            match execute(&self.client, &action).await {
                Err(error) if client::is_conflict(&error) && attempt < ATTEMPTS => {
                    scale = scale::read(&self.client, path).await?;
                }
                other => return other.map(drop),
            }
        }
        Ok(())
    }

    /// What the metrics of an autoscaler want, the greatest of all; what is said of them goes into
    /// its conditions. The error comes with the statuses of those that could be judged.
    async fn wanted(
        &self,
        key: &Key,
        new: &mut HorizontalPodAutoscaler,
        scale: &Scale,
    ) -> Result<Wanted, (String, Vec<MetricStatus>)> {
        let asked = scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        let has = scale.status.as_ref().map_or(0, |status| status.replicas);
        let text = scale.status.as_ref().and_then(|status| status.selector.clone());
        let text = text.unwrap_or_default();
        let pods = self.select(key, new, &text).map_err(|error| (error, Vec::new()))?;
        let judge = Judge {
            client: &self.client,
            mappings: &self.mappings,
            namespace: &key.namespace,
            pods: &pods,
            selector: &text,
            asked,
            has,
            tolerance: self.tolerance(new),
            patience: self.settings.patience,
            now: clock::now(),
        };
        let specs = new.spec.metrics.clone().unwrap_or_default();
        let (mut replicas, mut by) = (0, String::new());
        let (mut statuses, mut failures) = (Vec::with_capacity(specs.len()), Vec::new());
        for spec in &specs {
            match judge.judge(spec).await {
                Ok(verdict) => {
                    if replicas == 0 || verdict.replicas > replicas {
                        (replicas, by) = (verdict.replicas, verdict.name);
                    }
                    statuses.push(verdict.status);
                }
                Err(failure) => {
                    self.warn(new, failure.reason, &failure.inner);
                    // Upstream, too, says of it that it is there, and nothing more.
                    statuses.push(MetricStatus::default());
                    failures.push(failure);
                }
            }
        }
        let (all, bad) = (specs.len(), failures.len());
        let error = failures.first().map(|Failure { outer, .. }| {
            format!("invalid metrics ({bad} invalid out of {all}), first error is: {outer}")
        });
        if let Some(first) = failures.first()
            && (bad >= all || replicas < asked)
        {
            let message =
                format!("the HPA was unable to compute the replica count: {}", first.inner);
            set(new, "ScalingActive", false, first.reason, &message);
            return Err((error.unwrap_or_default(), statuses));
        }
        let message =
            format!("the HPA was able to successfully calculate a replica count from {by}");
        set(new, "ScalingActive", true, "ValidMetricFound", &message);
        Ok(Wanted { replicas, by, statuses, error })
    }

    /// The pods of the target, where no other autoscaler has them, too.
    fn select(
        &self,
        key: &Key,
        new: &mut HorizontalPodAutoscaler,
        text: &str,
    ) -> Result<Vec<Arc<Pod>>, String> {
        let mut refuse = |event: &str, reason: &str, error: String, message: String| {
            self.warn(new, event, &error);
            set(new, "ScalingActive", false, reason, &message);
            Err(error)
        };
        if text.is_empty() {
            let message = "the HPA target's scale is missing a selector".to_owned();
            let error = "selector is required".to_owned();
            return refuse("SelectorRequired", "InvalidSelector", error, message);
        }
        let selector = match Selector::parse(text) {
            Ok(selector) => selector,
            Err(error) => {
                let error = format!(
                    "couldn't convert selector into a corresponding internal selector object: {error}"
                );
                return refuse("InvalidSelector", "InvalidSelector", error.clone(), error);
            }
        };
        let is_of = |selector: &Selector, pod: &Pod| {
            let labels = pod.metadata.labels.as_ref();
            selector.matches(|label| labels.and_then(|all| all.get(label)).map(String::as_str))
        };
        let mut pods = self.pods.list_in(&key.namespace);
        pods.retain(|pod| is_of(&selector, pod));
        let mut selectors = self.selectors();
        selectors.insert(key.clone(), selector);
        let mut rivals: Vec<String> = selectors
            .iter()
            .filter(|(rival, _)| rival.namespace == key.namespace)
            .filter(|(_, selector)| pods.iter().any(|pod| is_of(selector, pod)))
            .map(|(rival, _)| rival.to_string())
            .collect();
        drop(selectors);
        if rivals.len() > 1 {
            rivals.sort();
            let rivals = rivals.join(" ");
            let error =
                format!("pods by selector {text} are controlled by multiple HPAs: [{rivals}]");
            return refuse("AmbiguousSelector", "AmbiguousSelector", error.clone(), error);
        }
        Ok(pods)
    }

    fn tolerance(&self, autoscaler: &HorizontalPodAutoscaler) -> Tolerance {
        let behavior = autoscaler.spec.behavior.as_ref();
        let own = |rules: Option<&k8s_openapi::api::autoscaling::v2::HPAScalingRules>| {
            let text = &rules?.tolerance.as_ref()?.0;
            object::quantity::Quantity::parse(text).ok().map(|quantity| quantity.as_f64())
        };
        let default = self.settings.tolerance;
        Tolerance {
            down: own(behavior.and_then(|b| b.scale_down.as_ref())).unwrap_or(default),
            up: own(behavior.and_then(|b| b.scale_up.as_ref())).unwrap_or(default),
        }
    }

    fn remember(&self, key: &Key, autoscaler: &HorizontalPodAutoscaler, before: i32, after: i32) {
        let Some(behavior) = &autoscaler.spec.behavior else { return };
        let rules = if after > before { &behavior.scale_up } else { &behavior.scale_down };
        let mut memories = self.memories();
        let memory = memories.entry(key.clone()).or_default();
        memory.scaled(before, after, rules.as_ref(), clock::now());
    }

    async fn write(
        &self,
        old: &HorizontalPodAutoscaler,
        new: &HorizontalPodAutoscaler,
    ) -> Result<(), SyncError> {
        if old.status == new.status {
            return Ok(());
        }
        if let Err(error) = execute(&self.client, &Action::update_status(new)).await {
            let message = client::message(&error);
            self.warn(old, "FailedUpdateStatus", &message);
            let name = old.metadata.name.as_deref().unwrap_or_default();
            return Err(SyncError::Other(format!("failed to update status for {name}: {message}")));
        }
        Ok(())
    }

    fn warn(&self, autoscaler: &HorizontalPodAutoscaler, reason: &str, message: &str) {
        self.recorder.tell(autoscaler, EventType::Warning, reason, message);
    }

    fn memories(&self) -> MutexGuard<'_, HashMap<Key, Memory>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn selectors(&self) -> MutexGuard<'_, HashMap<Key, Selector>> {
        self.selectors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
