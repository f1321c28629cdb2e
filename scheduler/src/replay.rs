//! What upstream's kube-scheduler decided in scripted clusters, decided again by ours.
//!
//! Each file of `tests/golden/scheduler` has a cluster, the pods that came then, one after the
//! other, and under `upstream` what v1.36.3 made of each: the node, or the message of its event,
//! with the node and the victims where room was made.

use crate::cache::Cache;
use crate::cycle::{Decision, Search, schedule};
use crate::plugin_args::Candidates;
use crate::plugins::testing::default_rows;
use crate::pod::PodInfo;
use crate::preemption::{Preemption, preempt};
use crate::surroundings::Shelf;
use control::selector::{Matcher, matches_all};
use control::{Informed, Key};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// A few of the ways in which chance can fall: none may change the outcome.
const CHANCES: [u64; 3] = [0, 1, 5];

#[derive(Default)]
struct Cluster {
    cache: Cache,
    classes: HashMap<String, Value>,
    services: Vec<Service>,
}

impl Cluster {
    fn take(&mut self, object: &Value) {
        let around = self.cache.around();
        match object["kind"].as_str().expect("a kind") {
            "Node" => self.cache.set_node(Arc::new(read::<Node>(object))),
            "Namespace" => put(&mut around.namespaces, object),
            "PersistentVolumeClaim" => put(&mut around.claims, object),
            "PersistentVolume" => put(&mut around.volumes, object),
            "StorageClass" => put(&mut around.classes, object),
            "CSINode" => put(&mut around.csi_nodes, object),
            "PodDisruptionBudget" => put(&mut around.budgets, object),
            "Service" => self.services.push(read(object)),
            "PriorityClass" => {
                let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
                self.classes.insert(name, object.clone());
            }
            "Pod" => {
                let pod = self.pod(object);
                let node = pod.spec().node_name.clone().expect("it is there already");
                self.cache.place(Arc::new(pod), &node);
            }
            other => panic!("{other}: nobody knows this kind"),
        }
    }

    /// `object` as the API server would have it, and with what its services select.
    fn pod(&self, object: &Value) -> PodInfo {
        let mut object = object.clone();
        if let Some(class) = object["spec"]["priorityClassName"].as_str() {
            let class = self.classes[class].clone();
            object["spec"]["priority"] = class["value"].clone();
            object["spec"]["preemptionPolicy"] = class["preemptionPolicy"].clone();
        }
        let mut pod: Pod = read(&object);
        pod.metadata.uid = Some(Key::of(&pod).to_string());
        let labels = pod.metadata.labels.clone();
        let mut info = PodInfo::new(Arc::new(pod));
        for service in &self.services {
            let wanted = service.spec.as_ref().and_then(|spec| spec.selector.clone());
            if matches_all(&wanted.clone().unwrap_or_default(), labels.as_ref()) {
                let selector = LabelSelector { match_labels: wanted, ..LabelSelector::default() };
                info.kin.push(Matcher::new(&selector).expect("sound"));
            }
        }
        info
    }

    fn decide(&mut self, pod: &PodInfo, chance: u64) -> Value {
        let nodes = self.cache.snapshot();
        let name = &pod.key.name;
        let start = usize::try_from(chance).expect("small");
        let search = Search { percent: 0, start, chance };
        let mut refusal = match schedule(pod, &nodes, &default_rows(), search) {
            Decision::Bind { node, .. } => return json!({"pod": name, "node": node}),
            Decision::Refuse(refusal) => refusal,
        };
        if refusal.nodes == 0 {
            return json!({"pod": name, "message": refusal.message()});
        }
        match preempt(pod, &nodes, &default_rows(), &refusal, Some(Candidates::default()), chance) {
            Preemption::Nothing { sentence, .. } => {
                refusal.preemption = Some(sentence);
                json!({"pod": name, "message": refusal.message()})
            }
            Preemption::Room { node, victims } => {
                let mut gone: Vec<_> = victims.iter().map(|victim| &victim.key.name).collect();
                gone.sort();
                json!({"pod": name, "message": refusal.message(), "nominated": node,
                       "victims": gone})
            }
        }
    }
}

fn read<K: serde::de::DeserializeOwned>(object: &Value) -> K {
    serde_json::from_value(object.clone()).expect("an object of its kind")
}

fn put<K: Informed>(shelf: &mut Shelf<K>, object: &Value) {
    let object: K = read(object);
    Arc::make_mut(shelf).insert(Key::of(&object), Arc::new(object));
}

#[test]
fn decisions_and_messages_are_upstreams() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/scheduler");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file")).collect();
    files.sort_by_key(std::fs::DirEntry::file_name);
    assert!(files.len() > 30, "{} cases", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file.path()).expect("text");
        let case: Value = serde_json::from_str(&text).expect("JSON");
        let mut cluster = Cluster::default();
        for object in case["objects"].as_array().expect("objects") {
            cluster.take(object);
        }
        let pods = case["pods"].as_array().expect("pods");
        let expected = case["upstream"].as_array().expect("what upstream made of them");
        assert_eq!(pods.len(), expected.len(), "{:?}", file.file_name());
        for (pod, expected) in pods.iter().zip(expected) {
            let pod = cluster.pod(pod);
            for chance in CHANCES {
                let got = cluster.decide(&pod, chance);
                if got != *expected {
                    wrong.push(format!(
                        "{:?}\n  ours     {got}\n  upstream {expected}",
                        file.file_name()
                    ));
                }
            }
            if let Some(node) = expected["node"].as_str() {
                cluster.cache.place(Arc::new(pod), node);
            } else if let Some(node) = expected["nominated"].as_str() {
                cluster.cache.nominate(Arc::new(pod), node);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
