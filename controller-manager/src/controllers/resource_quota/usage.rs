//! What a quota's names count, and how much of it there is: pure.
//!
//! Mirrors `k8s.io/kubernetes/pkg/quota/v1/evaluator/core`.

use control::pods;
use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaim, Pod, ResourceQuota, ScopedResourceSelectorRequirement,
    Service,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use object::Quantity as Amount;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What there is in a namespace.
pub(super) struct Things<'a> {
    pub(super) pods: Vec<Arc<Pod>>,
    pub(super) services: Vec<Arc<Service>>,
    pub(super) claims: Vec<Arc<PersistentVolumeClaim>>,
    /// By the quota's name for it.
    pub(super) counts: &'a BTreeMap<String, i64>,
    pub(super) now: Timestamp,
}

/// The resource (`plural.group`) whose objects `name` counts and no informer holds.
pub(super) fn counted_resource(name: &str) -> Option<&str> {
    match name {
        "configmaps" | "secrets" | "replicationcontrollers" | "resourcequotas" => Some(name),
        "count/pods" | "count/services" | "count/persistentvolumeclaims" => None,
        other => other.strip_prefix("count/"),
    }
}

/// How much of each name in `hard` is used.
pub(super) fn used(
    quota: &ResourceQuota,
    hard: &BTreeMap<String, Quantity>,
    things: &Things<'_>,
) -> BTreeMap<String, Quantity> {
    let in_scope: Vec<&Arc<Pod>> =
        things.pods.iter().filter(|pod| is_in_scope(quota, pod)).collect();
    let is_using = |pod: &&&Arc<Pod>| !pods::is_finished(pod) && !is_overdue(pod, things.now);
    let using: Vec<&Arc<Pod>> = in_scope.iter().filter(is_using).copied().collect();
    hard.keys()
        .map(|name| {
            let amount = match of_services(name, &things.services)
                .or_else(|| of_claims(name, &things.claims))
                .or_else(|| things.counts.get(name).map(|count| whole(*count)))
            {
                Some(amount) => amount,
                // Those that have ended are objects all the same.
                None if name == "count/pods" => count(in_scope.iter()),
                None => of_pods(name, &using),
            };
            (name.clone(), Quantity(amount.to_string()))
        })
        .collect()
}

/// Whether it should be gone by now: its kubelet may be lost, and what it used is.
fn is_overdue(pod: &Pod, now: Timestamp) -> bool {
    let grace = pod.metadata.deletion_grace_period_seconds.map(SignedDuration::from_secs);
    let deleted = pod.metadata.deletion_timestamp.as_ref();
    deleted.zip(grace).is_some_and(|(time, grace)| now.duration_since(time.0) > grace)
}

fn whole(count: i64) -> Amount {
    Amount::parse(&count.to_string()).expect("a whole number is a quantity")
}

fn count<T>(items: impl Iterator<Item = T>) -> Amount {
    whole(i64::try_from(items.count()).unwrap_or(i64::MAX))
}

fn of_services(name: &str, services: &[Arc<Service>]) -> Option<Amount> {
    let kind = |service: &Service| {
        service.spec.as_ref().and_then(|spec| spec.type_.clone()).unwrap_or_default()
    };
    match name {
        "services" | "count/services" => Some(count(services.iter())),
        "services.loadbalancers" => {
            Some(count(services.iter().filter(|service| kind(service) == "LoadBalancer")))
        }
        "services.nodeports" => {
            let ports = services.iter().flat_map(|service| {
                service.spec.iter().flat_map(|spec| spec.ports.iter().flatten())
            });
            Some(count(ports.filter(|port| port.node_port.unwrap_or(0) > 0)))
        }
        _ => None,
    }
}

fn of_claims(name: &str, claims: &[Arc<PersistentVolumeClaim>]) -> Option<Amount> {
    let (class, what) = match name.split_once(".storageclass.storage.k8s.io/") {
        Some((class, what)) => (Some(class), what),
        None => (None, name.strip_prefix("count/").unwrap_or(name)),
    };
    let matching = claims.iter().filter(|claim| {
        let own = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref());
        class.is_none() || own == class
    });
    match what {
        "persistentvolumeclaims" => Some(count(matching)),
        "requests.storage" => {
            let mut total = whole(0);
            for claim in matching {
                let requests = claim
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.resources.as_ref()?.requests.as_ref()?.get("storage"));
                add(&mut total, requests);
            }
            Some(total)
        }
        _ => None,
    }
}

fn add(total: &mut Amount, quantity: Option<&Quantity>) {
    if let Some(amount) = quantity.and_then(|quantity| Amount::parse(&quantity.0).ok()) {
        if total.is_zero() {
            *total = amount;
        } else {
            total.add(&amount);
        }
    }
}

fn of_pods(name: &str, all: &[&Arc<Pod>]) -> Amount {
    if name == "pods" {
        return count(all.iter());
    }
    let (is_limit, resource) = match name.split_once('.') {
        Some(("limits", resource)) => (true, resource),
        Some(("requests", resource)) => (false, resource),
        _ => (false, name),
    };
    let mut total = whole(0);
    for pod in all {
        let amount = of_pod(pod, resource, is_limit);
        add(&mut total, Some(&Quantity(amount.to_string())));
    }
    total
}

/// What one pod asks for (or is limited to): its containers together, or its largest init
/// container beside those that stay.
fn of_pod(pod: &Pod, resource: &str, is_limit: bool) -> Amount {
    let Some(spec) = &pod.spec else { return whole(0) };
    let of = |container: &Container| {
        let resources = container.resources.as_ref()?;
        let list = if is_limit { &resources.limits } else { &resources.requests };
        list.as_ref()?.get(resource).cloned()
    };
    let mut together = whole(0);
    spec.containers.iter().for_each(|container| add(&mut together, of(container).as_ref()));
    let (mut staying, mut starting) = (whole(0), whole(0));
    for container in spec.init_containers.iter().flatten() {
        let own = of(container);
        let mut now = staying.clone();
        add(&mut now, own.as_ref());
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut together, own.as_ref());
            staying = now.clone();
        }
        if now > starting {
            starting = now;
        }
    }
    let mut most = if starting > together { starting } else { together };
    // What the pod says for all of its containers goes before what they say.
    let whole_pod = spec.resources.as_ref().and_then(|resources| {
        let list = if is_limit { &resources.limits } else { &resources.requests };
        list.as_ref()?.get(resource)
    });
    if let Some(amount) = whole_pod.and_then(|quantity| Amount::parse(&quantity.0).ok()) {
        most = amount;
    }
    add(&mut most, spec.overhead.as_ref().and_then(|overhead| overhead.get(resource)));
    most
}

fn is_in_scope(quota: &ResourceQuota, pod: &Pod) -> bool {
    let Some(spec) = &quota.spec else { return true };
    let plain = spec.scopes.iter().flatten().all(|scope| has_scope(scope, pod));
    let selected = spec.scope_selector.iter().flat_map(|s| s.match_expressions.iter().flatten());
    plain && selected.into_iter().all(|requirement| meets(requirement, pod))
}

fn has_scope(scope: &str, pod: &Pod) -> bool {
    let spec = pod.spec.clone().unwrap_or_default();
    let has_deadline = spec.active_deadline_seconds.is_some();
    let asks = |container: &Container| {
        container.resources.as_ref().is_some_and(|resources| {
            let named = |list: &Option<BTreeMap<String, Quantity>>| {
                list.as_ref().is_some_and(|l| l.contains_key("cpu") || l.contains_key("memory"))
            };
            named(&resources.requests) || named(&resources.limits)
        })
    };
    let all = || spec.containers.iter().chain(spec.init_containers.iter().flatten());
    match scope {
        "Terminating" => has_deadline,
        "NotTerminating" => !has_deadline,
        "BestEffort" => !all().any(asks),
        "NotBestEffort" => all().any(asks),
        "PriorityClass" => spec.priority_class_name.is_some(),
        "CrossNamespacePodAffinity" => spec.affinity.as_ref().is_some_and(|affinity| {
            let text = serde_json::to_string(affinity).unwrap_or_default();
            text.contains("\"namespaces\":[") || text.contains("\"namespaceSelector\":{")
        }),
        _ => false,
    }
}

fn meets(requirement: &ScopedResourceSelectorRequirement, pod: &Pod) -> bool {
    let scope = requirement.scope_name.as_str();
    if scope != "PriorityClass" {
        let wanted = requirement.operator != "DoesNotExist";
        return has_scope(scope, pod) == wanted;
    }
    let class = pod.spec.as_ref().and_then(|spec| spec.priority_class_name.clone());
    let values = requirement.values.as_deref().unwrap_or_default();
    let is_listed = class.as_ref().is_some_and(|class| values.contains(class));
    match requirement.operator.as_str() {
        "In" => is_listed,
        "NotIn" => class.is_some() && !is_listed,
        "Exists" => class.is_some(),
        "DoesNotExist" => class.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(extra: Value, phase: &str) -> Arc<Pod> {
        let mut spec = json!({"containers": [{"name": "c", "resources": {
            "requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"cpu": "1"}}}]});
        for (key, value) in extra.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        let value = json!({"metadata": {"name": "p"}, "spec": spec, "status": {"phase": phase}});
        Arc::new(serde_json::from_value(value).expect("a pod"))
    }

    fn usage(hard: Value, spec: Value, pods: Vec<Arc<Pod>>) -> Value {
        let quota: ResourceQuota = serde_json::from_value(json!({"spec": spec})).expect("a quota");
        let hard = serde_json::from_value(hard).expect("a list");
        let service =
            json!({"spec": {"type": "NodePort", "ports": [{"port": 1, "nodePort": 30000}]}});
        let service = Arc::new(serde_json::from_value(service).expect("a service"));
        let claim = json!({"spec": {"storageClassName": "gold",
            "resources": {"requests": {"storage": "5Gi"}}}});
        let claim = Arc::new(serde_json::from_value(claim).expect("a claim"));
        let counts = BTreeMap::from([("configmaps".to_owned(), 3)]);
        let now = Timestamp::from_second(100).expect("valid");
        let (services, claims) = (vec![service], vec![claim]);
        let things = Things { pods, services, claims, counts: &counts, now };
        serde_json::to_value(used(&quota, &hard, &things)).expect("JSON")
    }

    #[test]
    fn each_name_counts_its_own() {
        let hard = json!({"pods": "9", "requests.cpu": "9", "limits.cpu": "9", "memory": "1Gi",
            "services": "9", "services.nodeports": "9", "services.loadbalancers": "9",
            "configmaps": "9", "persistentvolumeclaims": "9",
            "gold.storageclass.storage.k8s.io/requests.storage": "9Gi",
            "lead.storageclass.storage.k8s.io/requests.storage": "9Gi"});
        let pods =
            vec![pod(json!({}), "Running"), pod(json!({}), "Pending"), pod(json!({}), "Failed")];
        let expected = json!({"pods": "2", "requests.cpu": "500m", "limits.cpu": "2",
            "memory": "128Mi", "services": "1", "services.nodeports": "1",
            "services.loadbalancers": "0", "configmaps": "3", "persistentvolumeclaims": "1",
            "gold.storageclass.storage.k8s.io/requests.storage": "5Gi",
            "lead.storageclass.storage.k8s.io/requests.storage": "0"});
        assert_eq!(usage(hard, json!({}), pods), expected);
    }

    #[test]
    fn pods_that_should_be_gone_use_nothing() {
        let ending = |second: i64, grace: i64| {
            let mut pod = Pod::clone(&pod(json!({}), "Running"));
            let time = Timestamp::from_second(second).expect("valid");
            pod.metadata.deletion_timestamp = serde_json::from_value(json!(time)).ok();
            pod.metadata.deletion_grace_period_seconds = Some(grace);
            Arc::new(pod)
        };
        let pods = vec![ending(50, 30), ending(80, 30), pod(json!({}), "Succeeded")];
        let hard = json!({"pods": "9", "count/pods": "9", "requests.cpu": "9"});
        let expected = json!({"pods": "1", "count/pods": "3", "requests.cpu": "250m"});
        assert_eq!(usage(hard, json!({}), pods), expected);
    }

    #[test]
    fn a_pod_may_speak_for_its_containers() {
        let own = json!({"resources": {"requests": {"cpu": "2"}}});
        let hard = json!({"requests.cpu": "9", "limits.cpu": "9"});
        let expected = json!({"requests.cpu": "2", "limits.cpu": "1"});
        assert_eq!(usage(hard, json!({}), vec![pod(own, "Running")]), expected);
    }

    #[test]
    fn a_scope_leaves_out_the_others() {
        let pods = || {
            vec![
                pod(json!({"activeDeadlineSeconds": 5}), "Running"),
                pod(json!({"containers": [{"name": "c"}]}), "Running"),
                pod(json!({"priorityClassName": "high"}), "Running"),
            ]
        };
        let table = [
            (json!({"scopes": ["Terminating"]}), "1"),
            (json!({"scopes": ["NotTerminating", "BestEffort"]}), "1"),
            (json!({"scopes": ["NotBestEffort"]}), "2"),
            (
                json!({"scopeSelector": {"matchExpressions": [
                {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}}),
                "1",
            ),
        ];
        for (spec, expected) in table {
            assert_eq!(
                usage(json!({"pods": "9"}), spec.clone(), pods())["pods"],
                expected,
                "{spec}"
            );
        }
    }
}
