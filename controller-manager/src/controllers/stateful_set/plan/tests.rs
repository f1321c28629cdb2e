//! Plans followed step by step: which pods come and go, in which order.

use super::*;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;

fn set(extra: Value) -> StatefulSet {
    let mut spec = json!({"replicas": 3, "serviceName": "svc",
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]});
    for (key, value) in extra.as_object().expect("an object") {
        spec[key] = value.clone();
    }
    serde_json::from_value(json!({
        "metadata": {"name": "db", "namespace": "ns", "uid": "s"}, "spec": spec,
    }))
    .expect("a set")
}

fn revision(name: &str) -> ControllerRevision {
    serde_json::from_value(json!({"metadata": {"name": name}, "revision": 1})).expect("a revision")
}

/// A server in miniature, whose pods run when they are told to.
struct World {
    set: StatefulSet,
    pods: Vec<Arc<Pod>>,
    update: ControllerRevision,
    current: ControllerRevision,
    claims: Mutex<HashMap<String, PersistentVolumeClaim>>,
}

impl World {
    fn new(set: StatefulSet) -> Self {
        let (update, current) = (revision("r1"), revision("r1"));
        Self { set, pods: Vec::new(), update, current, claims: Mutex::default() }
    }

    /// One sync: what was made and what was deleted, by name.
    fn step(&mut self) -> (Vec<String>, Vec<String>) {
        let plan = {
            let claim =
                |name: &str| self.claims.lock().expect("claims").get(name).cloned().map(Arc::new);
            let snapshot = Snapshot {
                set: &self.set,
                pods: self.pods.clone(),
                update: &self.update,
                current: &self.current,
                claim: &claim,
            };
            plan(&snapshot, Timestamp::UNIX_EPOCH)
        };
        let name = |pod: &Pod| pod.metadata.name.clone().expect("named");
        for action in plan.amend {
            let Action::Update { body, .. } = action else { continue };
            let claim: PersistentVolumeClaim = serde_json::from_value(body).expect("a claim");
            let name = claim.metadata.name.clone().expect("named");
            self.claims.lock().expect("claims").insert(name, claim);
        }
        for (_, claim) in plan.claims {
            let name = claim.metadata.name.clone().expect("named");
            self.claims.lock().expect("claims").insert(name, claim);
        }
        let made: Vec<String> = plan.create.iter().map(name).collect();
        let gone: Vec<String> = plan.delete.iter().map(|pod| name(pod)).collect();
        self.pods.retain(|pod| !gone.contains(&name(pod)));
        self.pods.extend(plan.create.into_iter().map(Arc::new));
        if let Some(set) = plan.status {
            let status = set.status.clone().expect("a status");
            if status.current_revision == self.update.metadata.name {
                self.current = self.update.clone();
            }
            self.set = set;
        }
        (made, gone)
    }

    fn run_all(&mut self) {
        for pod in &mut self.pods {
            Arc::make_mut(pod).status = Some(
                serde_json::from_value(json!({"phase": "Running",
                    "conditions": [{"type": "Ready", "status": "True"}]}))
                .expect("a status"),
            );
        }
    }

    fn settle(&mut self) -> Vec<String> {
        let mut log = Vec::new();
        for _ in 0..30 {
            let (made, gone) = self.step();
            if made.is_empty() && gone.is_empty() {
                self.step();
                return log;
            }
            log.extend(gone.into_iter().map(|name| format!("-{name}")));
            log.extend(made.into_iter().map(|name| format!("+{name}")));
            self.run_all();
        }
        panic!("the plan never comes to rest");
    }
}

#[test]
fn pods_come_one_by_one_and_go_in_reverse() {
    let mut world = World::new(set(json!({})));
    assert_eq!(world.step().0, ["db-0"]);
    assert_eq!(world.step().0.len(), 0, "the next waits for the first");
    world.run_all();
    assert_eq!(world.settle(), ["+db-1", "+db-2"]);
    assert!(world.claims.lock().expect("claims").contains_key("data-db-2"));
    let spec = world.pods[1].spec.clone().expect("a spec");
    assert_eq!((spec.hostname.as_deref(), spec.subdomain.as_deref()), (Some("db-1"), Some("svc")));
    world.set.spec.as_mut().expect("a spec").replicas = Some(1);
    for pod in &mut world.pods {
        let pod = Arc::make_mut(pod);
        let stays_up = pod.metadata.name.as_deref() == Some("db-0");
        pod.status = pod.status.take().filter(|_| stays_up);
    }
    assert_eq!(world.step().1.len(), 0, "the last waits for the unready one before it");
    world.run_all();
    assert_eq!(world.settle(), ["-db-2", "-db-1"]);
}

#[test]
fn of_one_that_is_going_only_the_status_is_kept() {
    let mut world = World::new(set(json!({})));
    world.step();
    world.set.metadata.deletion_timestamp =
        serde_json::from_value(json!("2026-01-01T00:00:00Z")).expect("a time");
    world.pods.clear();
    let (created, deleted) = world.step();
    assert_eq!((created.len(), deleted.len()), (0, 0));
    assert_eq!(world.set.status.as_ref().map(|status| status.replicas), Some(0));
}

#[test]
fn parallel_waits_for_nobody() {
    let mut world = World::new(set(json!({"podManagementPolicy": "Parallel"})));
    assert_eq!(world.step().0, ["db-0", "db-1", "db-2"]);
}

#[test]
fn an_update_goes_from_the_last_down_to_the_partition() {
    let mut world = World::new(set(json!({"updateStrategy": {"type": "RollingUpdate",
        "rollingUpdate": {"partition": 1}}})));
    world.settle();
    world.update = revision("r2");
    assert_eq!(world.settle(), ["-db-2", "+db-2", "-db-1", "+db-1"]);
    let status = world.set.status.clone().expect("a status");
    assert_eq!((status.updated_replicas, status.current_replicas), (Some(2), Some(1)));
    assert_eq!(status.current_revision.as_deref(), Some("r1"));
    world.pods.retain(|pod| pod.metadata.name.as_deref() != Some("db-0"));
    assert_eq!(world.settle(), ["+db-0"]);
    assert_eq!(
        revision_of(&world.pods[2]).as_deref(),
        Some("r1"),
        "below the partition it stays old"
    );
    let strategy = world.set.spec.as_mut().expect("a spec").update_strategy.as_mut();
    strategy.expect("a strategy").rolling_update = None;
    assert_eq!(world.settle(), ["-db-0", "+db-0"]);
    assert_eq!(world.set.status.expect("a status").current_revision.as_deref(), Some("r2"));
}

#[test]
fn claims_go_to_whom_they_go_with_and_hold_up_the_next() {
    let policy = json!({"whenDeleted": "Delete", "whenScaled": "Delete"});
    let mut world = World::new(set(json!({"replicas": 2, "ordinals": {"start": 5},
            "persistentVolumeClaimRetentionPolicy": policy})));
    assert_eq!(world.settle(), ["+db-5", "+db-6"]);
    let owner = |world: &World, name: &str| {
        let claims = world.claims.lock().expect("claims");
        let owners = claims[name].metadata.owner_references.clone().unwrap_or_default();
        owners.into_iter().map(|owner| owner.name).collect::<Vec<_>>()
    };
    assert_eq!(owner(&world, "data-db-6"), ["db"]);
    world.set.spec.as_mut().expect("a spec").replicas = Some(1);
    assert_eq!(world.settle(), ["-db-6"]);
    assert_eq!(owner(&world, "data-db-6"), ["db-6"]);
    world.set.spec.as_mut().expect("a spec").replicas = Some(2);
    assert_eq!(world.settle(), [""; 0], "the claim has to go first");
    world.claims.lock().expect("claims").remove("data-db-6");
    assert_eq!(world.settle(), ["+db-6"]);
}
