//! Whole rollouts, played against the plan: what it asks for is done at once.

use super::super::revision::ROLLBACK_TO;
use super::*;
use k8s_openapi::api::apps::v1::ReplicaSetStatus;
use serde_json::{Value, json};

fn now(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("valid")
}

fn deployment(image: &str, replicas: i32, strategy: Value) -> Deployment {
    serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "ns", "uid": "d", "generation": 1},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "progressDeadlineSeconds": 600, "revisionHistoryLimit": 2,
            "template": {"metadata": {"labels": {"app": "web"}},
                         "spec": {"containers": [{"name": "c", "image": image}]}},
            "strategy": strategy,
        },
    }))
    .expect("a deployment")
}

fn rolling(surge: i32, unavailable: i32) -> Value {
    json!({"type": "RollingUpdate",
           "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}})
}

/// A server and kubelets in one: sets have at once the pods that they ask for.
struct World {
    deployment: Deployment,
    sets: Vec<Arc<ReplicaSet>>,
    clock: i64,
    told: Vec<String>,
}

impl World {
    fn new(deployment: Deployment) -> Self {
        Self { deployment, sets: Vec::new(), clock: 1000, told: Vec::new() }
    }

    /// One sync; whether it changed anything.
    fn step(&mut self) -> bool {
        let running =
            |set: &&Arc<ReplicaSet>| set.status.as_ref().is_some_and(|status| status.replicas > 0);
        let snapshot = Snapshot {
            deployment: &self.deployment,
            sets: self.sets.clone(),
            running: self.sets.iter().filter(running).cloned().collect(),
        };
        let plan = plan(&snapshot, now(self.clock));
        self.clock += 1;
        let mut changed = plan.status.is_some();
        if let Some(status) = plan.status {
            self.deployment = status;
        }
        if let Some(rollback) = plan.rollback {
            assert!(!changed && plan.create.is_none() && plan.update.is_empty());
            changed = true;
            self.deployment = rollback.deployment;
            self.told.push(format!("{}: {}", rollback.tell.reason, rollback.tell.message));
        }
        for mut set in plan.create.into_iter().chain(plan.update) {
            changed = true;
            set.metadata.uid.get_or_insert_with(|| format!("uid{}", self.clock));
            set.metadata.creation_timestamp.get_or_insert(
                k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now(self.clock)),
            );
            let size = replicas(&set);
            set.status = Some(ReplicaSetStatus {
                replicas: size,
                ready_replicas: Some(size),
                available_replicas: Some(size),
                terminating_replicas: Some(0),
                ..ReplicaSetStatus::default()
            });
            self.sets.retain(|old| old.metadata.name != set.metadata.name);
            self.sets.push(Arc::new(set));
        }
        for set in plan.delete {
            changed = true;
            self.sets.retain(|old| old.metadata.name != set.metadata.name);
        }
        self.told.extend(plan.tell.into_iter().map(|telling| telling.message));
        changed
    }

    fn settle(&mut self, check: impl Fn(&Self)) {
        for _ in 0..100 {
            if !self.step() {
                return;
            }
            check(self);
        }
        panic!("the plan never comes to rest");
    }

    fn total(&self) -> i32 {
        self.sets.iter().map(|set| replicas(set)).sum()
    }

    fn sizes(&self) -> Vec<i32> {
        let mut sets: Vec<_> = self.sets.iter().collect();
        sets.sort_by_key(|set| revision::revision(set));
        sets.iter().map(|set| replicas(set)).collect()
    }

    fn annotate(&mut self, name: &str, value: &str) {
        let annotations = self.deployment.metadata.annotations.get_or_insert_default();
        annotations.insert(name.into(), value.into());
    }

    fn set_image(&mut self, image: &str) {
        let spec = self.deployment.spec.as_mut().expect("a spec");
        spec.template.spec.as_mut().expect("a pod").containers[0].image = Some(image.into());
    }

    fn progressing(&self) -> (String, String) {
        let status = self.deployment.status.clone().expect("a status");
        let condition = status::condition(&status, "Progressing").expect("a condition");
        (
            condition.reason.clone().unwrap_or_default(),
            condition.message.clone().unwrap_or_default(),
        )
    }
}

#[test]
fn a_rolling_update_never_leaves_its_bounds_and_comes_to_rest() {
    for (replicas, surge, unavailable) in [(3, 1, 0), (10, 3, 2), (4, 0, 1), (1, 1, 0)] {
        let mut world = World::new(deployment("a", replicas, rolling(surge, unavailable)));
        world.settle(|_| {});
        assert_eq!(world.sizes(), [replicas]);
        world.set_image("b");
        world.settle(|world| {
            assert!(world.total() <= replicas + surge, "{}", world.total());
            assert!(world.total() >= replicas - unavailable, "{}", world.total());
        });
        assert_eq!(world.sizes(), [0, replicas]);
        let (reason, message) = world.progressing();
        assert_eq!(reason, "NewReplicaSetAvailable");
        assert!(message.ends_with("has successfully progressed."), "{message}");
    }
}

#[test]
fn an_undo_finds_the_old_set_and_numbers_it_anew() {
    let mut world = World::new(deployment("a", 2, rolling(1, 0)));
    world.settle(|_| {});
    world.set_image("b");
    world.settle(|_| {});
    world.set_image("a");
    world.settle(|_| {});
    assert_eq!(world.sets.len(), 2);
    let annotations = world.deployment.metadata.annotations.clone().expect("annotations");
    assert_eq!(annotations[REVISION], "3");
    let set = world.sets.iter().find(|set| replicas(set) == 2).expect("the set of a");
    let annotations = set.metadata.annotations.as_ref().expect("annotations");
    assert_eq!(annotations["deployment.kubernetes.io/revision-history"], "1");
}

#[test]
fn the_old_annotation_rolls_back() {
    const DONE: &str = "DeploymentRollback: Rolled back deployment \"web\" to revision";
    const NOT_FOUND: &str = "DeploymentRollbackRevisionNotFound: Unable to find";
    let same = "DeploymentRollbackTemplateUnchanged: The rollback revision contains the same \
                template as current deployment \"web\"";
    for (images, asked, told, image, revision) in [
        ("ab", "0", format!("{DONE} 1"), "a", "3"),
        ("abc", "0", format!("{DONE} 2"), "b", "4"),
        ("abc", "1", format!("{DONE} 1"), "a", "4"),
        ("ab", "2", same.to_owned(), "b", "2"),
        ("ab", "7", format!("{NOT_FOUND} the revision to rollback to."), "b", "2"),
        ("a", "0", format!("{NOT_FOUND} last revision."), "a", "1"),
    ] {
        let mut world = World::new(deployment("a", 2, rolling(1, 0)));
        for image in images.chars() {
            world.set_image(&image.to_string());
            world.annotate("cause", &image.to_string());
            world.settle(|_| {});
        }
        world.annotate(ROLLBACK_TO, asked);
        world.settle(|_| {});
        assert!(world.told.contains(&told), "{images} {asked}: {:?}", world.told);
        let annotations = world.deployment.metadata.annotations.clone().expect("annotations");
        assert!(!annotations.contains_key(ROLLBACK_TO));
        assert_eq!((&*annotations["cause"], &*annotations[REVISION]), (image, revision), "{asked}");
        let template = &world.deployment.spec.as_ref().expect("a spec").template;
        let labels = template.metadata.as_ref().and_then(|m| m.labels.clone()).expect("labels");
        assert_eq!(labels.len(), 1, "{labels:?}");
        let pod = template.spec.as_ref().expect("a pod");
        assert_eq!(pod.containers[0].image.as_deref(), Some(image), "{images} {asked}");
    }
}

#[test]
fn who_is_paused_or_asks_for_no_number_is_not_rolled_back() {
    for (asked, paused) in [("1", true), ("the last", false), ("", false)] {
        let mut world = World::new(deployment("a", 2, rolling(1, 0)));
        world.settle(|_| {});
        world.set_image("b");
        world.settle(|_| {});
        world.deployment.spec.as_mut().expect("a spec").paused = Some(paused);
        world.annotate(ROLLBACK_TO, asked);
        world.settle(|_| {});
        let annotations = world.deployment.metadata.annotations.as_ref().expect("annotations");
        assert_eq!(annotations[ROLLBACK_TO], asked);
        assert_eq!(world.sizes(), [0, 2]);
    }
}

#[test]
fn history_beyond_the_limit_is_deleted() {
    let mut world = World::new(deployment("a", 1, rolling(1, 0)));
    for image in ["a", "b", "c", "d", "e"] {
        world.set_image(image);
        world.settle(|_| {});
    }
    assert_eq!(world.sizes(), [0, 0, 1]);
}

#[test]
fn recreate_waits_for_the_old_pods_to_end() {
    let mut world = World::new(deployment("a", 3, json!({"type": "Recreate"})));
    world.settle(|_| {});
    assert_eq!(world.sizes(), [3]);
    world.set_image("b");
    world.settle(|world| {
        let up = world.sets.iter().filter(|set| replicas(set) > 0).count();
        assert!(up <= 1, "old and new pods at once");
    });
    assert_eq!(world.sizes(), [0, 3]);
}

#[test]
fn a_pause_stops_the_rollout_but_not_the_scaling() {
    let mut world = World::new(deployment("a", 4, rolling(1, 0)));
    world.settle(|_| {});
    world.deployment.spec.as_mut().expect("a spec").paused = Some(true);
    world.set_image("b");
    world.settle(|_| {});
    assert_eq!(world.sizes(), [4]);
    assert_eq!(world.progressing().0, "DeploymentPaused");
    world.deployment.spec.as_mut().expect("a spec").replicas = Some(6);
    world.settle(|_| {});
    assert_eq!(world.sizes(), [6]);
    world.deployment.spec.as_mut().expect("a spec").paused = Some(false);
    world.settle(|_| {});
    assert_eq!(world.sizes(), [0, 6]);
}

#[test]
fn events_are_in_upstreams_words() {
    let mut world = World::new(deployment("a", 3, rolling(1, 0)));
    world.settle(|_| {});
    let name = world.sets[0].metadata.name.clone().expect("named");
    assert_eq!(world.told, [format!("Scaled up replica set {name} from 0 to 3")]);
}

#[test]
fn no_progress_is_an_error_after_its_time() {
    let mut world = World::new(deployment("a", 1, rolling(1, 0)));
    world.step();
    let stuck: Vec<_> = world
        .sets
        .iter()
        .map(|set| Arc::new(ReplicaSet { status: None, ..(**set).clone() }))
        .collect();
    world.sets = stuck;
    world.step();
    world.clock += 700;
    world.step();
    assert_eq!(world.progressing().0, "ProgressDeadlineExceeded");
}
