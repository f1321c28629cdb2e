//! References to what belongs to a node: those that a pod makes, and those that mounting a volume
//! takes. Mirrors `pkg/api/v1/{pod,persistentvolume}/util.go` of `k8s.io/kubernetes`.

use object::{Value, meta};
use std::collections::BTreeSet;

/// What may belong to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Pod,
    Secret,
    ConfigMap,
    ServiceAccount,
    Claim,
    ResourceClaim,
    Volume,
    Attachment,
    ResourceSlice,
}

/// A namespace, empty at the cluster's scope, and a name.
pub(super) type Name = (String, String);

/// A kind, and a namespace with a name.
pub(super) type Reference = (Kind, Name);

/// Marks a pod that the kubelet made itself; it gives the node no right to anything.
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// Where a container names what its environment is taken from.
const IN_ENVIRONMENT: [(Kind, &str, &str); 4] = [
    (Kind::Secret, "envFrom", "/secretRef/name"),
    (Kind::Secret, "env", "/valueFrom/secretKeyRef/name"),
    (Kind::ConfigMap, "envFrom", "/configMapRef/name"),
    (Kind::ConfigMap, "env", "/valueFrom/configMapKeyRef/name"),
];

/// Where a pod's volume names what it is made of.
const IN_VOLUME: [(Kind, &str); 13] = [
    (Kind::Secret, "/azureFile/secretName"),
    (Kind::Secret, "/cephfs/secretRef/name"),
    (Kind::Secret, "/cinder/secretRef/name"),
    (Kind::Secret, "/flexVolume/secretRef/name"),
    (Kind::Secret, "/rbd/secretRef/name"),
    (Kind::Secret, "/secret/secretName"),
    (Kind::Secret, "/scaleIO/secretRef/name"),
    (Kind::Secret, "/iscsi/secretRef/name"),
    (Kind::Secret, "/storageos/secretRef/name"),
    (Kind::Secret, "/csi/nodePublishSecretRef/name"),
    (Kind::ConfigMap, "/configMap/name"),
    (Kind::Claim, "/persistentVolumeClaim/claimName"),
    (Kind::Claim, "/ephemeral"),
];

/// Where a PersistentVolume names the secrets that a node needs to mount it, and whether a
/// reference without a namespace means the claim's.
const IN_PERSISTENT_VOLUME: [(&str, bool); 10] = [
    ("/spec/cephfs/secretRef", true),
    ("/spec/cinder/secretRef", false),
    ("/spec/flexVolume/secretRef", true),
    ("/spec/rbd/secretRef", true),
    ("/spec/scaleIO/secretRef", true),
    ("/spec/iscsi/secretRef", true),
    ("/spec/storageos/secretRef", false),
    ("/spec/csi/nodePublishSecretRef", false),
    ("/spec/csi/nodeStageSecretRef", false),
    ("/spec/csi/nodeExpandSecretRef", false),
];

/// All that a pod needs.
pub(super) fn of_pod(pod: &Value) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    if meta::annotations(pod).any(|(key, _)| key == MIRROR_ANNOTATION) {
        return found;
    }
    let namespace = meta::namespace(pod);
    let mut add = |kind, name: Option<&str>| {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            found.insert((kind, (namespace.to_owned(), name.to_owned())));
        }
    };
    let spec = &pod["spec"];
    add(Kind::ServiceAccount, spec["serviceAccountName"].as_str());
    for secret in items(&spec["imagePullSecrets"]) {
        add(Kind::Secret, secret["name"].as_str());
    }
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    for container in lists.into_iter().flat_map(|list| items(&spec[list])) {
        for (kind, list, pointer) in IN_ENVIRONMENT {
            for entry in items(&container[list]) {
                add(kind, text_at(entry, pointer));
            }
        }
    }
    for volume in items(&spec["volumes"]) {
        for (kind, pointer) in IN_VOLUME {
            if pointer == "/ephemeral" {
                if volume["ephemeral"].is_object() {
                    let volume = volume["name"].as_str().unwrap_or_default();
                    add(kind, Some(&format!("{}-{volume}", meta::name(pod))));
                }
            } else {
                add(kind, text_at(volume, pointer));
            }
        }
        for source in items(&volume["projected"]["sources"]) {
            add(Kind::Secret, text_at(source, "/secret/name"));
            add(Kind::ConfigMap, text_at(source, "/configMap/name"));
        }
    }
    for claim in items(&spec["resourceClaims"]) {
        add(Kind::ResourceClaim, resource_claim(pod, claim));
    }
    let extended = "/status/extendedResourceClaimStatus/resourceClaimName";
    add(Kind::ResourceClaim, text_at(pod, extended));
    found
}

/// The claim behind an entry of `spec.resourceClaims`: named there, or, once it was made from a
/// template, in the status.
fn resource_claim<'a>(pod: &'a Value, claim: &'a Value) -> Option<&'a str> {
    if let Some(name) = claim["resourceClaimName"].as_str() {
        return Some(name);
    }
    let statuses = items(&pod["status"]["resourceClaimStatuses"]);
    let own = statuses.iter().find(|status| status["name"] == claim["name"])?;
    own["resourceClaimName"].as_str()
}

/// A bound volume's claim, and the secrets that mounting it takes.
pub(super) fn of_volume(volume: &Value) -> Option<(Name, Vec<Name>)> {
    let claim = volume["spec"]["claimRef"].as_object()?;
    let text = |key: &str| claim.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("name"));
    let mut secrets = Vec::new();
    let mut add = |own: Option<&str>, or_claims: bool, secret: Option<&str>| {
        let own = own.filter(|own| !own.is_empty());
        let place = own.or(or_claims.then_some(namespace.as_str()));
        if let (Some(place), Some(secret)) = (place, secret.filter(|secret| !secret.is_empty())) {
            secrets.push((place.to_owned(), secret.to_owned()));
        }
    };
    let azure = &volume["spec"]["azureFile"];
    add(azure["secretNamespace"].as_str(), true, azure["secretName"].as_str());
    for (pointer, or_claims) in IN_PERSISTENT_VOLUME {
        if let Some(reference) = volume.pointer(pointer) {
            add(reference["namespace"].as_str(), or_claims, reference["name"].as_str());
        }
    }
    Some(((namespace, name), secrets))
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}
