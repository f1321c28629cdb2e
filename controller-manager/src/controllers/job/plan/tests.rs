//! Jobs played to their end against the plan.

use super::*;
use serde_json::{Value, json};

fn job(spec: Value) -> Job {
    let mut whole = json!({"template": {"spec": {"containers": [{"name": "c"}],
        "restartPolicy": "Never"}}, "parallelism": 1, "backoffLimit": 1});
    for (key, value) in spec.as_object().expect("an object") {
        whole[key] = value.clone();
    }
    serde_json::from_value(json!({
        "metadata": {"name": "j", "namespace": "ns", "uid": "j"}, "spec": whole,
    }))
    .expect("a job")
}

/// A server in miniature, whose pods end when they are told to.
struct World {
    job: Job,
    pods: Vec<Arc<Pod>>,
    made: usize,
    now: i64,
    told: Vec<String>,
    memory: Memory,
    /// Whether pods that are deleted run on for a while.
    lingers: bool,
}

impl World {
    fn new(job: Job) -> Self {
        Self {
            job,
            pods: Vec::new(),
            made: 0,
            now: 1000,
            told: Vec::new(),
            memory: Memory::default(),
            lingers: false,
        }
    }

    fn step(&mut self) -> bool {
        if is_finished(&self.job) {
            return false;
        }
        let snapshot = Snapshot {
            job: &self.job,
            pods: self.pods.clone(),
            manage: true,
            memory: &self.memory,
        };
        let plan = plan(&snapshot, Timestamp::from_second(self.now).expect("valid"));
        let changed = plan.status.is_some() || !plan.create.is_empty() || !plan.delete.is_empty();
        for removal in plan.delete {
            if self.lingers {
                let now = Timestamp::from_second(self.now).expect("valid");
                self.change(&removal.key.name, |pod| {
                    pod.metadata.deletion_timestamp = Some(Time(now));
                });
            } else {
                self.pods.retain(|pod| pod.metadata.uid.as_ref() != Some(&removal.uid));
            }
        }
        for action in plan.create {
            let Action::Create { mut body, .. } = action else { panic!("a create") };
            self.made += 1;
            body["metadata"]["name"] = json!(format!("p{}", self.made));
            body["metadata"]["uid"] = json!(format!("p{}", self.made));
            body["status"] = json!({"phase": "Running"});
            self.pods.push(Arc::new(serde_json::from_value(body).expect("a pod")));
        }
        if let Some(job) = plan.status {
            self.job = job;
            self.memory.backoff = plan.backoff;
        }
        for (_, action) in plan.release {
            let Action::Patch { path, .. } = action else { panic!("a patch") };
            let name = path.rsplit('/').next().expect("a name").to_owned();
            self.change(&name, |pod| pod.metadata.finalizers = None);
        }
        self.told.extend(plan.tell.into_iter().map(|(_, reason, _)| reason));
        changed
    }

    fn settle(&mut self) {
        for _ in 0..20 {
            if !self.step() {
                return;
            }
        }
        panic!("the plan never comes to rest");
    }

    fn change(&mut self, name: &str, change: impl Fn(&mut Pod)) {
        for pod in &mut self.pods {
            if pod.metadata.name.as_deref() == Some(name) {
                change(Arc::make_mut(pod));
            }
        }
    }

    /// Ends the running pod of `index` with the exit code `code`, now.
    fn exit(&mut self, index: i32, code: i32) {
        let now = Timestamp::from_second(self.now).expect("valid");
        for pod in &mut self.pods {
            let is_it = pod::index(pod).unwrap_or(0) == index && pods::phase(pod) == "Running";
            if is_it {
                Arc::make_mut(pod).status = serde_json::from_value(json!({
                    "phase": if code == 0 { "Succeeded" } else { "Failed" },
                    "containerStatuses": [{"name": "c", "state": {"terminated":
                        {"exitCode": code, "finishedAt": now.to_string()}}}],
                }))
                .expect("a status");
            }
        }
    }

    fn reason(&self) -> String {
        let status = self.job.status.clone().expect("a status");
        let last = status.conditions.into_iter().flatten().next_back();
        last.and_then(|condition| condition.reason).unwrap_or_default()
    }

    fn indexes(&self) -> (Option<String>, Option<String>) {
        let status = self.job.status.clone().expect("a status");
        (status.completed_indexes, status.failed_indexes)
    }

    /// Ends every running pod.
    fn end_all(&mut self, phase: &str) {
        for pod in &mut self.pods {
            let pod = Arc::make_mut(pod);
            let status = pod.status.as_mut().expect("a status");
            if status.phase.as_deref() == Some("Running") {
                status.phase = Some(phase.into());
            }
        }
    }

    fn running(&self) -> usize {
        self.pods.iter().filter(|pod| pods::is_active(pod)).count()
    }

    fn counts(&self) -> (i32, i32, i32) {
        let status = self.job.status.clone().expect("a status");
        let or_none = |count: Option<i32>| count.unwrap_or(0);
        (or_none(status.active), or_none(status.succeeded), or_none(status.failed))
    }

    fn conditions(&self) -> Vec<String> {
        let status = self.job.status.clone().expect("a status");
        status.conditions.into_iter().flatten().map(|condition| condition.type_).collect()
    }
}

#[test]
fn completions_are_reached_in_batches_and_each_pod_counts_once() {
    let mut world = World::new(job(json!({"completions": 5, "parallelism": 2})));
    world.settle();
    assert_eq!((world.running(), world.counts()), (2, (2, 0, 0)));
    world.end_all("Succeeded");
    world.settle();
    assert_eq!((world.running(), world.counts()), (2, (2, 2, 0)));
    world.end_all("Succeeded");
    world.settle();
    assert_eq!(world.running(), 1);
    world.end_all("Succeeded");
    world.settle();
    assert_eq!((world.made, world.counts()), (5, (0, 5, 0)));
    assert_eq!(world.conditions(), ["SuccessCriteriaMet", "Complete"]);
    assert_eq!(world.told, ["Completed"]);
    assert!(world.job.status.expect("a status").completion_time.is_some());
}

#[test]
fn too_many_failures_end_it() {
    let mut world = World::new(job(json!({"completions": 1})));
    world.settle();
    world.end_all("Failed");
    world.settle();
    assert_eq!((world.running(), world.counts()), (1, (1, 0, 1)));
    world.end_all("Failed");
    world.settle();
    assert_eq!(world.counts(), (0, 0, 2));
    assert_eq!(world.conditions(), ["FailureTarget", "Failed"]);
    assert_eq!(world.told, ["BackoffLimitExceeded"]);
}

#[test]
fn an_indexed_job_makes_each_index_once() {
    let mut world =
        World::new(job(json!({"completions": 3, "parallelism": 2, "completionMode": "Indexed"})));
    world.settle();
    let first = &world.pods[1];
    assert_eq!(pod::index(first), Some(1));
    assert_eq!(first.spec.as_ref().and_then(|spec| spec.hostname.as_deref()), Some("j-1"));
    world.end_all("Succeeded");
    world.settle();
    world.end_all("Succeeded");
    world.settle();
    let status = world.job.status.clone().expect("a status");
    assert_eq!(status.completed_indexes.as_deref(), Some("0-2"));
    assert_eq!(world.made, 3);
    assert!(is_finished(&world.job));
}

#[test]
fn a_suspended_job_has_no_pods_and_its_clock_stands() {
    let mut world = World::new(job(json!({"completions": 1, "suspend": true})));
    world.settle();
    assert_eq!((world.running(), world.told.clone()), (0, vec!["Suspended".to_owned()]));
    world.job.spec.as_mut().expect("a spec").suspend = Some(false);
    world.settle();
    assert_eq!(world.running(), 1);
    world.job.spec.as_mut().expect("a spec").suspend = Some(true);
    world.settle();
    assert_eq!((world.running(), world.counts()), (0, (0, 0, 0)), "what it stops is no failure");
}

#[test]
fn a_deadline_ends_it_and_stops_its_pods() {
    let mut world = World::new(job(json!({"completions": 1, "activeDeadlineSeconds": 30})));
    world.settle();
    world.now += 31;
    world.settle();
    assert_eq!(world.running(), 0);
    assert_eq!(world.conditions(), ["FailureTarget", "Failed"]);
}

#[test]
fn failures_wait_longer_each_time() {
    let mut world = World::new(job(json!({"completions": 1, "backoffLimit": 9})));
    for wait in [10, 20, 40] {
        world.settle();
        assert_eq!(world.running(), 1);
        world.exit(0, 1);
        world.settle();
        world.now += wait - 1;
        world.settle();
        assert_eq!(world.running(), 0, "{wait}");
        world.now += 1;
    }
    assert_eq!(world.counts().2, 3);
}

#[test]
fn a_pod_failure_policy_fails_the_job_or_looks_away() {
    let rules = json!({"rules": [
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3]}},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [5]}},
    ]});
    let spec = json!({"completions": 1, "backoffLimit": 0, "podFailurePolicy": rules});
    let mut world = World::new(job(spec));
    world.settle();
    world.exit(0, 3);
    world.settle();
    assert_eq!(world.counts(), (0, 0, 0), "an ignored failure doesn't count");
    world.now += 10;
    world.settle();
    assert_eq!(world.running(), 1, "but it is waited after");
    world.exit(0, 5);
    world.settle();
    assert_eq!(world.conditions(), ["FailureTarget", "Failed"]);
    assert_eq!((world.reason(), world.counts()), ("PodFailurePolicy".into(), (0, 0, 1)));
    assert_eq!(world.told, ["PodFailurePolicy"]);
}

#[test]
fn each_index_has_its_own_limit() {
    let spec = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed",
                      "backoffLimit": 99, "backoffLimitPerIndex": 1});
    let mut world = World::new(job(spec));
    world.settle();
    assert_eq!(world.indexes(), (None, Some(String::new())));
    world.exit(0, 1);
    world.settle();
    assert_eq!((world.running(), world.counts().2), (1, 0), "held until its successor is made");
    world.now += 10;
    world.settle();
    assert_eq!((world.running(), world.counts().2), (2, 1));
    let next = world.pods.iter().rfind(|pod| pod::index(pod) == Some(0)).expect("the next");
    assert_eq!(Failures::before(next), Failures { counted: 1, ignored: 0 });
    world.exit(0, 1);
    world.settle();
    assert_eq!(world.indexes(), (None, Some("0".into())));
    assert_eq!((world.running(), world.counts().2), (1, 2), "the other index goes on");
    world.exit(1, 0);
    world.settle();
    assert_eq!(world.indexes(), (Some("1".into()), Some("0".into())));
    assert_eq!(world.conditions(), ["FailureTarget", "Failed"]);
    assert_eq!(world.reason(), "FailedIndexes");
}

#[test]
fn too_many_failed_indexes_end_it_and_an_index_can_fail_at_once() {
    let rules = json!({"rules": [
        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [5]}}]});
    let spec = json!({"completions": 4, "parallelism": 3, "completionMode": "Indexed",
        "backoffLimit": 99, "backoffLimitPerIndex": 1, "maxFailedIndexes": 1,
        "podFailurePolicy": rules});
    let mut world = World::new(job(spec));
    world.settle();
    world.exit(0, 5);
    world.settle();
    assert_eq!(world.indexes().1, Some("0".into()));
    assert_eq!(world.running(), 3, "the room goes to the next index");
    world.exit(1, 5);
    world.settle();
    assert_eq!((world.running(), world.reason()), (0, "MaxFailedIndexesExceeded".into()));
    assert_eq!(world.counts(), (0, 0, 4), "what it stops has failed too");
}

#[test]
fn a_success_policy_ends_it_early() {
    let spec = json!({"completions": 5, "parallelism": 5, "completionMode": "Indexed",
        "successPolicy": {"rules": [{"succeededIndexes": "2-3", "succeededCount": 1}]}});
    let mut world = World::new(job(spec));
    world.settle();
    world.exit(0, 0);
    world.settle();
    assert_eq!(world.running(), 4);
    world.lingers = true;
    world.exit(3, 0);
    world.settle();
    assert_eq!(world.conditions(), ["SuccessCriteriaMet"], "pods still run");
    world.pods.retain(|pod| !pods::is_terminating(pod));
    world.settle();
    assert_eq!(world.conditions(), ["SuccessCriteriaMet", "Complete"]);
    assert_eq!((world.reason(), world.counts()), ("SuccessPolicy".into(), (0, 2, 0)));
    assert_eq!(world.indexes().0, Some("0,3".into()));
}

#[test]
fn a_pod_is_replaced_while_it_ends_or_after() {
    for (policy, running) in [("TerminatingOrFailed", 1), ("Failed", 0)] {
        let mut world = World::new(job(json!({"completions": 1, "podReplacementPolicy": policy})));
        world.settle();
        let stamp = Timestamp::from_second(world.now - 60).expect("valid");
        world.change("p1", |pod| pod.metadata.deletion_timestamp = Some(Time(stamp)));
        world.settle();
        assert_eq!(world.running(), running, "{policy}");
        let status = world.job.status.clone().expect("a status");
        assert_eq!(status.terminating, Some(1));
        world.change("p1", |pod| {
            pod.status.as_mut().expect("a status").phase = Some("Failed".into())
        });
        world.settle();
        assert_eq!((world.running(), world.counts().2), (1, 1), "{policy}");
    }
}

#[test]
fn an_indexed_job_grows_and_shrinks() {
    let spec = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed"});
    let mut world = World::new(job(spec));
    world.settle();
    let resize = |world: &mut World, size| {
        let spec = world.job.spec.as_mut().expect("a spec");
        (spec.completions, spec.parallelism) = (Some(size), Some(size));
        world.settle();
    };
    resize(&mut world, 4);
    assert_eq!(world.running(), 4);
    world.exit(3, 0);
    world.settle();
    assert_eq!(world.counts(), (3, 1, 0));
    resize(&mut world, 1);
    assert_eq!((world.running(), world.counts()), (1, (1, 0, 0)), "index 3 is no more");
    world.exit(0, 0);
    world.settle();
    assert!(is_finished(&world.job));
    assert_eq!(world.indexes().0, Some("0".into()));
}

#[test]
fn what_was_released_is_not_counted_twice() {
    let mut world = World::new(job(json!({"completions": 2, "parallelism": 1})));
    world.settle();
    world.end_all("Succeeded");
    // The finalizer is off, though the informer doesn't show it.
    world.job.status.as_mut().expect("a status").uncounted_terminated_pods =
        Some(UncountedTerminatedPods { succeeded: Some(vec!["p1".into()]), failed: None });
    world.memory.released.insert("p1".into());
    world.step();
    assert_eq!((world.made, world.counts()), (2, (1, 1, 0)));
}

#[test]
fn pods_that_could_not_be_made_are_not_active() {
    let with = |active: Option<i32>| {
        let status = JobStatus { active, ready: Some(0), ..JobStatus::default() };
        Job { status: Some(status), ..job(json!({})) }
    };
    // (before, planned, missing, what is written)
    let table = [
        (None, Some(Some(3)), 0, Some(Some(3))),
        (None, Some(Some(3)), 2, Some(Some(1))),
        (None, Some(Some(3)), 3, None),
        (Some(1), None, 1, Some(None)),
        (Some(1), None, 0, None),
    ];
    for (before, planned, missing, written) in table {
        let next = without(&with(before), planned.map(with), missing);
        let active = next.map(|next| next.status.expect("a status").active);
        assert_eq!(active, written, "{before:?} {planned:?} {missing}");
    }
}
