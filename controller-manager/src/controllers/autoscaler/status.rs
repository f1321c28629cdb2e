//! An autoscaler's status: its conditions and its numbers.

use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, MetricStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use runtime::clock;

/// Sets the condition `kind`.
pub(super) fn set(
    autoscaler: &mut HorizontalPodAutoscaler,
    kind: &str,
    is_true: bool,
    reason: &str,
    message: &str,
) {
    let status = autoscaler.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    let place = conditions.iter().position(|known| known.type_ == kind).unwrap_or_else(|| {
        let type_ = kind.to_owned();
        conditions.push(HorizontalPodAutoscalerCondition { type_, ..Default::default() });
        conditions.len() - 1
    });
    let condition = &mut conditions[place];
    let status = if is_true { "True" } else { "False" };
    if condition.status != status {
        condition.last_transition_time = Some(Time(clock::now()));
    }
    condition.status = status.into();
    condition.reason = Some(reason.into());
    condition.message = Some(message.into());
}

/// Takes the condition `kind` away.
pub(super) fn remove(autoscaler: &mut HorizontalPodAutoscaler, kind: &str) {
    let status = autoscaler.status.as_mut();
    if let Some(conditions) = status.and_then(|status| status.conditions.as_mut()) {
        conditions.retain(|condition| condition.type_ != kind);
    }
}

/// Sets everything beside the conditions.
pub(super) fn finish(
    autoscaler: &mut HorizontalPodAutoscaler,
    current: i32,
    desired: i32,
    metrics: Vec<MetricStatus>,
    scaled_at: Option<Timestamp>,
) {
    let status = autoscaler.status.get_or_insert_default();
    status.current_replicas = Some(current);
    status.desired_replicas = desired;
    status.current_metrics = Some(metrics).filter(|metrics| !metrics.is_empty());
    status.observed_generation = None;
    if let Some(at) = scaled_at {
        status.last_scale_time = Some(Time(at));
    }
}
