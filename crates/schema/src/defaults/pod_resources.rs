//! Requests and limits of a pod as a whole, out of those of its containers (`defaultPodRequests`
//! and `defaultHugePagePodLimits` in pkg/apis/core/v1, which sum as component-helpers/resource
//! does).

use super::Object;
use object::Value;
use object::quantity::Quantity;
use std::collections::BTreeMap;

type Amounts = BTreeMap<String, Quantity>;

const HUGE_PAGES: &str = "hugepages-";

/// Fills in what the pod's `resources` leave out, where they say anything.
pub(super) fn default_limits_and_requests(spec: &mut Object) {
    let Some(resources) = spec.get("resources").and_then(Value::as_object) else { return };
    let (mut limits, mut requests) = (list(resources, "limits"), list(resources, "requests"));
    if limits.is_empty() && requests.is_empty() {
        return;
    }
    for (name, amount) in sum_of_containers(spec, "limits") {
        if name.starts_with(HUGE_PAGES) && !requests.contains_key(&name) {
            limits.entry(name).or_insert_with(|| amount.to_string().into());
        }
    }
    if !limits.is_empty() {
        for (name, amount) in sum_of_containers(spec, "requests") {
            if matches!(name.as_str(), "cpu" | "memory") {
                requests.entry(name).or_insert_with(|| amount.to_string().into());
            }
        }
        for (name, amount) in &limits {
            if matches!(name.as_str(), "cpu" | "memory") || name.starts_with(HUGE_PAGES) {
                requests.entry(name.clone()).or_insert_with(|| amount.clone());
            }
        }
    }
    let Some(resources) = spec.get_mut("resources").and_then(Value::as_object_mut) else { return };
    for (name, amounts) in [("limits", limits), ("requests", requests)] {
        if !amounts.is_empty() {
            resources.insert(name.to_owned(), Value::Object(amounts));
        }
    }
}

fn list(resources: &Object, name: &str) -> Object {
    resources.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// What the containers need together at the time when they need most: all that run side by side,
/// or one that runs before them with the sidecars started until then.
fn sum_of_containers(spec: &Object, name: &str) -> Amounts {
    let mut total = Amounts::new();
    for container in containers(spec, "containers") {
        add(&mut total, &amounts(container, name));
    }
    let (mut sidecars, mut highest) = (Amounts::new(), Amounts::new());
    for container in containers(spec, "initContainers") {
        let own = amounts(container, name);
        let mut now = sidecars.clone();
        add(&mut now, &own);
        if container.get("restartPolicy").and_then(Value::as_str) == Some("Always") {
            add(&mut total, &own);
            sidecars = now.clone();
        }
        raise(&mut highest, now);
    }
    raise(&mut total, highest);
    total
}

fn containers<'a>(spec: &'a Object, name: &str) -> impl Iterator<Item = &'a Value> {
    spec.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn amounts(container: &Value, name: &str) -> Amounts {
    let list = container["resources"][name].as_object().into_iter().flatten();
    list.filter_map(|(name, amount)| Some((name.clone(), Quantity::parse(amount.as_str()?).ok()?)))
        .collect()
}

fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        match total.get_mut(name) {
            Some(sum) => sum.add(amount),
            None => _ = total.insert(name.clone(), amount.clone()),
        }
    }
}

fn raise(total: &mut Amounts, other: Amounts) {
    for (name, amount) in other {
        if total.get(&name).is_none_or(|sum| amount > *sum) {
            total.insert(name, amount);
        }
    }
}
