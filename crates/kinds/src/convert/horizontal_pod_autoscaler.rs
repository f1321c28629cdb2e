//! `HorizontalPodAutoscaler` between `autoscaling/v1` and `autoscaling/v2`.
//!
//! `v1` knows one metric, the share of the CPU; everything else that `v2` can say travels in
//! annotations there. Mirrors `k8s.io/kubernetes/pkg/apis/autoscaling/v1`, except that an
//! annotation that isn't shaped as it should be is read as far as it can be.

mod metrics;

use super::go_json;
use object::meta::{annotation, entry, of};
use object::{Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// The annotations that never outlive a conversion.
const CARRIERS: &[&str] = &[
    METRICS,
    BEHAVIOR,
    "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
    "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
    CURRENT_METRICS,
    CONDITIONS,
];

/// The share of the CPU that is aimed at where nobody says one, in percent.
const DEFAULT_CPU_PERCENT: i64 = 80;

pub(super) fn v1_to_v2(object: &mut Value) {
    let carried = |name| serde_json::from_str::<Value>(annotation(object, name)?).ok();
    let carried_list = |name| match carried(name) {
        Some(Value::Array(list)) => Some(list),
        _ => None,
    };
    let (other_metrics, current_metrics) = (carried_list(METRICS), carried_list(CURRENT_METRICS));
    let (behavior, conditions) = (carried(BEHAVIOR), carried_list(CONDITIONS));
    drop_carriers(object);

    let spec = entry(object, "spec");
    let cpu = spec.remove("targetCPUUtilizationPercentage");
    let mut specs: Vec<_> =
        other_metrics.unwrap_or_default().iter().map(metrics::spec_to_v2).collect();
    if let Some(percent) = cpu {
        specs.push(cpu_spec(percent));
    }
    if specs.is_empty() {
        specs.push(cpu_spec(DEFAULT_CPU_PERCENT.into()));
    }
    spec.insert("metrics".to_owned(), specs.into());
    if let Some(behavior) = behavior.map(from_go_names).filter(|behavior| *behavior != json!({})) {
        spec.insert("behavior".to_owned(), behavior);
    }

    let status = entry(object, "status");
    let cpu = status.remove("currentCPUUtilizationPercentage");
    let statuses = match (current_metrics, cpu) {
        (Some(list), _) => list.iter().map(metrics::status_to_v2).collect(),
        (None, Some(percent)) => vec![json!({
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageUtilization": percent}},
        })],
        (None, None) => Vec::new(),
    };
    if !statuses.is_empty() {
        status.insert("currentMetrics".to_owned(), statuses.into());
    }
    if let Some(conditions) = conditions {
        status.insert("conditions".to_owned(), conditions.into());
    }
}

pub(super) fn v2_to_v1(object: &mut Value) {
    drop_carriers(object);
    let mut carried = Vec::new();

    let spec = entry(object, "spec");
    let specs = list(spec.remove("metrics"));
    let behavior = spec.remove("behavior");
    if let Some(percent) = specs.iter().find_map(cpu_percent) {
        spec.insert("targetCPUUtilizationPercentage".to_owned(), percent);
    }
    let others: Vec<_> = specs
        .iter()
        .filter(|metric| cpu_percent(metric).is_none())
        .map(metrics::spec_to_v1)
        .collect();
    if !others.is_empty() {
        carried.push((METRICS, go_json::list("io.k8s.api.autoscaling.v1.MetricSpec", &others)));
    }
    if let Some(behavior) = behavior {
        carried.push((BEHAVIOR, behavior_text(&behavior)));
    }

    let status = entry(object, "status");
    let statuses = list(status.remove("currentMetrics"));
    let conditions = list(status.remove("conditions"));
    for metric in &statuses {
        let current = &metric["resource"]["current"]["averageUtilization"];
        if metric["type"] == "Resource" && metric["resource"]["name"] == "cpu" && !current.is_null()
        {
            status.insert("currentCPUUtilizationPercentage".to_owned(), current.clone());
        }
    }
    if !statuses.is_empty() {
        let statuses: Vec<_> = statuses.iter().map(metrics::status_to_v1).collect();
        let text = go_json::list("io.k8s.api.autoscaling.v1.MetricStatus", &statuses);
        carried.push((CURRENT_METRICS, text));
    }
    if !conditions.is_empty() {
        let name = "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerCondition";
        carried.push((CONDITIONS, go_json::list(name, &conditions)));
    }

    if carried.is_empty() {
        return;
    }
    let metadata = of(object);
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    for (name, text) in carried {
        annotations[name] = text.into();
    }
}

fn drop_carriers(object: &mut Value) {
    let metadata = of(object);
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else {
        return;
    };
    annotations.retain(|name, _| !CARRIERS.contains(&name.as_str()));
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

fn cpu_spec(percent: Value) -> Value {
    let target = json!({"type": "Utilization", "averageUtilization": percent});
    json!({"type": "Resource", "resource": {"name": "cpu", "target": target}})
}

/// The share of the CPU that a metric aims at, if it is such a metric.
fn cpu_percent(metric: &Value) -> Option<Value> {
    let percent = &metric["resource"]["target"]["averageUtilization"];
    let found =
        metric["type"] == "Resource" && metric["resource"]["name"] == "cpu" && !percent.is_null();
    found.then(|| percent.clone())
}

/// `spec.behavior` as the annotation has it: upstream prints a struct without JSON names there,
/// so Go's names appear, and nothing is left out.
fn behavior_text(behavior: &Value) -> String {
    let mut out = String::from("{");
    for (index, (field, name)) in
        [("scaleUp", "ScaleUp"), ("scaleDown", "ScaleDown")].into_iter().enumerate()
    {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&format!("\"{name}\":"));
        let rules = &behavior[field];
        if rules.is_null() {
            out.push_str("null");
            continue;
        }
        out.push_str(&format!(
            "{{\"StabilizationWindowSeconds\":{},\"SelectPolicy\":{},\"Policies\":",
            rules["stabilizationWindowSeconds"], rules["selectPolicy"]
        ));
        match rules["policies"].as_array() {
            None => out.push_str("null"),
            Some(policies) => {
                let policies: Vec<_> = policies.iter().map(policy_text).collect();
                out.push_str(&format!("[{}]", policies.join(",")));
            }
        }
        out.push_str(&format!(",\"Tolerance\":{}}}", rules["tolerance"]));
    }
    out.push('}');
    out
}

fn policy_text(policy: &Value) -> String {
    let number = |field: &str| policy[field].as_i64().unwrap_or_default();
    let mut kind = String::new();
    go_json::text(policy["type"].as_str().unwrap_or_default(), &mut kind);
    let (value, seconds) = (number("value"), number("periodSeconds"));
    format!("{{\"Type\":{kind},\"Value\":{value},\"PeriodSeconds\":{seconds}}}")
}

/// Go's names of fields to JSON's (`ScaleUp` to `scaleUp`), nulls left out.
fn from_go_names(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let mut chars = name.chars();
                let first = chars.next().map(|c| c.to_ascii_lowercase());
                let name: String = first.into_iter().chain(chars).collect();
                (name, from_go_names(value))
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(from_go_names).collect(),
        other => other,
    }
}
