//! What a pod's containers need in all, and the quality of service that follows. Mirrors
//! `k8s.io/component-helpers/resource` and `pkg/apis/core/helper/qos`.

use super::{At, resources};
use object::quantity::Quantity;
use object::{FieldErrors, Value};
use std::collections::BTreeMap;

type Amounts<'a> = BTreeMap<&'a str, Quantity>;

fn add<'a>(to: &mut Amounts<'a>, list: &At<'a>) {
    for (name, quantity) in list.entries() {
        to.entry(name).or_insert(Quantity::ZERO).add(&resources::amount(quantity.value));
    }
}

fn raise<'a>(to: &mut Amounts<'a>, other: &Amounts<'a>) {
    for (name, quantity) in other {
        let slot = to.entry(name).or_insert_with(|| quantity.clone());
        if *slot < *quantity {
            *slot = quantity.clone();
        }
    }
}

/// The sum over containers, raised to what an init container needs with the sidecars before it.
fn total<'a>(spec: &At<'a>, field: &'a str) -> Amounts<'a> {
    let mut sum = Amounts::new();
    for container in spec.get("containers").items() {
        add(&mut sum, &container.get("resources").get(field));
    }
    let (mut sidecars, mut most) = (Amounts::new(), Amounts::new());
    for container in spec.get("initContainers").items() {
        let own = container.get("resources").get(field);
        if container.get("restartPolicy").text() == "Always" {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            raise(&mut most, &sidecars);
        } else {
            let mut with = sidecars.clone();
            add(&mut with, &own);
            raise(&mut most, &with);
        }
    }
    raise(&mut sum, &most);
    sum
}

/// A pod's own resources are enough for its containers'.
pub(crate) fn consistent(spec: &At<'_>, all: &At<'_>, errors: &mut FieldErrors) {
    let compare = |field: &'static str, what: &str, only_huge: bool, errors: &mut FieldErrors| {
        for (name, needed) in total(spec, field) {
            let own = all.get(field);
            let own = own.key(name);
            let given = resources::amount(own.value);
            let counts = !only_huge || name.starts_with("hugepages-");
            if own.is_set() && counts && needed > given {
                let detail = format!(
                    "must be greater than or equal to aggregate container {what} of {needed}"
                );
                own.invalid_as(errors, given.to_string(), detail);
            }
        }
    };
    compare("requests", "requests", false, errors);
    compare("limits", "limits", true, errors);
    for (index, container) in spec.get("containers").items().enumerate() {
        for (name, limit) in container.get("resources.limits").entries() {
            let of_pod = all.get("limits").key(name);
            let (top, own) = (resources::amount(of_pod.value), resources::amount(limit.value));
            if of_pod.is_set() && own > top {
                let at = all.get("containers").index(index).key(name).get("limits");
                let detail = format!("must be less than or equal to pod limits of {top}");
                at.invalid_as(errors, own.to_string(), detail);
            }
        }
    }
}

/// `status.qosClass`, out of what is asked for and how it is limited.
pub(crate) fn quality_of_service(spec: &Value) -> &'static str {
    const COMPUTE: [&str; 2] = ["cpu", "memory"];
    let spec = At::root(spec);
    let own = spec.get("resources");
    let holders: Vec<At<'_>> = if own.get("requests").len() + own.get("limits").len() > 0 {
        vec![own]
    } else {
        let fields = ["containers", "initContainers"];
        fields.iter().flat_map(|f| spec.get(f).items()).map(|c| c.get("resources")).collect()
    };
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    let mut guaranteed = true;
    for holder in &holders {
        let mut limited = 0;
        for name in COMPUTE {
            let request = resources::amount(holder.get("requests").key(name).value);
            let limit = resources::amount(holder.get("limits").key(name).value);
            if request > Quantity::ZERO {
                requests.entry(name).or_insert(Quantity::ZERO).add(&request);
            }
            if limit > Quantity::ZERO {
                limited += 1;
                limits.entry(name).or_insert(Quantity::ZERO).add(&limit);
            }
        }
        guaranteed &= limited == COMPUTE.len();
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if guaranteed && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn quality_follows_from_requests_and_limits() {
        let limits = json!({"limits": {"cpu": "1", "memory": "1Gi"},
            "requests": {"cpu": "1", "memory": "1Gi"}});
        for (resources, class) in [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (limits, "Guaranteed"),
        ] {
            let spec = json!({"containers": [{"name": "a", "resources": resources}]});
            assert_eq!(quality_of_service(&spec), class);
        }
    }
}
