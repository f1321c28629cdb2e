//! A node's volumes come and go.

use super::*;
use serde_json::{Value, json};

const UNIQUE: &str = "kubernetes.io/csi/d^h";

struct World {
    node: Option<Value>,
    wants: bool,
    attachment: Option<Value>,
    elsewhere: bool,
    rivals: Vec<(&'static str, &'static str)>,
    waited: Duration,
}

fn node(ready: &str, attached: &[&str], in_use: &[&str]) -> Option<Value> {
    let attached: Vec<_> =
        attached.iter().map(|name| json!({"name": name, "devicePath": ""})).collect();
    Some(json!({"metadata": {"name": "n"}, "status": {
        "conditions": [{"type": "Ready", "status": ready}],
        "volumesAttached": attached, "volumesInUse": in_use}}))
}

fn attachment(status: Value, ends: bool) -> Option<Value> {
    let mut value = json!({"metadata": {"name": "va"}, "status": status,
        "spec": {"attacher": "d", "nodeName": "n", "source": {"persistentVolumeName": "pv"}}});
    if ends {
        value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    Some(value)
}

fn pod(namespace: &str, name: &str) -> Arc<Pod> {
    let value = json!({"metadata": {"name": name, "namespace": namespace}});
    Arc::new(serde_json::from_value(value).expect("a pod"))
}

impl World {
    fn new(node: Option<Value>, wants: bool, attachment: Option<Value>) -> Self {
        let waited = Duration::ZERO;
        Self { node, wants, attachment, elsewhere: false, rivals: Vec::new(), waited }
    }

    fn plan(&self) -> Plan {
        let node: Option<Node> =
            self.node.clone().map(|value| serde_json::from_value(value).expect("a node"));
        let wanted = Wanted {
            name: "pv".into(),
            attacher: Attacher::Csi { driver: "d".into(), handle: "h".into() },
            is_shared: false,
            pods: vec![pod("ns", "p")],
        };
        let attachment = self.attachment.clone();
        let attachment =
            attachment.map(|value| Arc::new(serde_json::from_value(value).expect("one")));
        plan(&Snapshot {
            name: "n",
            node: node.as_ref(),
            wanted: self.wants.then(|| (UNIQUE.to_owned(), wanted)).into_iter().collect(),
            attachments: attachment.map(|one| (UNIQUE.to_owned(), one)).into_iter().collect(),
            is_elsewhere: &|_| self.elsewhere,
            rivals: &|_| self.rivals.iter().map(|(ns, name)| pod(ns, name)).collect(),
            waited: &|_| self.waited,
            forces: true,
        })
    }
}

fn report(plan: &Plan) -> Option<Vec<&str>> {
    let names = |all: &Vec<AttachedVolume>| -> Vec<String> {
        all.iter().map(|volume| volume.name.clone()).collect()
    };
    plan.report.as_ref().map(names).map(|names| {
        names.iter().map(|name| if name == UNIQUE { UNIQUE } else { "other" }).collect()
    })
}

fn texts(plan: &Plan) -> Vec<&str> {
    plan.tell.iter().map(|(_, _, _, text)| text.as_str()).collect()
}

#[test]
fn a_wanted_volume_is_attached_and_then_reported() {
    let ready = || node("True", &[], &[]);
    let asked = World::new(ready(), true, None).plan();
    let made = &asked.create[0];
    assert_eq!(made.metadata.name, Some(attachment_name("d", "h", "n")));
    assert_eq!(made.spec.source.persistent_volume_name.as_deref(), Some("pv"));
    assert!(asked.report.is_none());

    let waits = World::new(ready(), true, attachment(json!(null), false)).plan();
    assert!(waits.create.is_empty() && waits.report.is_none() && waits.delete.is_empty());

    let error = json!({"attached": false, "attachError": {"message": "no room"}});
    let failed = World::new(ready(), true, attachment(error, false)).plan();
    assert_eq!(texts(&failed), ["AttachVolume.Attach failed for volume \"pv\" : no room"]);

    let done = || attachment(json!({"attached": true}), false);
    let reported = World::new(ready(), true, done()).plan();
    assert_eq!(report(&reported), Some(vec![UNIQUE]));
    assert_eq!(texts(&reported), ["AttachVolume.Attach succeeded for volume \"pv\" "]);

    let settled = World::new(node("True", &[UNIQUE], &[UNIQUE]), true, done()).plan();
    assert!(settled.report.is_none() && settled.tell.is_empty() && settled.create.is_empty());
}

#[test]
fn a_volume_leaves_the_report_and_then_the_node() {
    let done = || attachment(json!({"attached": true}), false);
    let in_use = World::new(node("True", &[UNIQUE], &[UNIQUE]), false, done()).plan();
    assert!(in_use.report.is_none() && in_use.delete.is_empty());
    assert_eq!(in_use.waiting, [UNIQUE]);

    let free = World::new(node("True", &[UNIQUE, "x"], &["x"]), false, done()).plan();
    assert_eq!(report(&free), Some(vec!["other"]), "what others report stays while in use");
    assert_eq!((free.delete.len(), free.delete[0].is_forced), (1, false));

    let ends = attachment(json!({"attached": true}), true);
    let ending = World::new(node("True", &[UNIQUE], &[]), false, ends).plan();
    assert_eq!((report(&ending), ending.delete.len()), (Some(vec![]), 0));
}

#[test]
fn a_lost_node_lets_go_in_the_end() {
    let done = || attachment(json!({"attached": true}), false);
    let lost = || node("Unknown", &[UNIQUE], &[UNIQUE]);
    let mut world = World::new(lost(), false, done());
    world.waited = Duration::from_secs(60);
    let plan = world.plan();
    assert_eq!((plan.delete.len(), plan.look_again), (0, Some(Duration::from_secs(300))));
    world.waited = UNMOUNT_MAX;
    assert!(world.plan().delete[0].is_forced);
    world.node = node("True", &[UNIQUE], &[UNIQUE]);
    assert!(world.plan().delete.is_empty(), "a healthy one is waited for");

    let mut out = lost().expect("a node");
    out["spec"] = json!({"taints": [{"key": OUT_OF_SERVICE, "effect": "NoExecute"}]});
    assert_eq!(World::new(Some(out), false, done()).plan().delete.len(), 1);
    assert_eq!(World::new(None, false, done()).plan().delete.len(), 1, "the node is gone");
}

#[test]
fn what_one_node_may_have_waits_for_the_other() {
    let table: [(&[(&str, &str)], &str); 4] = [
        (
            &[],
            "Volume is already exclusively attached to one node and can't be attached to another",
        ),
        (&[("ns", "a"), ("ns", "b")], "Volume is already used by pod(s) a, b"),
        (&[("far", "c")], "Volume is already used by 1 pod(s) in different namespaces"),
        (
            &[("ns", "a"), ("far", "c")],
            "Volume is already used by pod(s) a and 1 pod(s) in different namespaces",
        ),
    ];
    for (rivals, why) in table {
        let mut world = World::new(node("True", &[], &[]), true, None);
        (world.elsewhere, world.rivals) = (true, rivals.to_vec());
        let plan = world.plan();
        assert!(plan.create.is_empty());
        assert_eq!(plan.blocked, [UNIQUE]);
        assert_eq!(texts(&plan), [format!("Multi-Attach error for volume \"pv\" {why}")]);
    }
}

#[test]
fn attachments_have_upstreams_names() {
    let name = attachment_name("ebs.csi.aws.com", "vol-1", "node-a");
    assert_eq!(name, RECORDED);
}

const RECORDED: &str = "csi-7ba6b8ed285c3c863d675c3b4567d68ede4307ae1a37202e02bf2c4b9f42f28b";
