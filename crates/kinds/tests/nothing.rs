//! What upstream's kube-apiserver says to objects that say nothing: which zero value it shows, and
//! in which order it complains.

#![allow(clippy::unwrap_used, reason = "a test")]

use kinds::{Context, meta_rules};
use object::{FieldErrors, Value, json};
use orlop_kinds as kinds;

fn complaints(group: &str, version: &str, resource: &str) -> Vec<String> {
    let kind = kinds::find(group, version, resource).unwrap();
    let api_version = kind.gvk(version).group_version().to_string();
    let context = Context { api_version: api_version.clone(), ..Context::default() };
    let mut object = json!({"apiVersion": api_version, "kind": kind.kind,
        "metadata": {"namespace": "n", "uid": "u"}});
    if !kind.namespaced {
        object["metadata"] = json!({"uid": "u"});
    }
    let mut errors = FieldErrors::new();
    kind.strategy.prepare_create(&mut object, &context);
    if !kind.strategy.judges_before_metadata() {
        meta_rules::create(&object, kind.namespaced, kind.strategy, &mut errors);
    }
    kind.strategy.validate(&object, &context, &mut errors);
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn zero_values_are_shown_as_upstream_shows_them() {
    const NAME: &str = "metadata.name: Required value: name or generateName is required";
    for (group, version, resource, expected) in [
        (
            "",
            "v1",
            "persistentvolumes",
            vec![
                NAME,
                "spec.accessModes: Required value",
                "spec.capacity: Required value",
                "spec.capacity: Unsupported value: null: supported values: \"storage\"",
                "spec: Required value: must specify a volume type",
            ],
        ),
        (
            "networking.k8s.io",
            "v1",
            "ingresses",
            vec![
                NAME,
                "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
            ],
        ),
        (
            "certificates.k8s.io",
            "v1",
            "certificatesigningrequests",
            vec![
                NAME,
                "spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST",
                "spec.usages: Required value",
                "spec.signerName: Required value",
            ],
        ),
        (
            "apiextensions.k8s.io",
            "v1",
            "customresourcedefinitions",
            vec![
                NAME,
                "spec.group: Required value",
                "spec.scope: Required value",
                "spec.versions: Invalid value: null: must have exactly one version marked as \
                 storage version",
                "spec.names.plural: Required value",
                "spec.names.singular: Required value",
                "spec.names.kind: Required value",
                "spec.names.listKind: Required value",
                "status.storedVersions: Invalid value: null: must have at least one stored version",
            ],
        ),
        // One without a name is given one.
        ("", "v1", "limitranges", vec![]),
        // The old version of events leaves metadata to the code that all kinds share.
        (
            "",
            "v1",
            "events",
            vec!["involvedObject.namespace: Invalid value: \"\": does not match event.namespace"],
        ),
    ] {
        assert_eq!(complaints(group, version, resource), expected, "{resource}");
    }
}

#[test]
fn a_newer_event_is_judged_by_its_metadata_too_but_later() {
    let said = complaints("events.k8s.io", "v1", "events");
    assert!(said[0].starts_with("involvedObject.namespace: "), "{said:?}");
    assert!(said[1].starts_with("metadata.name: "), "{said:?}");
}

#[test]
fn an_api_service_without_a_name_is_told_so_once() {
    let said = complaints("apiregistration.k8s.io", "v1", "apiservices");
    assert_eq!(said.iter().filter(|line| line.starts_with("metadata.name")).count(), 1);
    assert!(said.iter().any(|line| line.starts_with("spec.versionPriority: Invalid value: 0:")));
}

#[test]
fn the_fields_that_an_endpoint_does_not_own() {
    let reset = |group: &str, resource: &str, subresource: &str| -> Value {
        let kind = kinds::find(group, "v1", resource).unwrap();
        kind.strategy.reset_fields(subresource).map_or(Value::Null, |paths| {
            paths.iter().map(|path| Value::from(path.join("."))).collect::<Vec<_>>().into()
        })
    };
    assert_eq!(reset("apps", "deployments", "status"), json!(["spec", "metadata.labels"]));
    assert_eq!(reset("apps", "deployments", ""), Value::Null);
    assert_eq!(reset("apps", "daemonsets", "status"), Value::Null);
    assert_eq!(reset("", "namespaces", "finalize"), json!(["status"]));
}
