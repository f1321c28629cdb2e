//! Against documents that upstream's kube-apiserver 1.36.3 served.

use super::*;

fn golden(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/discovery/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}

/// Compares piece by piece, so that a difference can be read.
fn same(found: &Value, wanted: &Value, path: &str) {
    match (found, wanted) {
        (Value::Array(found), Value::Array(wanted)) => {
            for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                same(found, wanted, &format!("{path}[{index}]"));
            }
            assert_eq!(found.len(), wanted.len(), "{path}");
        }
        _ => assert_eq!(found, wanted, "{path}"),
    }
}

#[test]
fn the_versions_of_the_core_group() {
    assert_eq!(api_versions("192.0.2.2:6443"), golden("api.json"));
}

#[test]
fn the_list_of_groups() {
    let (found, wanted) = (api_group_list(&builtin(&Served::default())), golden("apis.json"));
    same(&found["groups"], &wanted["groups"], "groups");
    assert_eq!(found, wanted);
}

#[test]
fn a_single_group() {
    let groups = builtin(&Served::default());
    let group = groups.iter().find(|group| group.name == "autoscaling").expect("is built in");
    assert_eq!(api_group(group), golden("group_autoscaling.json"));
}

#[test]
fn the_resources_of_the_core_group() {
    let (found, wanted) =
        (api_resource_list("", &builtin(&Served::default())[0].versions[0]), golden("api_v1.json"));
    same(&found["resources"], &wanted["resources"], "resources");
    assert_eq!(found, wanted);
}

#[test]
fn the_resources_of_all_other_groups() {
    let wanted = golden("resource_lists.json");
    let wanted = wanted.as_array().expect("a list");
    let mut found = 0;
    for group in builtin(&Served::default()).iter().skip(1) {
        for version in &group.versions {
            let name = group_version(&group.name, &version.name);
            let wanted = wanted.iter().find(|list| list["groupVersion"] == name).expect(&name);
            let list = api_resource_list(&group.name, version);
            same(&list["resources"], &wanted["resources"], &name);
            assert_eq!(list, *wanted);
            found += 1;
        }
    }
    assert_eq!(found, wanted.len());
}

#[test]
fn everything_at_once() {
    let groups = builtin(&Served::default());
    let (core, others) = groups.split_at(1);
    for (groups, name) in [(core, "aggregated_api.json"), (others, "aggregated_apis.json")] {
        let (found, wanted) = (aggregated(groups), golden(name));
        for (found, wanted) in found["items"]
            .as_array()
            .into_iter()
            .flatten()
            .zip(wanted["items"].as_array().into_iter().flatten())
        {
            let version = |group: &Value| group["versions"][0]["resources"].clone();
            same(&version(found), &version(wanted), &wanted["metadata"].to_string());
        }
        assert_eq!(found, wanted);
    }
}

/// Where upstream kept an object of each kind in etcd, and in what form.
#[test]
fn storage_is_upstreams() {
    let wanted = golden("storage.json");
    let mut found = Map::new();
    let served = Served::default();
    for kind in crate::all() {
        if served.versions_of(kind).next().is_none() {
            continue;
        }
        // The newer events are the older ones, seen otherwise.
        let Some(storage) = kind.storage.filter(|_| kind.group != "events.k8s.io") else {
            continue;
        };
        let stored = json!({
            "key": storage.key,
            "groupVersion": storage.group_version,
            "encoding": format!("{:?}", storage.encoding),
        });
        let version = group_version(kind.group, kind.versions[0]);
        found.insert(format!("{version}/{}", kind.kind), stored);
    }
    assert_eq!(Value::from(found), wanted);
}
