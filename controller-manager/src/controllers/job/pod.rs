//! A Job's pod: how it is made, and what its end counts as.

use control::owner::controller_ref;
use control::{Action, pods};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

pub(super) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
const IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// The longest beginning of a generated name, in characters.
const GENERATE_NAME_CHARS_MAX: usize = 58;

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
    annotation(pod, INDEX)?.parse().ok().filter(|index| *index >= 0)
}

fn annotation<'a>(pod: &'a Pod, name: &str) -> Option<&'a str> {
    pod.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// The failures of an index before a pod of it: those that count, and those that were ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) counted: i32,
    pub(super) ignored: i32,
}

impl Failures {
    /// Those before `pod`, which it carries.
    pub(super) fn before(pod: &Pod) -> Self {
        let read = |name| {
            let count: Option<i32> = annotation(pod, name).and_then(|text| text.parse().ok());
            count.unwrap_or(0).max(0)
        };
        Self { counted: read(FAILURES), ignored: read(IGNORED) }
    }

    pub(super) fn all(self) -> i32 {
        self.counted.saturating_add(self.ignored)
    }
}

/// Whether `pod` has failed. One that is being deleted has, unless `only_ended`: then only what
/// has really ended counts.
pub(super) fn is_failed(pod: &Pod, only_ended: bool) -> bool {
    match pods::phase(pod) {
        "Failed" => true,
        "Succeeded" => false,
        _ => pods::is_terminating(pod) && !only_ended,
    }
}

/// How often its containers were restarted.
pub(super) fn restarts(pod: &Pod) -> i32 {
    let Some(status) = &pod.status else { return 0 };
    let all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    all.map(|container| container.restart_count).sum()
}

/// A pod of `job`; for an indexed one of that completion, after those failures where the Job
/// counts them for each index.
pub(super) fn new_pod(job: &Job, place: Option<(i32, Option<Failures>)>) -> Pod {
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let template = job.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let meta = template.metadata.unwrap_or_default();
    let mut finalizers = meta.finalizers.unwrap_or_default();
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        finalizers.push(FINALIZER.into());
    }
    let (mut labels, mut annotations, mut spec) = (meta.labels, meta.annotations, template.spec);
    if let Some((index, failures)) = place {
        let annotations = annotations.get_or_insert_default();
        annotations.insert(INDEX.into(), index.to_string());
        if let Some(failures) = failures {
            annotations.insert(FAILURES.into(), failures.counted.to_string());
            if failures.ignored > 0 {
                annotations.insert(IGNORED.into(), failures.ignored.to_string());
            }
        }
        labels.get_or_insert_default().insert(INDEX.into(), index.to_string());
        if let Some(spec) = &mut spec {
            spec.hostname = Some(format!("{name}-{index}"));
            let containers =
                spec.init_containers.iter_mut().flatten().chain(spec.containers.iter_mut());
            containers.for_each(|container| {
                let env = container.env.get_or_insert_default();
                if !env.iter().any(|variable| variable.name == "JOB_COMPLETION_INDEX") {
                    env.push(index_variable());
                }
            });
        }
    }
    let generate_name = match place {
        Some((index, _)) => {
            let end = format!("-{index}-");
            let room = GENERATE_NAME_CHARS_MAX.saturating_sub(end.len());
            format!("{}{end}", &name[..name.len().min(room)])
        }
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
