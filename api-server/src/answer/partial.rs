//! The form of an answer that has nothing but metadata.

use kinds::Kind;
use object::{ApiError, Map, Reason, Value, json};

/// `PartialObjectMetadata` of an object of a kind, without what upstream's internal form of it
/// does not keep among the annotations.
pub(super) fn of_kind(kind: &Kind, object: &Value, api_version: &str) -> Value {
    let mut partial = metadata(object, api_version);
    for name in kind.strategy.wire_annotations() {
        let annotations = partial["metadata"].get_mut("annotations");
        if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
            annotations.remove(*name);
        }
    }
    if partial["metadata"]["annotations"].as_object().is_some_and(Map::is_empty) {
        object::meta::of(&mut partial).remove("annotations");
    }
    partial
}

/// `PartialObjectMetadata` of an object; `api_version` is that of `meta.k8s.io`.
pub(super) fn metadata(object: &Value, api_version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": api_version,
        "metadata": object["metadata"],
    })
}

/// `PartialObjectMetadataList` of objects; `list_metadata` is the list's.
pub(super) fn list(objects: Vec<Value>, list_metadata: Value, api_version: &str) -> Value {
    let items = if objects.is_empty() { Value::Null } else { objects.into() };
    json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": api_version,
        "metadata": list_metadata,
        "items": items,
    })
}

/// The refusal of a list's form for one object.
pub(super) fn no_list(kind: &Kind) -> ApiError {
    not_acceptable(format!(
        "you requested PartialObjectMetadataList, but the requested object is not a list (*{})",
        go_type(kind)
    ))
}

/// The refusal of an object's form for a list.
pub(super) fn no_item(kind: &Kind) -> ApiError {
    not_acceptable(format!(
        "you requested PartialObjectMetadata, but the requested object is a list (*{}List)",
        go_type(kind)
    ))
}

fn not_acceptable(why: String) -> ApiError {
    ApiError::new(406, Reason::NotAcceptable, why)
}

/// The name of upstream's internal type, as Go prints it: that of its package is its group's first
/// part, with a few exceptions.
fn go_type(kind: &Kind) -> String {
    let package = match kind.group {
        "" | "events.k8s.io" => "core",
        "internal.apiserver.k8s.io" => "apiserverinternal",
        group => group.split_once('.').map_or(group, |(first, _)| first),
    };
    format!("{package}.{}", kind.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrong_form_is_refused_with_gos_name_of_the_type() {
        for (group, version, resource, named) in [
            ("", "v1", "namespaces", "*core.NamespaceList)"),
            ("events.k8s.io", "v1", "events", "*core.EventList)"),
            ("rbac.authorization.k8s.io", "v1", "roles", "*rbac.RoleList)"),
            ("apps", "v1", "deployments", "*apps.DeploymentList)"),
        ] {
            let kind = kinds::find(group, version, resource).unwrap();
            assert!(no_item(kind).message.ends_with(named), "{resource}");
        }
    }

    #[test]
    fn metadata_alone_lacks_what_only_the_wire_has() {
        let kind = kinds::find("apps", "v1", "daemonsets").unwrap();
        let generation = "deprecated.daemonset.template.generation";
        for (annotations, left) in [
            (json!({ generation: "1" }), Value::Null),
            (json!({ generation: "1", "a": "b" }), json!({ "a": "b" })),
        ] {
            let object = json!({ "metadata": { "name": "x", "annotations": annotations } });
            let partial = of_kind(kind, &object, "meta.k8s.io/v1");
            assert_eq!(partial["metadata"]["annotations"], left);
            assert_eq!(partial["metadata"]["name"], "x");
        }
    }
}
