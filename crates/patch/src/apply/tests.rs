//! Scenarios of writes and applies, with the owners that upstream gives.

use super::{Endpoint, Set};
use object::{Gvk, Value, json};

const T1: &str = "2020-01-01T00:00:00Z";
const T2: &str = "2020-01-02T00:00:00Z";

fn deployment() -> Gvk {
    Gvk::new("apps", "v1", "Deployment")
}

fn config(replicas: u32, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": image}]}}},
    })
}

fn owners(object: &Value) -> Vec<(String, Value)> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    entries
        .into_iter()
        .map(|e| {
            let name = format!(
                "{} {}",
                e["manager"].as_str().unwrap_or_default(),
                e["operation"].as_str().unwrap_or_default()
            );
            (name, e["fieldsV1"].clone())
        })
        .collect()
}

#[test]
fn a_create_owns_what_it_sets_and_no_struct_that_is_always_there() {
    let gvk = deployment();
    let endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    let mut new = config(1, "web:1");
    endpoint.update(None, &mut new, "kubectl-create", T1);
    let expected = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:name": {}, "f:resources": {}}}},
            },
        },
    });
    assert_eq!(owners(&new), [("kubectl-create Update".to_owned(), expected)]);
}

#[test]
fn an_apply_conflicts_is_forced_and_gives_up() {
    let gvk = deployment();
    let endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    let first = endpoint.apply(None, &config(1, "web:1"), "one", false, T1).expect("applies");
    let mut live = first.clone();
    live["metadata"]["uid"] = "u".into();

    let error =
        endpoint.apply(Some(&live), &config(2, "web:1"), "two", false, T2).expect_err("refused");
    assert_eq!(error.code, 409);
    assert_eq!(
        error.message,
        "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas"
    );
    let error =
        endpoint.apply(Some(&live), &config(2, "web:2"), "two", false, T2).expect_err("refused");
    assert_eq!(
        error.message,
        "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.replicas\n\
         - .spec.template.spec.containers[name=\"web\"].image"
    );
    let status = error.to_status();
    assert_eq!(
        status["details"]["causes"][1],
        json!({"reason": "FieldManagerConflict", "message": "conflict with \"one\"",
            "field": ".spec.template.spec.containers[name=\"web\"].image"})
    );

    let forced = endpoint.apply(Some(&live), &config(2, "web:1"), "two", true, T2).expect("forced");
    assert_eq!(forced["spec"]["replicas"], 2);
    let names: Vec<String> = owners(&forced).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["one Apply", "two Apply"]);
    assert_eq!(owners(&forced)[0].1["f:spec"].get("f:replicas"), None);

    // "two" drops its label and replicas: the label stays for "one", replicas go.
    let mut less = config(2, "web:1");
    less["metadata"] = json!({"name": "web", "namespace": "default"});
    less["spec"].as_object_mut().expect("an object").remove("replicas");
    let pruned = endpoint.apply(Some(&forced), &less, "two", false, T2).expect("applies");
    assert_eq!(pruned["metadata"]["labels"], json!({"app": "web"}));
    assert_eq!(pruned["spec"].get("replicas"), None);
}

#[test]
fn the_first_apply_to_an_untracked_object_saves_its_fields() {
    let gvk = Gvk::new("", "v1", "ConfigMap");
    let endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    let live = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "default", "uid": "u"}, "data": {"a": "1"}});
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "default"}, "data": {"b": "2"}});
    let result = endpoint.apply(Some(&live), &config, "one", false, T1).expect("applies");
    assert_eq!(result["data"], json!({"a": "1", "b": "2"}));
    assert_eq!(
        owners(&result),
        [
            ("one Apply".to_owned(), json!({"f:data": {"f:b": {}}})),
            ("before-first-apply Update".to_owned(), json!({"f:data": {".": {}, "f:a": {}}})),
        ]
    );
    let mut untracked = live.clone();
    untracked["data"]["a"] = "2".into();
    endpoint.update(Some(&live), &mut untracked, "two", T1);
    assert_eq!(owners(&untracked), []);
}

#[test]
fn updates_take_fields_over_and_are_capped() {
    let gvk = Gvk::new("", "v1", "ConfigMap");
    let endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    let mut live = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "default"}, "data": {}});
    endpoint.update(None, &mut live, "m00", T1);
    for i in 1..15 {
        let mut new = live.clone();
        new["data"][format!("k{i:02}")] = "x".into();
        endpoint.update(Some(&live), &mut new, &format!("m{i:02}"), T1);
        live = new;
    }
    let owners = owners(&live);
    assert_eq!(owners.len(), 10);
    assert_eq!(owners[0].0, "ancient-changes Update");
}

#[test]
fn reset_fields_are_not_owned() {
    let gvk = Gvk::new("", "v1", "Pod");
    let reset = Set::of_fields(&[&["status"]]);
    let mut endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    endpoint.reset = Some(&reset);
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a", "image": "a"}]}, "status": {"phase": "Running"}});
    endpoint.update(None, &mut pod, "x", T1);
    assert_eq!(owners(&pod)[0].1.get("f:status"), None);
    assert!(owners(&pod)[0].1.get("f:spec").is_some());
}

#[test]
fn configurations_that_do_not_fit_are_refused_in_upstreams_words() {
    let gvk = deployment();
    let endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    let refuse = |config: Value| {
        let error = endpoint.apply(None, &config, "one", false, T1).expect_err("refused");
        (error.code, error.message)
    };
    let mut unknown = config(1, "a");
    unknown["spec"]["nope"] = 1.into();
    assert_eq!(
        refuse(unknown),
        (
            500,
            "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): \
               .spec.nope: field not declared in schema"
                .to_owned()
        )
    );
    let mut twice = config(1, "a");
    twice["spec"]["template"]["spec"]["containers"] = json!([{"name": "a"}, {"name": "a"}]);
    assert_eq!(
        refuse(twice),
        (
            500,
            "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): \
               .spec.template.spec.containers: duplicate entries for key [name=\"a\"]"
                .to_owned()
        )
    );
    let mut kind = config(1, "a");
    kind["kind"] = "Pod".into();
    assert_eq!(refuse(kind), (400, "invalid object type: apps/v1, Kind=Pod".to_owned()));
    let mut managed = config(1, "a");
    managed["metadata"]["managedFields"] = json!([]);
    assert_eq!(refuse(managed), (400, "metadata.managedFields must be nil".to_owned()));
}

#[test]
fn an_apply_without_effect_keeps_its_times() {
    let gvk = deployment();
    let endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    let mut live = endpoint.apply(None, &config(1, "a"), "one", false, T1).expect("applies");
    live["metadata"]["uid"] = "u".into();
    let mut again =
        endpoint.apply(Some(&live), &config(1, "a"), "one", false, T2).expect("applies");
    assert_eq!(again["metadata"], live["metadata"]);
    again["metadata"]["managedFields"][0]["time"] = T2.into();
    endpoint.ignore_timestamps(&live, &mut again);
    assert_eq!(again["metadata"], live["metadata"]);
}
