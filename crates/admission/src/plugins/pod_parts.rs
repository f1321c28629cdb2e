//! The parts of a pod that several plugins look at.

use object::Value;

/// The lists of containers in a pod's spec.
pub(super) const CONTAINERS: &[&str] = &["initContainers", "containers", "ephemeralContainers"];

/// The pod that a kubelet mirrors out of a file on its node.
pub(super) fn is_mirror(pod: &Value) -> bool {
    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string()
}

/// The items of a list, none where there is no list.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// All containers of a pod, each with the name of its list.
pub(super) fn containers(pod: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    CONTAINERS
        .iter()
        .flat_map(|list| items(&pod["spec"][*list]).map(|container| (*list, container)))
}

/// A text, empty where there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether anything in a pod's spec names a Secret.
pub(super) fn names_a_secret(spec: &Value) -> bool {
    const FIELDS: &[&str] = &[
        "secretRef",
        "secretKeyRef",
        "imagePullSecrets",
        "secretName",
        "nodePublishSecretRef",
        "secretFile",
    ];
    match spec {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let found = FIELDS.contains(&key.as_str()) && !value.is_null();
            let source = key == "secret" && value.is_object();
            found || source || names_a_secret(value)
        }),
        Value::Array(list) => list.iter().any(names_a_secret),
        _ => false,
    }
}
