//! The columns of a pod: above all its status in one word. Mirrors `printPod` of
//! `k8s.io/kubernetes/pkg/printers/internalversion`.

use crate::column::{
    self, AGE, NAME, age, flag_of, int_of, is_deleted, is_true, items, or, text, text_of, wide,
};
use crate::{Cell, Column, Row, TableRules};
use object::{Value, json};

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    text("Ready", "How many of its containers are ready."),
    text("Status", "How it is, in one word."),
    text("Restarts", "How often its containers were restarted, and when for the last time."),
    AGE,
    wide("IP", "Its first address."),
    wide("Node", "The node that it is on."),
    wide("Nominated Node", "The node where others make room for it."),
    wide("Readiness Gates", "How many of its own conditions for being ready are met."),
];

pub(super) const TABLE: TableRules = TableRules { conditions, ..TableRules::PLAIN };

pub(super) fn cells(row: &Row<'_>) -> Vec<Cell> {
    let (spec, status) = (&row.object["spec"], &row.object["status"]);
    let seen = Seen::of(row.object);
    let restarts = match seen.restarts.last {
        Some(last) if seen.restarts.count != 0 => {
            format!("{} ({} ago)", seen.restarts.count, column::human(row.now_seconds - last))
        }
        _ => seen.restarts.count.to_string(),
    };
    let ip = items(&status["podIPs"]).next().map_or("", |ip| text_of(&ip["ip"]));
    vec![
        column::name(row),
        format!("{}/{}", seen.ready, seen.total).into(),
        seen.reason.into(),
        restarts.into(),
        age(row),
        or(ip, "<none>").into(),
        or(text_of(&spec["nodeName"]), "<none>").into(),
        or(text_of(&status["nominatedNodeName"]), "<none>").into(),
        readiness_gates(row.object).into(),
    ]
}

fn conditions(pod: &Value) -> Vec<Value> {
    let (phase, message) = match text_of(&pod["status"]["phase"]) {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return Vec::new(),
    };
    vec![json!({"type": "Completed", "status": "True", "reason": phase, "message": message})]
}

fn readiness_gates(pod: &Value) -> String {
    let gates = items(&pod["spec"]["readinessGates"]);
    let total = gates.clone().count();
    if total == 0 {
        return "<none>".to_owned();
    }
    let met = gates.filter(|gate| is_true(pod, text_of(&gate["conditionType"]))).count();
    format!("{met}/{total}")
}

/// Restarts of some containers: how many, and the end of the last run before one, in seconds
/// since 1970.
#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i64,
    last: Option<i64>,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += int_of(&container["restartCount"]);
        let ended = &container["lastState"]["terminated"]["finishedAt"];
        self.last = self.last.max(column::seconds_of(ended));
    }
}

/// What the containers of a pod tell.
struct Seen {
    ready: usize,
    total: usize,
    reason: String,
    restarts: Restarts,
}

impl Seen {
    fn of(pod: &Value) -> Self {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let phase = text_of(&status["phase"]);
        let mut reason = or(text_of(&status["reason"]), phase).to_owned();
        let gated = |condition: &Value| {
            condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated"
        };
        if items(&status["conditions"]).any(gated) {
            reason = "SchedulingGated".to_owned();
        }
        let sidecars = items(&spec["initContainers"]).filter(|container| is_sidecar(container));
        let total = items(&spec["containers"]).count() + sidecars.count();
        let mut seen = Self { ready: 0, total, reason, restarts: Restarts::default() };

        let (initializing, of_sidecars) = seen.look_at_init_containers(pod);
        if !initializing || is_true(pod, "Initialized") {
            seen.restarts = of_sidecars;
            seen.look_at_containers(pod);
        }
        if is_deleted(pod) {
            if status["reason"] == "NodeLost" {
                seen.reason = "Unknown".to_owned();
            } else if phase != "Succeeded" && phase != "Failed" {
                seen.reason = "Terminating".to_owned();
            }
        }
        seen
    }

    /// Goes through the init containers up to the first that isn't done. Gives whether there is
    /// one, and the restarts of the sidecars among those seen.
    fn look_at_init_containers(&mut self, pod: &Value) -> (bool, Restarts) {
        let declared = &pod["spec"]["initContainers"];
        let mut of_sidecars = Restarts::default();
        for (index, container) in items(&pod["status"]["initContainerStatuses"]).enumerate() {
            self.restarts.add(container);
            let sidecar = items(declared)
                .rfind(|declared| declared["name"] == container["name"])
                .is_some_and(is_sidecar);
            if sidecar {
                of_sidecars.add(container);
            }
            let (terminated, waiting) =
                (&container["state"]["terminated"], &container["state"]["waiting"]);
            if !terminated.is_null() && int_of(&terminated["exitCode"]) == 0 {
                continue;
            }
            if sidecar && flag_of(&container["started"]) {
                self.ready += usize::from(flag_of(&container["ready"]));
                continue;
            }
            let waits_for = text_of(&waiting["reason"]);
            self.reason = if !terminated.is_null() {
                format!("Init:{}", end(terminated))
            } else if !waits_for.is_empty() && waits_for != "PodInitializing" {
                format!("Init:{waits_for}")
            } else {
                format!("Init:{index}/{}", column::count(declared))
            };
            return (true, of_sidecars);
        }
        (false, of_sidecars)
    }

    fn look_at_containers(&mut self, pod: &Value) {
        let (mut running, mut failure) = (false, None);
        for container in items(&pod["status"]["containerStatuses"]).rev() {
            self.restarts.add(container);
            let state = &container["state"];
            let waits_for = text_of(&state["waiting"]["reason"]);
            if !waits_for.is_empty() {
                self.reason = waits_for.to_owned();
            } else if !state["terminated"].is_null() {
                self.reason = end(&state["terminated"]);
                if int_of(&state["terminated"]["exitCode"]) != 0 {
                    failure = Some(self.reason.clone());
                }
            } else if flag_of(&container["ready"]) && !state["running"].is_null() {
                running = true;
                self.ready += 1;
            }
        }
        // One that is done does not make the pod done while others run.
        if self.reason == "Completed" {
            let ready = items(&pod["status"]["conditions"])
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
            if running && ready {
                self.reason = "Running".to_owned();
            } else if let Some(failure) = failure {
                self.reason = failure;
            } else if running {
                self.reason = "NotReady".to_owned();
            }
        }
    }
}

/// An init container that goes on running beside the others.
fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

/// How a container ended, in one word.
fn end(terminated: &Value) -> String {
    let (reason, signal) = (text_of(&terminated["reason"]), int_of(&terminated["signal"]));
    match (reason, signal) {
        ("", 0) => format!("ExitCode:{}", int_of(&terminated["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}
