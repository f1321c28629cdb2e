//! What a Job says about the ends of its pods: pod failure policy and success policy. Pure.
//!
//! Mirrors `pod_failure_policy.go` and `success_policy.go` of
//! `k8s.io/kubernetes/pkg/controller/job`.

use super::indexes;
use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule, SuccessPolicy,
};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodCondition};
use std::collections::BTreeSet;

/// What becomes of a failed pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It counts towards the backoff limit.
    Count,
    /// It doesn't count.
    Ignore,
    /// Its index fails at once.
    FailIndex,
    /// The whole Job fails; the message says why.
    FailJob(String),
}

/// What the pod failure policy of `spec` says of the failed `pod`: the first rule that matches.
pub(super) fn ruling(spec: &JobSpec, pod: &Pod) -> Ruling {
    let rules = spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
    for (number, rule) in rules.enumerate() {
        let Some(cause) = cause(rule, pod) else { continue };
        match rule.action.as_str() {
            "Ignore" => return Ruling::Ignore,
            "FailIndex" => return Ruling::FailIndex,
            "Count" => return Ruling::Count,
            "FailJob" => {
                let action = &rule.action;
                let text = format!("{cause} matching {action} rule at index {number}");
                return Ruling::FailJob(text);
            }
            // An action of a later version: as if the rule weren't there.
            _ => {}
        }
    }
    Ruling::Count
}

/// How `pod` fits `rule`, in the words of the condition that a failing Job gets.
fn cause(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if let Some(wanted) = &rule.on_exit_codes {
        let (container, code) = container_with(wanted, pod)?;
        return Some(format!(
            "Container {container} for pod {namespace}/{name} failed with exit code {code}"
        ));
    }
    let found = condition_of(rule.on_pod_conditions.as_ref()?, pod)?;
    Some(format!("Pod {namespace}/{name} has condition {}", found.type_))
}

fn container_with<'a>(
    wanted: &PodFailurePolicyOnExitCodesRequirement,
    pod: &'a Pod,
) -> Option<(&'a str, i32)> {
    let status = pod.status.as_ref()?;
    let all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    all.filter(|container| wanted.container_name.as_ref().is_none_or(|n| *n == container.name))
        .filter_map(|container| Some((container.name.as_str(), exit_code(container)?)))
        .find(|(_, code)| {
            let is_listed = wanted.values.contains(code);
            *code != 0
                && match wanted.operator.as_str() {
                    "In" => is_listed,
                    "NotIn" => !is_listed,
                    _ => false,
                }
        })
}

fn exit_code(container: &ContainerStatus) -> Option<i32> {
    container.state.as_ref()?.terminated.as_ref().map(|ended| ended.exit_code)
}

fn condition_of<'a>(
    patterns: &[PodFailurePolicyOnPodConditionsPattern],
    pod: &'a Pod,
) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| {
        patterns.iter().any(|pattern| {
            pattern.type_ == condition.type_
                && pattern.status.as_deref().unwrap_or("True") == condition.status
        })
    })
}

/// Whether the indexes in `done` are enough of a success, and in which words.
pub(super) fn success(
    policy: &SuccessPolicy,
    completions: i32,
    done: &BTreeSet<i32>,
) -> Option<String> {
    if done.is_empty() {
        return None;
    }
    let enough = |count: usize, wanted: Option<i32>| {
        wanted.is_some_and(|wanted| i32::try_from(count).unwrap_or(i32::MAX) >= wanted)
    };
    let met = policy.rules.iter().position(|rule| match &rule.succeeded_indexes {
        Some(text) => {
            let wanted = indexes::parse(text, completions);
            let has = wanted.intersection(done).count();
            !wanted.is_empty() && (has == wanted.len() || enough(has, rule.succeeded_count))
        }
        None => enough(done.len(), rule.succeeded_count),
    });
    met.map(|number| format!("Matched rules at index {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn spec(rules: Value) -> JobSpec {
        let template = json!({"spec": {"containers": []}});
        serde_json::from_value(json!({"template": template, "podFailurePolicy": {"rules": rules}}))
            .expect("a spec")
    }

    fn pod() -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns"},
            "status": {
                "conditions": [{"type": "DisruptionTarget", "status": "True"}],
                "containerStatuses": [
                    {"name": "good", "state": {"terminated": {"exitCode": 0}}},
                    {"name": "bad", "state": {"terminated": {"exitCode": 5}}},
                ],
                "initContainerStatuses": [
                    {"name": "first", "state": {"terminated": {"exitCode": 9}}},
                ],
            },
        }))
        .expect("a pod")
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let told = |text: &str| Ruling::FailJob(text.to_owned());
        let bad =
            "Container bad for pod ns/p failed with exit code 5 matching FailJob rule at index";
        let table = [
            (json!([]), Ruling::Count),
            (
                json!([{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [5]}}]),
                told(&format!("{bad} 0")),
            ),
            (
                json!([{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [0, 6]}},
                       {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [9]}}]),
                told(&format!("{bad} 1")),
            ),
            (
                json!([{"action": "FailIndex", "onExitCodes":
                    {"containerName": "first", "operator": "In", "values": [9]}}]),
                Ruling::FailIndex,
            ),
            (
                json!([{"action": "FailJob", "onExitCodes":
                    {"containerName": "good", "operator": "NotIn", "values": [9]}}]),
                Ruling::Count,
            ),
            (
                json!([{"action": "Ignore", "onPodConditions":
                    [{"type": "DisruptionTarget", "status": "True"}]}]),
                Ruling::Ignore,
            ),
            (
                json!([{"action": "FailJob", "onPodConditions":
                    [{"type": "DisruptionTarget", "status": "True"}]}]),
                told("Pod ns/p has condition DisruptionTarget matching FailJob rule at index 0"),
            ),
            (
                json!([{"action": "FailJob", "onPodConditions":
                    [{"type": "DisruptionTarget", "status": "False"}]}]),
                Ruling::Count,
            ),
        ];
        for (rules, expected) in table {
            assert_eq!(ruling(&spec(rules.clone()), &pod()), expected, "{rules}");
        }
    }

    #[test]
    fn enough_indexes_are_a_success() {
        let table = [
            (json!([{"succeededCount": 2}]), "1,3", Some(0)),
            (json!([{"succeededCount": 3}]), "1,3", None),
            (json!([{"succeededIndexes": "0-1"}, {"succeededIndexes": "3"}]), "1,3", Some(1)),
            (json!([{"succeededIndexes": "0-4", "succeededCount": 2}]), "1,3", Some(0)),
            (json!([{"succeededIndexes": "20-30"}]), "1,3", None),
            (json!([{"succeededCount": 0}]), "", None),
        ];
        for (rules, done, expected) in table {
            let policy = serde_json::from_value(json!({"rules": rules})).expect("a policy");
            let met = success(&policy, 10, &indexes::parse(done, 10));
            let expected = expected.map(|number: i32| format!("Matched rules at index {number}"));
            assert_eq!(met, expected, "{rules}");
        }
    }
}
