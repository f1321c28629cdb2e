//! A StatefulSet's pod: its name, its volumes, its labels.

use super::super::revisions::HASH_LABEL;
use control::Action;
use control::owner::controller_ref;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// The number at the end of its name, when the rest is the set's name.
pub(super) fn ordinal(set: &str, pod: &str) -> Option<i32> {
    let (parent, number) = pod.rsplit_once('-')?;
    (parent == set).then(|| number.parse().ok()).flatten()
}

/// The revision that a pod was made of.
pub(super) fn revision_of(pod: &Pod) -> Option<String> {
    pod.metadata.labels.as_ref()?.get(HASH_LABEL).cloned()
}

/// Puts back the labels that say which one `pod` is, where they say something else.
pub(super) fn identify(pod: &Pod) -> Option<Action> {
    let name = pod.metadata.name.as_deref()?;
    let labels = pod.metadata.labels.as_ref();
    if labels.and_then(|labels| labels.get(NAME_LABEL)).map(String::as_str) == Some(name) {
        return None;
    }
    let (_, number) = name.rsplit_once('-')?;
    let labels = json!({NAME_LABEL: name, INDEX_LABEL: number});
    Some(Action::patch(pod, json!({"metadata": {"labels": labels}})))
}

/// Whether `action` is about a pod with a name of the set `set`; releases always are.
pub(super) fn is_named_by(action: &Action, set: &str) -> bool {
    match action {
        Action::Patch { path, body, .. } => {
            let is_release = body.pointer("/metadata/ownerReferences/0/$patch").is_some();
            let name = path.rsplit('/').next().unwrap_or_default();
            is_release || ordinal(set, name).is_some()
        }
        _ => true,
    }
}

/// The template that `revision` holds.
pub(super) fn template_of(set: &StatefulSet, revision: &ControllerRevision) -> PodTemplateSpec {
    let own = || set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let data = revision.data.as_ref().and_then(|data| data.0.pointer("/spec/template")).cloned();
    let Some(mut data) = data else { return own() };
    if let Some(fields) = data.as_object_mut() {
        fields.remove("$patch");
    }
    control::decode(&data).unwrap_or_else(|_| own())
}

/// The pod number `ordinal` of `set`, of the template in `revision`.
pub(super) fn new_pod(set: &StatefulSet, revision: &ControllerRevision, ordinal: i32) -> Pod {
    let template = template_of(set, revision);
    let set_name = set.metadata.name.as_deref().unwrap_or_default();
    let name = format!("{set_name}-{ordinal}");
    let meta = template.metadata.unwrap_or_default();
    let mut labels = meta.labels.unwrap_or_default();
    labels.insert(NAME_LABEL.into(), name.clone());
    labels.insert(INDEX_LABEL.into(), ordinal.to_string());
    labels.insert(HASH_LABEL.into(), revision.metadata.name.clone().unwrap_or_default());
    let mut spec = template.spec.unwrap_or_default();
    spec.hostname = Some(name.clone());
    spec.subdomain = set.spec.as_ref().and_then(|spec| spec.service_name.clone());
    let mut volumes: Vec<Volume> = claim_names(set, ordinal)
        .map(|(volume, claim)| Volume {
            name: volume,
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim,
                read_only: None,
            }),
            ..Volume::default()
        })
        .collect();
    let given = spec.volumes.take().unwrap_or_default();
    let is_ours = |volume: &Volume| volumes.iter().any(|own| own.name == volume.name);
    let others: Vec<Volume> = given.into_iter().filter(|volume| !is_ours(volume)).collect();
    volumes.extend(others);
    spec.volumes = Some(volumes).filter(|volumes| !volumes.is_empty());
    Pod {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: set.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![controller_ref(set)]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}

/// The volumes of the pod number `ordinal`, each with its claim's name.
fn claim_names(set: &StatefulSet, ordinal: i32) -> impl Iterator<Item = (String, String)> {
    let set_name = set.metadata.name.clone().unwrap_or_default();
    claim_templates(set).map(move |template| {
        let volume = template.metadata.name.clone().unwrap_or_default();
        let claim = format!("{volume}-{set_name}-{ordinal}");
        (volume, claim)
    })
}

fn claim_templates(set: &StatefulSet) -> impl Iterator<Item = &PersistentVolumeClaim> {
    set.spec.iter().flat_map(|spec| spec.volume_claim_templates.iter().flatten())
}

/// The claims of the pod number `ordinal`.
pub(super) fn claims(set: &StatefulSet, ordinal: i32) -> Vec<PersistentVolumeClaim> {
    let selector = set.spec.as_ref().and_then(|spec| spec.selector.match_labels.clone());
    claim_templates(set)
        .zip(claim_names(set, ordinal))
        .map(|(template, (_, name))| {
            let mut labels = template.metadata.labels.clone().unwrap_or_default();
            labels.extend(selector.clone().unwrap_or_default());
            PersistentVolumeClaim {
                metadata: ObjectMeta {
                    name: Some(name),
                    namespace: set.metadata.namespace.clone(),
                    labels: Some(labels),
                    annotations: template.metadata.annotations.clone(),
                    ..ObjectMeta::default()
                },
                spec: template.spec.clone(),
                status: None,
            }
        })
        .collect()
}
