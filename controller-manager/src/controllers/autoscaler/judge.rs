//! One metric of an autoscaler: asked for, judged, and said of in its status.
//!
//! Mirrors `computeReplicasForMetric` and `computeStatusFor...` of
//! `k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go`, word for word in what it says.

use super::super::selector_text::{print, query};
use super::metrics;
use super::requests::{milli, requests};
use super::usage::{Patience, Proposal, Scene, Target, Tolerance, by_ratio, of_pods, per_pod};
use crate::scale::Mappings;
use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, CrossVersionObjectReference, ExternalMetricSource,
    ExternalMetricStatus, MetricIdentifier, MetricSpec, MetricStatus, MetricTarget,
    MetricValueStatus, ObjectMetricSource, ObjectMetricStatus, PodsMetricSource, PodsMetricStatus,
    ResourceMetricStatus,
};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use object::quantity::{Format, Quantity as Amount};
use std::sync::Arc;

/// What is known when metrics are judged.
pub(super) struct Judge<'a> {
    pub(super) client: &'a Client,
    pub(super) mappings: &'a Mappings,
    pub(super) namespace: &'a str,
    /// The pods of the target, and the selector that they were found by.
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) selector: &'a str,
    /// The replicas that the target asks for, and those that it has.
    pub(super) asked: i32,
    pub(super) has: i32,
    pub(super) tolerance: Tolerance,
    pub(super) patience: Patience,
    pub(super) now: Timestamp,
}

/// What a metric asks for.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) replicas: i32,
    /// How people are told of the metric.
    pub(super) name: String,
    pub(super) status: MetricStatus,
}

/// Why a metric can't be judged.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    /// For the event and the condition.
    pub(super) inner: String,
    /// For the autoscaler as a whole.
    pub(super) outer: String,
}

impl Judge<'_> {
    /// Judges `spec`.
    pub(super) async fn judge(&self, spec: &MetricSpec) -> Result<Verdict, Failure> {
        match (&spec.object, &spec.pods, &spec.resource, &spec.container_resource, &spec.external) {
            (Some(object), ..) if spec.type_ == "Object" => self.object(object).await,
            (_, Some(pods), ..) if spec.type_ == "Pods" => self.custom_of_pods(pods).await,
            (_, _, Some(own), ..) if spec.type_ == "Resource" => {
                let judged = self.resource(&own.name, "", &own.target).await;
                let (replicas, name, current) = judged.map_err(|inner| Failure {
                    reason: "FailedGetResourceMetric",
                    outer: format!("failed to get {} resource metric value: {inner}", own.name),
                    inner,
                })?;
                let resource = Some(ResourceMetricStatus { name: own.name.clone(), current });
                let status = MetricStatus { resource, ..typed("Resource") };
                Ok(Verdict { replicas, name, status })
            }
            (_, _, _, Some(own), _) if spec.type_ == "ContainerResource" => {
                let judged = self.resource(&own.name, &own.container, &own.target).await;
                let container = &own.container;
                let (replicas, name, current) = judged.map_err(|inner| Failure {
                    reason: "FailedGetContainerResourceMetric",
                    outer: format!("failed to get {container} container metric value: {inner}"),
                    inner,
                })?;
                let container_resource = Some(ContainerResourceMetricStatus {
                    name: own.name.clone(),
                    container: container.clone(),
                    current,
                });
                let status = MetricStatus { container_resource, ..typed("ContainerResource") };
                Ok(Verdict { replicas, name, status })
            }
            (.., Some(external)) if spec.type_ == "External" => self.external(external).await,
            _ => {
                let inner = format!("unknown metric source type {:?}", spec.type_);
                let outer = inner.clone();
                Err(Failure { reason: "InvalidMetricSourceType", inner, outer })
            }
        }
    }

    fn scene(&self, is_cpu: bool) -> Scene<'_> {
        Scene {
            current: self.asked,
            pods: self.pods,
            is_cpu,
            tolerance: self.tolerance,
            patience: self.patience,
            now: self.now,
        }
    }

    async fn resource(
        &self,
        resource: &str,
        container: &str,
        target: &MetricTarget,
    ) -> Result<(i32, String, MetricValueStatus), String> {
        let (client, namespace) = (self.client, self.namespace);
        let samples = || async {
            metrics::resource(client, namespace, self.selector, resource, container)
                .await
                .map_err(|error| format!("unable to get metrics for resource {resource}: {error}"))
        };
        let scene = self.scene(resource == "cpu");
        if let Some(average) = &target.average_value {
            let failed = |error: String| format!("failed to get {resource} usage: {error}");
            let target = Target::Average(milli(average));
            let judged = of_pods(&scene, samples().await.map_err(failed)?, target);
            let Proposal { replicas, average, .. } = judged.map_err(failed)?;
            let current = MetricValueStatus {
                average_value: Some(amount(resource, average)),
                ..MetricValueStatus::default()
            };
            return Ok((replicas, format!("{resource} resource"), current));
        }
        let Some(percent) = target.average_utilization else {
            return Err(
                "invalid resource metric source: neither an average utilization target nor \
                        an average value (usage) target was set"
                    .into(),
            );
        };
        let failed = |error: String| format!("failed to get {resource} utilization: {error}");
        let samples = samples().await.map_err(failed)?;
        // Without pods or samples that is what is wrong, whatever they request.
        let requests = requests(self.pods, container, resource);
        let known = requests.clone().unwrap_or_default();
        let judged = of_pods(&scene, samples, Target::Utilization(percent, &known));
        let is_of_requests = judged.is_ok() || judged_by_requests(&judged);
        if let (Err(error), true) = (requests, is_of_requests) {
            return Err(failed(error));
        }
        let Proposal { replicas, utilization, average } = judged.map_err(failed)?;
        let current = MetricValueStatus {
            average_utilization: Some(utilization),
            average_value: Some(amount(resource, average)),
            ..MetricValueStatus::default()
        };
        let what = if container.is_empty() { "resource" } else { "container resource" };
        Ok((replicas, format!("{resource} {what} utilization (percentage of request)"), current))
    }

    async fn custom_of_pods(&self, source: &PodsMetricSource) -> Result<Verdict, Failure> {
        let metric = &source.metric;
        let judged = async {
            let selector = query(metric.selector.as_ref());
            let asked = (metric.name.as_str(), selector.as_str());
            let samples = metrics::of_pods(self.client, self.namespace, self.selector, asked)
                .await
                .map_err(|error| format!("unable to get metric {}: {error}", metric.name))?;
            let target = source.target.average_value.as_ref().map_or(0, milli);
            of_pods(&self.scene(false), samples, Target::Average(target))
        };
        let Proposal { replicas, average, .. } = judged.await.map_err(|inner| Failure {
            reason: "FailedGetPodsMetric",
            outer: format!("failed to get pods metric value: {inner}"),
            inner,
        })?;
        let pods = Some(PodsMetricStatus { metric: metric.clone(), current: averaged(average) });
        let status = MetricStatus { pods, ..typed("Pods") };
        Ok(Verdict { replicas, name: format!("pods metric {}", metric.name), status })
    }

    async fn object(&self, source: &ObjectMetricSource) -> Result<Verdict, Failure> {
        const REASON: &str = "FailedGetObjectMetric";
        let (metric, target, of) = (&source.metric, &source.target, &source.described_object);
        let failure = |inner: String, said: String| Failure {
            reason: REASON,
            outer: format!("failed to get object metric value: {said}"),
            inner,
        };
        let total = || async {
            self.of_object(of, metric).await.map_err(|error| {
                // The order is upstream's own, by mistake.
                let (name, kind, space) = (&metric.name, &of.kind, self.namespace);
                format!("unable to get metric {name}: {kind} on {space} {}/{error}", of.name)
            })
        };
        let (replicas, name, current) = match (target.type_.as_str(), target) {
            ("Value", MetricTarget { value: Some(value), .. }) => {
                let judged = match total().await {
                    Ok(total) => self.by_total(total, milli(value)).map(|count| (count, total)),
                    Err(error) => Err(error),
                };
                let (count, total) = judged.map_err(|inner| failure(inner.clone(), inner))?;
                (count, format!("{} metric {}", of.kind, metric.name), valued(total))
            }
            ("AverageValue", MetricTarget { average_value: Some(value), .. }) => {
                let total = total().await.map_err(|inner| {
                    let said = format!("failed to get {} object metric: {inner}", metric.name);
                    failure(inner, said)
                })?;
                let (count, each) = per_pod(self.has, total, milli(value), self.tolerance);
                (count, external_name(metric), averaged(each))
            }
            _ => {
                let inner = "invalid object metric source: neither a value target nor an average \
                             value target was set"
                    .to_owned();
                return Err(failure(inner.clone(), inner));
            }
        };
        let object = Some(ObjectMetricStatus {
            described_object: of.clone(),
            metric: metric.clone(),
            current,
        });
        Ok(Verdict { replicas, name, status: MetricStatus { object, ..typed("Object") } })
    }

    async fn of_object(
        &self,
        of: &CrossVersionObjectReference,
        metric: &MetricIdentifier,
    ) -> Result<i64, String> {
        let version = of.api_version.as_deref().unwrap_or_default();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let failed =
            |error: String| format!("unable to fetch metrics from custom metrics API: {error}");
        let mapping = if group.is_empty() && of.kind == "Namespace" {
            None
        } else {
            let found = self.mappings.find(self.client, version, &of.kind).await;
            Some(found.map_err(|error| {
                let kind =
                    if group.is_empty() { of.kind.clone() } else { format!("{}.{group}", of.kind) };
                failed(format!("unable to map kind {kind} to resource: {error}"))
            })?)
        };
        let selector = query(metric.selector.as_ref());
        let asked = (metric.name.as_str(), selector.as_str());
        let object = (mapping.as_ref(), of.name.as_str());
        metrics::of_object(self.client, self.namespace, object, asked).await
    }

    async fn external(&self, source: &ExternalMetricSource) -> Result<Verdict, Failure> {
        let (metric, target) = (&source.metric, &source.target);
        let failure = |inner: String, said: String| Failure {
            reason: "FailedGetExternalMetric",
            outer: format!("failed to get {} external metric value: {said}", metric.name),
            inner,
        };
        let total = || async {
            let selector = query(metric.selector.as_ref());
            let asked = (metric.name.as_str(), selector.as_str());
            let values = metrics::external(self.client, self.namespace, asked).await;
            let sum = |values: Vec<i64>| values.into_iter().fold(0_i64, i64::saturating_add);
            values.map(sum).map_err(|error| {
                let (space, selector) = (self.namespace, print(metric.selector.as_ref()));
                let name = &metric.name;
                format!("unable to get external metric {space}/{name}/{selector}: {error}")
            })
        };
        let (replicas, current) = if let Some(value) = &target.average_value {
            let total = total().await.map_err(|inner| {
                let said = format!("failed to get {} external metric: {inner}", metric.name);
                failure(inner, said)
            })?;
            let (count, each) = per_pod(self.has, total, milli(value), self.tolerance);
            (count, averaged(each))
        } else if let Some(value) = &target.value {
            let judged = match total().await {
                Ok(total) => self.by_total(total, milli(value)).map(|count| (count, total)),
                Err(error) => Err(error),
            };
            let (count, total) = judged.map_err(|inner| {
                let said = format!("failed to get external metric {}: {inner}", metric.name);
                failure(inner, said)
            })?;
            (count, valued(total))
        } else {
            let inner = "invalid external metric source: neither a value target nor an average \
                         value target was set"
                .to_owned();
            return Err(failure(inner.clone(), inner));
        };
        let external = Some(ExternalMetricStatus { metric: metric.clone(), current });
        let status = MetricStatus { external, ..typed("External") };
        Ok(Verdict { replicas, name: external_name(metric), status })
    }

    fn by_total(&self, total: i64, target: i64) -> Result<i32, String> {
        by_ratio(self.asked, total as f64 / target as f64, self.tolerance, self.pods)
    }
}

/// Whether a failure may only come of requests that are not known.
fn judged_by_requests(judged: &Result<Proposal, String>) -> bool {
    matches!(judged, Err(error) if error == "no metrics returned matched known pods")
}

fn external_name(metric: &MetricIdentifier) -> String {
    format!("external metric {}({})", metric.name, print(metric.selector.as_ref()))
}

fn typed(kind: &str) -> MetricStatus {
    MetricStatus { type_: kind.into(), ..MetricStatus::default() }
}

fn averaged(milli: i64) -> MetricValueStatus {
    MetricValueStatus { average_value: Some(amount("", milli)), ..MetricValueStatus::default() }
}

fn valued(milli: i64) -> MetricValueStatus {
    MetricValueStatus { value: Some(amount("", milli)), ..MetricValueStatus::default() }
}

/// Memory is counted in powers of two, as its own servers do.
fn amount(resource: &str, milli: i64) -> Quantity {
    let format = if resource == "memory" { Format::BinarySi } else { Format::DecimalSi };
    Quantity(Amount::from_milli(milli, format).to_string())
}
