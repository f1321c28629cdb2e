//! What an object uses of a namespace, in the names that quotas go by.

use super::scopes;
use crate::plugins::pod_amounts::{Amounts, amounts, limits_with_overhead, requests_with_overhead};
use crate::plugins::pod_parts::{items, text};
use crate::{Operation, Request};
use object::quantity::Format;
use object::{Quantity, Value, meta};
use std::collections::{BTreeMap, BTreeSet};

/// Resources that each container must name once a quota counts them; upstream calls that a
/// mistake that can't be taken back.
const MUST_BE_NAMED: &[&str] =
    &["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
const COMPUTE: &[&str] = &["cpu", "memory", "ephemeral-storage"];
const CLASS_SUFFIX: &str = ".storageclass.storage.k8s.io/";
/// Counted under their own name too, from before everything could be counted.
const PLAIN_COUNTS: &[&str] =
    &["configmaps", "secrets", "replicationcontrollers", "resourcequotas"];

/// How the objects of one resource are counted.
pub(super) struct Counted {
    what: What,
    /// `count/pods`, `count/deployments.apps`.
    count: String,
    plain: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Pods,
    Services,
    Claims,
    Ignored,
    Others,
}

impl Counted {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let (group, plural) = (request.kind.group, request.kind.plural);
        let what = match (group, plural) {
            ("", "pods") => What::Pods,
            ("", "services") => What::Services,
            ("", "persistentvolumeclaims") => What::Claims,
            ("" | "events.k8s.io", "events") | ("", "bindings") => What::Ignored,
            _ => What::Others,
        };
        let plain = PLAIN_COUNTS.iter().find(|name| group.is_empty() && **name == plural);
        let dot = if group.is_empty() { "" } else { "." };
        Self { what, count: format!("count/{plural}{dot}{group}"), plain: plain.copied() }
    }

    /// Whether a write can change what is used.
    pub(crate) fn concerns(&self, request: &Request<'_>, object: &Value) -> bool {
        let created = request.operation == Operation::Create;
        let updated = request.operation == Operation::Update;
        match (self.what, request.subresource) {
            (What::Ignored, _) => false,
            _ if request.kind.storage.is_none() => false,
            (What::Pods, "resize") => updated,
            (What::Pods, "") if updated => request
                .old
                .is_some_and(|old| scopes::is_terminating(old) != scopes::is_terminating(object)),
            (What::Services | What::Claims, "") => created || updated,
            (What::Claims, "status") => updated,
            (_, "") => created,
            _ => false,
        }
    }

    /// Whether this name in a quota is about such objects.
    pub(crate) fn counts(&self, name: &str) -> bool {
        if name == self.count || Some(name) == self.plain {
            return true;
        }
        match self.what {
            What::Pods => {
                let bare = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits."));
                name == "pods"
                    || COMPUTE.contains(&bare.unwrap_or(name))
                    || name.starts_with("hugepages-")
                    || name.starts_with("requests.hugepages-")
                    || (name.starts_with("requests.") && is_extended(bare.unwrap_or_default()))
            }
            What::Services => {
                matches!(name, "services" | "services.nodeports" | "services.loadbalancers")
            }
            What::Claims => {
                matches!(name, "persistentvolumeclaims" | "requests.storage")
                    || name.contains(CLASS_SUFFIX)
            }
            What::Ignored | What::Others => false,
        }
    }

    /// Whether an object falls under the scopes of a quota.
    pub(crate) fn in_scope(&self, quota: &Value, object: &Value) -> bool {
        match self.what {
            What::Pods => scopes::fits_pod(quota, object),
            What::Claims => scopes::fits_claim(quota, object),
            _ => scopes::has_none(quota),
        }
    }

    /// Why an object can't be counted under a quota of these resources.
    pub(crate) fn constraint(&self, restricted: &[&String], object: &Value) -> Option<String> {
        if self.what != What::Pods || object["spec"]["resources"].is_object() {
            return None;
        }
        let must: Vec<&str> =
            MUST_BE_NAMED.iter().filter(|n| restricted.iter().any(|r| r == *n)).copied().collect();
        let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for container in
            ["containers", "initContainers"].iter().flat_map(|list| items(&object["spec"][*list]))
        {
            let resources = &container["resources"];
            let has = compute(&amounts(&resources["requests"]), &amounts(&resources["limits"]));
            for name in must.iter().filter(|name| !has.contains_key(**name)) {
                missing.entry(name).or_default().insert(text(&container["name"]));
            }
        }
        if missing.is_empty() {
            return None;
        }
        let texts: Vec<String> = missing
            .iter()
            .map(|(name, who)| {
                let who: Vec<&str> = who.iter().copied().collect();
                format!("{name} for: {}", who.join(","))
            })
            .collect();
        Some(format!("must specify {}", texts.join("; ")))
    }

    /// What an object uses.
    pub(crate) fn usage(&self, object: &Value) -> Amounts {
        let mut used = Amounts::new();
        used.insert(self.count.clone(), whole(1));
        if let Some(plain) = self.plain {
            used.insert(plain.to_owned(), whole(1));
        }
        match self.what {
            What::Pods => {
                let phase = text(&object["status"]["phase"]);
                if !matches!(phase, "Succeeded" | "Failed") {
                    used.extend(compute(
                        &requests_with_overhead(object),
                        &limits_with_overhead(object),
                    ));
                    used.insert("pods".to_owned(), whole(1));
                }
            }
            What::Services => service(object, &mut used),
            What::Claims => claim(object, &mut used),
            What::Ignored | What::Others => {}
        }
        used
    }
}

fn whole(number: i64) -> Quantity {
    Quantity::new(number, Format::DecimalSi)
}

/// What has a domain of its own.
fn is_extended(name: &str) -> bool {
    name.split_once('/').is_some_and(|(domain, _)| !domain.ends_with("kubernetes.io"))
        || name.starts_with("deviceclass.resource.kubernetes.io/")
}

fn compute(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut used = Amounts::new();
    for (name, amount) in requests {
        let known = COMPUTE.contains(&name.as_str()) || name.starts_with("hugepages-");
        if known {
            used.insert(name.clone(), amount.clone());
        }
        if known || is_extended(name) {
            used.insert(format!("requests.{name}"), amount.clone());
        }
    }
    for (name, amount) in limits.iter().filter(|(name, _)| COMPUTE.contains(&name.as_str())) {
        used.insert(format!("limits.{name}"), amount.clone());
    }
    used
}

fn service(object: &Value, used: &mut Amounts) {
    let spec = &object["spec"];
    let ports = items(&spec["ports"]).count();
    let named = items(&spec["ports"]).filter(|port| port["nodePort"].as_i64() > Some(0)).count();
    let (nodes, balancers) = match text(&spec["type"]) {
        "NodePort" => (ports, 0),
        "LoadBalancer" if spec["allocateLoadBalancerNodePorts"] == false => (named, 1),
        "LoadBalancer" => (ports, 1),
        _ => (0, 0),
    };
    let nodes = i64::try_from(nodes).unwrap_or(i64::MAX);
    let all =
        [("services", 1), ("services.nodeports", nodes), ("services.loadbalancers", balancers)];
    used.extend(all.map(|(name, number)| (name.to_owned(), whole(number))));
}

fn claim(object: &Value, used: &mut Amounts) {
    let class = meta::annotation(object, "volume.beta.kubernetes.io/storage-class")
        .unwrap_or_else(|| text(&object["spec"]["storageClassName"]));
    let mut entry = |name: &str, amount: Quantity| {
        if !class.is_empty() {
            used.insert(format!("{class}{CLASS_SUFFIX}{name}"), amount.clone());
        }
        used.insert(name.to_owned(), amount);
    };
    entry("persistentvolumeclaims", whole(1));
    let asked = Quantity::parse(text(&object["spec"]["resources"]["requests"]["storage"])).ok();
    let granted = Quantity::parse(text(&object["status"]["allocatedResources"]["storage"])).ok();
    if let Some(size) = asked.max(granted) {
        entry("requests.storage", size);
    }
}
