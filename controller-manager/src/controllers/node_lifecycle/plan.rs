//! What to say of one node: pure.

use control::Action;
use k8s_openapi::api::core::v1::{Node, NodeCondition, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// The conditions that a silent node is said to be in, and the taints of conditions: type, the
/// status that taints, the taint.
const TAINTS: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];
const KUBELET_CONDITIONS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// Labels of today, and the names that they had before.
const LABELS: [(&str, &str); 2] = [
    ("kubernetes.io/os", "beta.kubernetes.io/os"),
    ("kubernetes.io/arch", "beta.kubernetes.io/arch"),
];

/// What this process knows beyond the object.
#[derive(Clone, Debug)]
pub(super) struct Health {
    pub(super) silent_for: Duration,
    pub(super) grace: Duration,
    pub(super) is_any_ready: bool,
}

/// What to write.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The node's conditions, where they change.
    pub(super) status: Option<Action>,
    /// Whether it was ready until now.
    pub(super) fell_silent: bool,
    /// Whether it is known not to be ready.
    pub(super) is_unready: bool,
    /// Labels to set: the old names of what the kubelet says of its machine.
    pub(super) labels: BTreeMap<&'static str, String>,
    /// Its taints, where they change.
    pub(super) taints: Option<Vec<Taint>>,
    /// Whether the new taints make pods go.
    pub(super) evicts: bool,
}

impl Plan {
    /// Leaves out what would make pods go; the rest stands.
    pub(super) fn put_off(&mut self, node: &Node) {
        self.evicts = false;
        let old = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
        let Some(taints) = &mut self.taints else { return };
        taints.retain(|taint| {
            taint.effect != "NoExecute" || !is_of_readiness(&taint.key) || old.contains(taint)
        });
        if keys(taints) == keys(old) {
            self.taints = None;
        }
    }
}

/// Plans for `node`.
pub(super) fn plan(node: &Node, health: &Health, now: Timestamp) -> Plan {
    let mut node = node.clone();
    let mut plan = Plan::default();
    if health.silent_for > health.grace {
        let was_ready = is_ready(&node);
        if say_unknown(&mut node, now) {
            plan.status = Some(Action::update_status(&node));
            plan.fell_silent = was_ready;
        }
    }
    let ready = condition(&node, "Ready").map(|condition| condition.status.clone());
    plan.is_unready = ready.as_deref().is_some_and(|status| status != "True");
    plan.labels = old_labels(&node);
    let old = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let new = taints(&node, &old, health.is_any_ready, now);
    if keys(&old) != keys(&new) {
        let evicting = |taints: &[Taint]| {
            taints.iter().any(|t| t.effect == "NoExecute" && is_of_readiness(&t.key))
        };
        plan.evicts = evicting(&new) && !evicting(&old);
        plan.taints = Some(new);
    }
    plan
}

/// Labels of the first generation that don't say what those of the second do.
fn old_labels(node: &Node) -> BTreeMap<&'static str, String> {
    let Some(labels) = &node.metadata.labels else { return BTreeMap::new() };
    let stale = LABELS.into_iter().filter_map(|(new, old)| {
        let value = labels.get(new)?;
        (labels.get(old) != Some(value)).then(|| (old, value.clone()))
    });
    stale.collect()
}

/// What tells taints apart, sorted.
fn keys(taints: &[Taint]) -> Vec<(String, String)> {
    let mut keys: Vec<_> =
        taints.iter().map(|taint| (taint.key.clone(), taint.effect.clone())).collect();
    keys.sort();
    keys
}

/// Whether it is ready now.
pub(super) fn is_ready(node: &Node) -> bool {
    condition(node, "Ready").is_some_and(|condition| condition.status == "True")
}

/// Whether a kubelet ever spoke of its readiness.
pub(super) fn was_ready_once(node: &Node) -> bool {
    condition(node, "Ready").is_some()
}

fn condition<'a>(node: &'a Node, kind: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Makes every condition of the kubelet `Unknown`; whether any changed.
fn say_unknown(node: &mut Node, now: Timestamp) -> bool {
    let created = node.metadata.creation_timestamp.clone();
    let conditions = node.status.get_or_insert_default().conditions.get_or_insert_default();
    let mut changed = false;
    for kind in KUBELET_CONDITIONS {
        match conditions.iter_mut().find(|condition| condition.type_ == kind) {
            None => conditions.push(NodeCondition {
                type_: kind.into(),
                status: "Unknown".into(),
                reason: Some("NodeStatusNeverUpdated".into()),
                message: Some("Kubelet never posted node status.".into()),
                last_heartbeat_time: created.clone(),
                last_transition_time: Some(Time(now)),
            }),
            Some(condition) if condition.status != "Unknown" => {
                condition.status = "Unknown".into();
                condition.reason = Some("NodeStatusUnknown".into());
                condition.message = Some("Kubelet stopped posting node status.".into());
                condition.last_transition_time = Some(Time(now));
            }
            Some(_) => continue,
        }
        changed = true;
    }
    changed
}

fn is_of_readiness(key: &str) -> bool {
    key == NOT_READY || key == UNREACHABLE
}

/// The taints that `node` should have: those of others, and ours.
fn taints(node: &Node, old: &[Taint], is_any_ready: bool, now: Timestamp) -> Vec<Taint> {
    let is_ours = |taint: &Taint| match taint.effect.as_str() {
        "NoSchedule" => {
            taint.key == UNSCHEDULABLE || TAINTS.iter().any(|(.., key)| *key == taint.key)
        }
        "NoExecute" => is_of_readiness(&taint.key),
        _ => false,
    };
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for (kind, status, key) in TAINTS {
        if condition(node, kind).is_some_and(|condition| condition.status == status) {
            wanted.push((key, "NoSchedule"));
            if kind == "Ready" && is_any_ready {
                wanted.push((key, "NoExecute"));
            }
        }
    }
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        wanted.push((UNSCHEDULABLE, "NoSchedule"));
    }
    // What makes pods go is judged only by a node's readiness; what keeps them away, by whatever
    // conditions it has: without any, it loses even the taint of its birth.
    let is_unknown = condition(node, "Ready").is_none();
    let mut taints: Vec<Taint> = old
        .iter()
        .filter(|taint| {
            !is_ours(taint)
                || wanted.contains(&(taint.key.as_str(), taint.effect.as_str()))
                || (is_unknown && taint.effect == "NoExecute")
        })
        .cloned()
        .collect();
    for (key, effect) in wanted {
        if !taints.iter().any(|taint| taint.key == key && taint.effect == effect) {
            taints.push(Taint {
                key: key.into(),
                effect: effect.into(),
                value: None,
                time_added: Some(Time(now)),
            });
        }
    }
    taints
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn node(ready: Option<&str>, taints: Value) -> Node {
        let conditions: Vec<_> =
            ready.map(|status| json!({"type": "Ready", "status": status})).into_iter().collect();
        serde_json::from_value(json!({"metadata": {"name": "n"}, "spec": {"taints": taints},
            "status": {"conditions": conditions}}))
        .expect("a node")
    }

    fn health(silent_seconds: u64, is_any_ready: bool) -> Health {
        Health {
            silent_for: Duration::from_secs(silent_seconds),
            grace: Duration::from_secs(50),
            is_any_ready,
        }
    }

    fn named(plan: &Plan) -> Vec<String> {
        let taints = plan.taints.iter().flatten();
        taints.map(|taint| format!("{}:{}", taint.key, taint.effect)).collect()
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_node_that_is_not_known_to_be_unready_loses_the_taint_of_its_birth() {
        let born = || {
            json!([{"key": NOT_READY, "effect": "NoSchedule"},
                   {"key": UNREACHABLE, "effect": "NoExecute"},
                   {"key": "mine", "effect": "NoSchedule"}])
        };
        let not_ready = format!("{NOT_READY}:NoSchedule");
        let unreachable = format!("{UNREACHABLE}:NoExecute");
        let evicting = format!("{NOT_READY}:NoExecute");
        for (ready, rest) in [
            (Some("True"), vec!["mine:NoSchedule"]),
            (None, vec![&*unreachable, "mine:NoSchedule"]),
            (Some("False"), vec![&*not_ready, "mine:NoSchedule", &*evicting]),
        ] {
            let result = plan(&node(ready, born()), &health(0, true), NOW);
            assert_eq!(named(&result), rest, "{ready:?}");
        }
    }

    #[test]
    fn a_silent_node_becomes_unknown_and_unreachable() {
        let result = plan(&node(Some("True"), json!([])), &health(51, true), NOW);
        assert!(result.fell_silent && result.is_unready && result.evicts);
        assert_eq!(
            named(&result),
            [format!("{UNREACHABLE}:NoSchedule"), format!("{UNREACHABLE}:NoExecute")]
        );
        let Some(Action::Update { body, .. }) = result.status else { panic!("a status") };
        assert_eq!(body["status"]["conditions"][0]["reason"], "NodeStatusUnknown");
        assert_eq!(body["status"]["conditions"][1]["reason"], "NodeStatusNeverUpdated");

        let quiet = plan(&node(Some("True"), json!([])), &health(49, true), NOW);
        assert!(quiet.status.is_none() && quiet.taints.is_none());
    }

    #[test]
    fn what_is_put_off_leaves_the_rest() {
        let silent = node(Some("True"), json!([]));
        let mut result = plan(&silent, &health(51, true), NOW);
        result.put_off(&silent);
        assert_eq!(named(&result), [format!("{UNREACHABLE}:NoSchedule")]);
        let told = node(Some("Unknown"), json!([{"key": UNREACHABLE, "effect": "NoSchedule"}]));
        let mut result = plan(&told, &health(51, true), NOW);
        assert!(result.evicts);
        result.put_off(&told);
        assert!(result.taints.is_none());
    }

    #[test]
    fn labels_of_both_generations_say_the_same() {
        const OLD: &str = "beta.kubernetes.io/os";
        let table = [
            (json!({"kubernetes.io/os": "linux"}), Some("linux")),
            (json!({"kubernetes.io/os": "linux", OLD: "plan9"}), Some("linux")),
            (json!({"kubernetes.io/os": "linux", OLD: "linux"}), None),
            (json!({OLD: "linux"}), None),
            (Value::Null, None),
        ];
        for (labels, expected) in table {
            let node = json!({"metadata": {"name": "n", "labels": labels.clone()}});
            let node = serde_json::from_value(node).expect("a node");
            let result = plan(&node, &health(0, true), NOW);
            assert_eq!(result.labels.get(OLD).map(String::as_str), expected, "{labels}");
        }
    }

    #[test]
    fn a_kubelet_that_speaks_is_believed_of_its_pods() {
        let result = plan(&node(Some("False"), json!([])), &health(0, true), NOW);
        assert!(result.is_unready && !result.fell_silent);
        let result = plan(&node(Some("False"), json!([])), &health(51, true), NOW);
        assert!(result.is_unready && !result.fell_silent, "it was told when it was not ready");
    }

    #[test]
    fn nobody_is_evicted_when_no_node_is_ready() {
        let result = plan(&node(Some("False"), json!([])), &health(0, false), NOW);
        assert_eq!(named(&result), [format!("{NOT_READY}:NoSchedule")]);
        assert!(!result.evicts);
    }
}
