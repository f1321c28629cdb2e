//! A Job's pod: how it is made, and what its end counts as.

use control::owner::controller_ref;
use control::{Action, pods};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

pub(super) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Whether its end has still to be counted.
pub(super) fn is_tracked(pod: &Pod) -> bool {
    pod.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// Takes the finalizer off `pod`.
pub(super) fn release(pod: &Pod) -> Action {
    let body = json!({"metadata": {
        "uid": pod.metadata.uid,
        "$deleteFromPrimitiveList/finalizers": [FINALIZER],
    }});
    Action::patch_strategic(pod, body)
}

/// The completion index that it works on.
pub(super) fn index(pod: &Pod) -> Option<i32> {
    pod.metadata.annotations.as_ref()?.get(INDEX)?.parse().ok()
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Succeeded,
    Failed,
}

/// How it ended, where it has: a pod that is being deleted counts as failed, unless only pods that
/// have really ended do.
pub(super) fn end(pod: &Pod, only_ended: bool) -> Option<End> {
    match pods::phase(pod) {
        "Succeeded" => Some(End::Succeeded),
        "Failed" => Some(End::Failed),
        _ if pods::is_terminating(pod) && !only_ended => Some(End::Failed),
        _ => None,
    }
}

/// How often its containers were restarted.
pub(super) fn restarts(pod: &Pod) -> i32 {
    let Some(status) = &pod.status else { return 0 };
    let all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    all.map(|container| container.restart_count).sum()
}

/// A pod of `job`, for the completion `index` of an indexed one.
pub(super) fn new_pod(job: &Job, template: &PodTemplateSpec, index: Option<i32>) -> Pod {
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let meta = template.metadata.clone().unwrap_or_default();
    let mut finalizers = meta.finalizers.unwrap_or_default();
    finalizers.push(FINALIZER.into());
    let (mut labels, mut annotations, mut spec) =
        (meta.labels, meta.annotations, template.spec.clone());
    if let Some(index) = index {
        annotations.get_or_insert_default().insert(INDEX.into(), index.to_string());
        labels.get_or_insert_default().insert(INDEX.into(), index.to_string());
        if let Some(spec) = &mut spec {
            if spec.hostname.is_none() {
                spec.hostname = Some(format!("{name}-{index}"));
            }
            let containers =
                spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
            containers.for_each(|container| {
                let env = container.env.get_or_insert_default();
                if !env.iter().any(|variable| variable.name == "JOB_COMPLETION_INDEX") {
                    env.push(index_variable());
                }
            });
        }
    }
    let generate_name = match index {
        Some(index) => format!("{name}-{index}-"),
        None => format!("{name}-"),
    };
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(generate_name),
            namespace: job.metadata.namespace.clone(),
            labels,
            annotations,
            finalizers: Some(finalizers),
            owner_references: Some(vec![controller_ref(job)]),
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    }
}

fn index_variable() -> EnvVar {
    EnvVar {
        name: "JOB_COMPLETION_INDEX".into(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: None,
                field_path: format!("metadata.labels['{INDEX}']"),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}
