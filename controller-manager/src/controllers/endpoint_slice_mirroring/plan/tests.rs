//! Mirrors as they come and go with what they mirror.

use super::*;
use serde_json::{Value, json};

fn endpoints(subsets: Value) -> Endpoints {
    serde_json::from_value(json!({
        "metadata": {"name": "db", "namespace": "ns", "uid": "e", "labels": {"a": "b"},
            "annotations": {"mine": "1", NOT_COPIED[0]: "x", NOT_COPIED[1]: "y"}},
        "subsets": subsets,
    }))
    .expect("endpoints")
}

fn addresses(range: std::ops::Range<u8>) -> Value {
    range.map(|last| json!({"ip": format!("10.0.0.{last}")})).collect()
}

/// A server in miniature: does what the plan says.
#[derive(Default)]
struct World {
    slices: Vec<Arc<EndpointSlice>>,
    count: usize,
}

impl World {
    /// What was done, as `verb name`.
    fn settle(&mut self, endpoints: &Endpoints) -> Vec<String> {
        let done = self.step(endpoints);
        assert_eq!(self.step(endpoints), Vec::<String>::new(), "a second look changes nothing");
        done
    }

    fn step(&mut self, endpoints: &Endpoints) -> Vec<String> {
        let mut done = Vec::new();
        for action in plan(endpoints, &self.slices, 4).actions {
            let (verb, path, body) = match action {
                Action::Create { mut body, .. } => {
                    self.count += 1;
                    let prefix = body["metadata"]["generateName"].as_str().expect("one");
                    let name = format!("{prefix}{}", self.count);
                    body["metadata"]["name"] = json!(name);
                    ("create", name, Some(body))
                }
                Action::Update { path, body } => ("update", path, Some(body)),
                Action::Delete { path, .. } => ("delete", path, None),
                other => panic!("{other:?}"),
            };
            let name = path.rsplit('/').next().expect("a name").to_owned();
            self.slices.retain(|slice| slice.metadata.name.as_deref() != Some(&name));
            if let Some(body) = body {
                self.slices.push(Arc::new(serde_json::from_value(body).expect("a slice")));
            }
            done.push(format!("{verb} {name}"));
        }
        done.sort();
        done
    }

    fn of(&self, address_type: &str) -> &EndpointSlice {
        self.slices.iter().find(|slice| slice.address_type == address_type).expect("a slice")
    }
}

#[test]
fn a_mirror_says_what_is_mirrored_and_whose_it_is() {
    let mut world = World::default();
    let first = endpoints(json!([{
        "addresses": [{"ip": "10.0.0.1", "nodeName": "n", "hostname": "h",
                       "targetRef": {"kind": "Pod", "name": "p"}}],
        "notReadyAddresses": [{"ip": "10.0.0.010"}, {"ip": "fd00::0:1"}],
        "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}]}]));
    assert_eq!(world.settle(&first), ["create db-1", "create db-2"]);
    let slice = serde_json::to_value(world.of("IPv4")).expect("JSON");
    let meta = &slice["metadata"];
    let labels = json!({"a": "b", SERVICE_NAME: "db", MANAGED_BY: MANAGER});
    assert_eq!((&meta["labels"], &meta["annotations"]), (&labels, &json!({"mine": "1"})));
    assert_eq!(meta["ownerReferences"][0]["kind"], "Endpoints");
    assert_eq!(slice["ports"], json!([{"name": "sql", "port": 5432, "protocol": "TCP"}]));
    assert_eq!(
        slice["endpoints"],
        json!([
            {"addresses": ["10.0.0.1"], "conditions": {"ready": true}, "nodeName": "n",
             "hostname": "h", "targetRef": {"kind": "Pod", "name": "p"}},
            {"addresses": ["10.0.0.10"], "conditions": {"ready": false}},
        ])
    );
    let six = world.of("IPv6").endpoints.as_ref().expect("one")[0].addresses.clone();
    assert_eq!(six, ["fd00::1"]);
}

#[test]
fn a_mirror_follows() {
    let mut world = World::default();
    let of = |range, port: i32| json!({"addresses": addresses(range), "ports": [{"port": port}]});
    assert_eq!(world.settle(&endpoints(json!([of(1..3, 80)]))), ["create db-1"]);
    assert_eq!(world.settle(&endpoints(json!([of(1..4, 80)]))), ["update db-1"]);
    // Other ports: the slice is written anew instead of deleted.
    assert_eq!(world.settle(&endpoints(json!([of(1..4, 81)]))), ["update db-1"]);
    let two = endpoints(json!([of(1..4, 81), of(1..3, 82)]));
    assert_eq!(world.settle(&two), ["create db-2"]);
    let mut anew = two.clone();
    anew.metadata.uid = Some("another".into());
    assert_eq!(world.settle(&anew), ["update db-1", "update db-2"]);
    assert_eq!(world.settle(&endpoints(json!([]))), ["delete db-1", "delete db-2"]);
}

#[test]
fn what_is_not_mirrored_is_counted() {
    let bad = json!([{"ip": "10.0.0.1"}, {"ip": "300.0.0.1"}, {"ip": "10.0.0.2"}]);
    let given = endpoints(json!([
        {"addresses": bad, "ports": [{"port": 80}]},
        {"addresses": addresses(1..8), "ports": [{"port": 81}]},
    ]));
    let plan = plan(&given, &[], 4);
    assert_eq!((plan.invalid, plan.skipped, plan.actions.len()), (1, 4, 2));
    let mut going = given;
    going.metadata.deletion_timestamp =
        Some(serde_json::from_value(json!("2026-01-01T00:00:00Z")).expect("a time"));
    assert!(super::plan(&going, &[], 4).actions.is_empty());
}
