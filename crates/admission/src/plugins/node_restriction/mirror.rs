//! The only pods that a node makes: mirrors of those that it found in its own files.

use super::{Asked, not_found};
use crate::plugins::pod_parts::{is_mirror, items, names_a_secret, text};
use object::{GroupResource, Result, Value, meta};

pub(super) async fn admit(asked: &Asked<'_>) -> Result<()> {
    let (Some(pod), node) = (asked.object, asked.node) else { return Ok(()) };
    asked.unless(
        is_mirror(pod),
        format!(
            "pod does not have \"kubernetes.io/config.mirror\" annotation, node {node:?} can only create \
             mirror pods"
        ),
    )?;
    asked.unless(
        pod["spec"]["nodeName"] == node,
        format!("node {node:?} can only create pods with spec.nodeName set to itself"),
    )?;
    let owners: Vec<&Value> = items(&pod["metadata"]["ownerReferences"]).collect();
    let to_itself =
        format!("node {node:?} can only create pods with an owner reference set to itself");
    let owner = match owners.as_slice() {
        [] => return asked.refuse(to_itself),
        [one] => *one,
        _ => {
            return asked.refuse(format!(
                "node {node:?} can only create pods with a single owner reference set to itself"
            ));
        }
    };
    let own = owner["apiVersion"] == "v1" && owner["kind"] == "Node" && owner["name"] == node;
    asked.unless(own, to_itself)?;
    asked.unless(
        owner["controller"] == true,
        format!(
            "node {node:?} can only create pods with a controller owner reference set to itself"
        ),
    )?;
    asked.unless(
        owner["blockOwnerDeletion"] != true,
        format!("node {node:?} must not set blockOwnerDeletion on an owner reference"),
    )?;
    let nodes = GroupResource::new("", "nodes");
    let known = asked.cluster.get(&nodes, "", node);
    let known = known.ok_or_else(|| not_found("node", node))?;
    let uid = text(&owner["uid"]);
    asked.unless(
        uid == meta::uid(&known),
        format!("node {node} UID mismatch: expected {uid} got {}", meta::uid(&known)),
    )?;
    match refers_to(&pod["spec"]) {
        Some(resource) => {
            asked.refuse(format!("node {node:?} can not create pods that reference {resource}"))
        }
        None => Ok(()),
    }
}

/// What a pod's spec refers to that lies in the API.
fn refers_to(spec: &Value) -> Option<&'static str> {
    if !text(&spec["serviceAccountName"]).is_empty() {
        return Some("serviceaccounts");
    }
    if names_a_secret(spec) {
        return Some("secrets");
    }
    if names_a_config_map(spec) {
        return Some("configmaps");
    }
    if items(&spec["resourceClaims"]).next().is_some() {
        return Some("resourceclaims");
    }
    const VOLUMES: &[(&str, &str)] = &[
        ("configMap", "configmaps (via configmap volumes)"),
        ("secret", "secrets (via secret volumes)"),
        ("csi", "csidrivers (via CSI volumes)"),
        ("glusterfs", "endpoints (via glusterFS volumes)"),
        ("persistentVolumeClaim", "persistentvolumeclaims"),
        ("ephemeral", "persistentvolumeclaims (via ephemeral volumes)"),
        ("azureFile", "secrets (via azureFile volumes)"),
    ];
    const PROJECTED: &[(&str, &str)] = &[
        ("configMap", "configmaps (via projected volumes)"),
        ("secret", "secrets (via projected volumes)"),
        ("serviceAccountToken", "serviceaccounts (via projected volumes)"),
        ("clusterTrustBundle", "clustertrustbundles"),
        ("podCertificate", "podcertificates"),
    ];
    for volume in items(&spec["volumes"]) {
        let found = VOLUMES.iter().find(|(field, _)| volume[*field].is_object());
        let projected = items(&volume["projected"]["sources"])
            .find_map(|source| PROJECTED.iter().find(|(field, _)| source[*field].is_object()));
        if let Some((_, what)) = found.or(projected) {
            return Some(what);
        }
    }
    None
}

/// Whether the spec names a ConfigMap; one without a name is none.
fn names_a_config_map(spec: &Value) -> bool {
    match spec {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let found = matches!(key.as_str(), "configMap" | "configMapRef" | "configMapKeyRef");
            (found && !text(&value["name"]).is_empty()) || names_a_config_map(value)
        }),
        Value::Array(list) => list.iter().any(names_a_config_map),
        _ => false,
    }
}
