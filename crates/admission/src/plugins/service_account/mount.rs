//! The volume with a service account's token, and its place in each container.

use crate::plugins::pod_parts::{CONTAINERS, items, text};
use object::{Value, json};

pub(super) const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
pub(super) const VOLUME_PREFIX: &str = "kube-api-access-";
/// The life of a mounted token; one of this length is in fact signed for a year.
const TOKEN_SECONDS: i64 = 60 * 60 + 7;
const FILE_MODE: i64 = 0o644;

/// Where the token comes from.
pub(super) enum Source {
    /// The kubelet asks for one that ends with the pod.
    Bound,
    /// It lies in the Secret of this name.
    Secret(String),
}

/// Mounts the token into each container that has nothing at its place.
pub(super) fn mount(pod: &mut Value, source: &Source) {
    let volumes = || items(&pod["spec"]["volumes"]);
    let known = volumes().find(|volume| source.is(volume)).map(|volume| text(&volume["name"]));
    let has_volume = known.is_some();
    let name = match known {
        Some(name) => name.to_owned(),
        None => source.name(|name| volumes().any(|volume| volume["name"] == name)),
    };
    let mut needed = false;
    for list in CONTAINERS.iter().filter(|list| **list != "ephemeralContainers") {
        for container in pod["spec"][*list].as_array_mut().into_iter().flatten() {
            let mounts = &mut container["volumeMounts"];
            if items(mounts).any(|mount| mount["mountPath"] == MOUNT_PATH) {
                continue;
            }
            needed = true;
            let mount = json!({"name": name, "readOnly": true, "mountPath": MOUNT_PATH});
            push(mounts, mount);
        }
    }
    if needed && !has_volume {
        push(&mut pod["spec"]["volumes"], source.volume(&name));
    }
}

impl Source {
    /// Whether a volume that the pod came with is this one.
    fn is(&self, volume: &Value) -> bool {
        match self {
            Self::Bound => text(&volume["name"]).starts_with(VOLUME_PREFIX),
            Self::Secret(secret) => volume["secret"]["secretName"] == *secret.as_str(),
        }
    }

    /// What a volume with it is called.
    fn name(&self, is_taken: impl Fn(&str) -> bool) -> String {
        let suffix = runtime::entropy::name_suffix;
        match self {
            Self::Bound => format!("{VOLUME_PREFIX}{}", suffix()),
            Self::Secret(secret) => {
                // A volume's name has no dots; a Secret's may have.
                let name = secret.replace('.', "-");
                if is_taken(&name) { format!("{name}-{}", suffix()) } else { name }
            }
        }
    }

    fn volume(&self, name: &str) -> Value {
        match self {
            Self::Bound => bound(name),
            Self::Secret(secret) => {
                json!({"name": name, "secret": {"secretName": secret, "defaultMode": FILE_MODE}})
            }
        }
    }
}

fn push(list: &mut Value, item: Value) {
    match list.as_array_mut() {
        Some(list) => list.push(item),
        None => *list = json!([item]),
    }
}

fn bound(name: &str) -> Value {
    json!({"name": name, "projected": {
        "defaultMode": FILE_MODE,
        "sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
            {"configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }},
            {"downwardAPI": {"items": [{
                "path": "namespace",
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
            }]}},
        ],
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_there_is_used_and_a_name_that_is_taken_is_not() {
        let pod = |volume: Value| json!({"spec": {"containers": [{}], "volumes": [volume]}});
        let source = Source::Secret("web.v1-token-abcde".to_owned());
        let name =
            |pod: &Value, volume: usize| text(&pod["spec"]["volumes"][volume]["name"]).to_owned();
        let mounted =
            |pod: &Value| text(&pod["spec"]["containers"][0]["volumeMounts"][0]["name"]).to_owned();

        let mut own = pod(json!({"name": "mine", "secret": {"secretName": "web.v1-token-abcde"}}));
        mount(&mut own, &source);
        assert_eq!((mounted(&own).as_str(), items(&own["spec"]["volumes"]).count()), ("mine", 1));

        let mut other = pod(json!({"name": "other", "emptyDir": {}}));
        mount(&mut other, &source);
        assert_eq!(
            (mounted(&other).as_str(), name(&other, 1).as_str()),
            ("web-v1-token-abcde", "web-v1-token-abcde")
        );

        let mut taken = pod(json!({"name": "web-v1-token-abcde", "emptyDir": {}}));
        mount(&mut taken, &source);
        let made = name(&taken, 1);
        assert!(made.starts_with("web-v1-token-abcde-") && made == mounted(&taken), "{made}");
    }
}
