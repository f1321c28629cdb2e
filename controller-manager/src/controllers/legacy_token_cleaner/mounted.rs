//! The Secrets that a pod names.
//!
//! Mirrors `VisitPodSecretNames` (`k8s.io/kubernetes/pkg/api/v1/pod`).

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, Pod, Volume};

/// Their names; some may come twice.
pub(super) fn secrets(pod: &Pod) -> Vec<&str> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let mut names: Vec<Option<&str>> = Vec::new();
    names.extend(spec.image_pull_secrets.iter().flatten().map(|pull| Some(pull.name.as_str())));
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    for container in containers {
        names.extend(of_container(&container.env, &container.env_from));
    }
    for container in spec.ephemeral_containers.iter().flatten() {
        names.extend(of_container(&container.env, &container.env_from));
    }
    names.extend(spec.volumes.iter().flatten().flat_map(of_volume));
    names.into_iter().flatten().filter(|name| !name.is_empty()).collect()
}

fn of_container<'a>(
    env: &'a Option<Vec<EnvVar>>,
    from: &'a Option<Vec<EnvFromSource>>,
) -> Vec<Option<&'a str>> {
    let whole = from.iter().flatten().filter_map(|from| from.secret_ref.as_ref());
    let whole = whole.map(|secret| secret.name.as_str());
    let keys = env.iter().flatten().filter_map(|var| {
        let secret = var.value_from.as_ref()?.secret_key_ref.as_ref()?;
        Some(secret.name.as_str())
    });
    whole.chain(keys).map(Some).collect()
}

fn of_volume(volume: &Volume) -> Vec<Option<&str>> {
    let mut names = vec![
        volume.azure_file.as_ref().map(|source| source.secret_name.as_str()),
        volume.secret.as_ref().and_then(|source| source.secret_name.as_deref()),
    ];
    let references = [
        volume.cephfs.as_ref().and_then(|source| source.secret_ref.as_ref()),
        volume.cinder.as_ref().and_then(|source| source.secret_ref.as_ref()),
        volume.flex_volume.as_ref().and_then(|source| source.secret_ref.as_ref()),
        volume.rbd.as_ref().and_then(|source| source.secret_ref.as_ref()),
        volume.scale_io.as_ref().map(|source| &source.secret_ref),
        volume.iscsi.as_ref().and_then(|source| source.secret_ref.as_ref()),
        volume.storageos.as_ref().and_then(|source| source.secret_ref.as_ref()),
        volume.csi.as_ref().and_then(|source| source.node_publish_secret_ref.as_ref()),
    ];
    names.extend(references.into_iter().flatten().map(|secret| Some(secret.name.as_str())));
    let projected = volume.projected.iter().flat_map(|source| source.sources.iter().flatten());
    names.extend(
        projected.filter_map(|part| part.secret.as_ref()).map(|secret| Some(secret.name.as_str())),
    );
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_found_wherever_a_pod_names_them() {
        let pod: Pod = serde_json::from_value(json!({"spec": {
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "whole"}}]}],
            "containers": [{"name": "c", "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}}]}],
            "volumes": [
                {"name": "a", "secret": {"secretName": "mounted"}},
                {"name": "b", "projected": {"sources": [{"secret": {"name": "part"}}]}},
                {"name": "c", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "csi"}}},
                {"name": "d", "emptyDir": {}}],
        }}))
        .expect("a pod");
        assert_eq!(secrets(&pod), ["pull", "key", "whole", "mounted", "part", "csi"]);
    }
}
