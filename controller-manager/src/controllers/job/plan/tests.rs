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
    told: Vec<&'static str>,
}

impl World {
    fn new(job: Job) -> Self {
        Self { job, pods: Vec::new(), made: 0, now: 1000, told: Vec::new() }
    }

    fn step(&mut self) -> bool {
        if is_finished(&self.job) {
            return false;
        }
        let snapshot = Snapshot { job: &self.job, pods: self.pods.clone(), manage: true };
        let plan = plan(&snapshot, Timestamp::from_second(self.now).expect("valid"));
        let changed = plan.status.is_some() || !plan.create.is_empty() || !plan.delete.is_empty();
        for removal in plan.delete {
            self.pods.retain(|pod| pod.metadata.uid.as_ref() != Some(&removal.uid));
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
        }
        for action in plan.release {
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
    assert_eq!((world.running(), world.told.clone()), (0, vec!["Suspended"]));
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
