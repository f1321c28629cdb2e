//! How much a pod asks for, all its containers together.
//!
//! Mirrors `k8s.io/component-helpers/resource` without what a kubelet reports in the status.

use super::pod_parts::{items, text};
use object::{Quantity, Value};
use std::collections::BTreeMap;

/// Amounts by the names of resources.
pub(super) type Amounts = BTreeMap<String, Quantity>;

/// The amounts in a resource list; what is no quantity is left to validation.
pub(super) fn amounts(list: &Value) -> Amounts {
    let all = list.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.clone(), Quantity::parse(text(value)).ok()?)))
        .collect()
}

/// Adds amounts to others.
pub(super) fn add(to: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        match to.get_mut(name) {
            Some(known) => known.add(amount),
            None => drop(to.insert(name.clone(), amount.clone())),
        }
    }
}

/// What a pod requests: its containers, or more while it starts.
pub(super) fn requests_of(pod: &Value) -> Amounts {
    of(pod, "requests")
}

/// What a pod is limited to.
pub(super) fn limits_of(pod: &Value) -> Amounts {
    of(pod, "limits")
}

/// What a pod requests, with what running it costs beside.
pub(super) fn requests_with_overhead(pod: &Value) -> Amounts {
    let mut all = requests_of(pod);
    add(&mut all, &amounts(&pod["spec"]["overhead"]));
    all
}

/// What a pod is limited to, with what running it costs beside, where there is a limit.
pub(super) fn limits_with_overhead(pod: &Value) -> Amounts {
    let mut all = limits_of(pod);
    for (name, amount) in amounts(&pod["spec"]["overhead"]) {
        if let Some(limit) = all.get_mut(&name).filter(|limit| !limit.is_zero()) {
            limit.add(&amount);
        }
    }
    all
}

fn of(pod: &Value, field: &str) -> Amounts {
    let spec = &pod["spec"];
    let mut all = Amounts::new();
    for container in items(&spec["containers"]) {
        add(&mut all, &amounts(&container["resources"][field]));
    }
    // One that starts runs beside those that stay, which started before it.
    let (mut stay, mut start) = (Amounts::new(), Amounts::new());
    for container in items(&spec["initContainers"]) {
        let own = amounts(&container["resources"][field]);
        let mut now = own.clone();
        if container["restartPolicy"] == "Always" {
            add(&mut all, &own);
            add(&mut stay, &own);
            now = stay.clone();
        } else {
            add(&mut now, &stay);
        }
        most(&mut start, &now);
    }
    most(&mut all, &start);
    for (name, amount) in amounts(&spec["resources"][field]) {
        if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
            all.insert(name, amount);
        }
    }
    all
}

fn most(to: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        match to.get_mut(name) {
            Some(known) if *known >= *amount => {}
            Some(known) => *known = amount.clone(),
            None => drop(to.insert(name.clone(), amount.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn starting_counts_as_far_as_it_needs_more() {
        let cpu = |amount: &str| json!({"requests": {"cpu": amount}});
        let pod = json!({"spec": {
            "containers": [{"resources": cpu("100m")}, {"resources": cpu("200m")}],
            "initContainers": [{"resources": cpu("50m"), "restartPolicy": "Always"}, {"resources": cpu("1")}],
        }});
        assert_eq!(requests_of(&pod)["cpu"].to_string(), "1050m");
        let fixed =
            json!({"spec": {"resources": cpu("2"), "containers": [{"resources": cpu("1")}]}});
        assert_eq!(requests_of(&fixed)["cpu"].to_string(), "2");
    }

    #[test]
    fn overhead_counts_on_top_of_a_limit_that_there_is() {
        let resources = json!({"requests": {"cpu": "1"}, "limits": {"memory": "1Mi"}});
        let overhead = json!({"cpu": "100m", "memory": "1Mi"});
        let containers = json!([{"resources": resources}]);
        let pod = json!({"spec": {"overhead": overhead, "containers": containers}});
        let printed = |all: Amounts| {
            let each = all.iter().map(|(name, amount)| format!("{name}={amount}"));
            each.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(printed(requests_with_overhead(&pod)), "cpu=1100m memory=1Mi");
        assert_eq!(printed(limits_with_overhead(&pod)), "memory=2Mi");
    }
}
