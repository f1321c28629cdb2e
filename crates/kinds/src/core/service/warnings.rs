//! What a service's writer should know. Mirrors `pkg/api/service/warnings.go`.

use crate::validation::{At, network};
use object::Value;

/// Sentences for the client.
pub(super) fn warnings(object: &Value) -> Vec<String> {
    let root = At::root(object);
    let spec = root.get("spec");
    let mut out = Vec::new();
    if root.get("metadata.annotations").key("service.kubernetes.io/topology-aware-hints").is_set() {
        out.push(
            "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use \
             service.kubernetes.io/topology-mode instead"
                .to_owned(),
        );
    }
    let (kind, ip) = (spec.get("type").text(), spec.get("clusterIP").text());
    let external = spec.get("externalIPs");
    let headless = kind == "ClusterIP" && ip == "None";
    if !ip.is_empty() && ip != "None" {
        out.extend(spec.get("clusterIPs").items().filter_map(|at| network::ip_warning(&at)));
    }
    let mut say = |when: bool, what: &str| {
        if when {
            out.push(what.to_owned());
        }
    };
    let balancer = spec.get("loadBalancerIP");
    say(headless && !balancer.is_empty(), "spec.loadBalancerIP is ignored for headless services");
    say(headless && !external.is_empty(), "spec.externalIPs is ignored for headless services");
    say(
        headless && spec.get("sessionAffinity").text() != "None",
        "spec.SessionAffinity is ignored for headless services",
    );
    out.extend(external.items().filter_map(|at| network::ip_warning(&at)));
    let mut say = |when: bool, what: &str| {
        if when {
            out.push(what.to_owned());
        }
    };
    say(
        !external.is_empty() && !headless && kind != "ExternalName",
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    );
    if !balancer.is_empty() {
        out.extend(network::ip_warning(&balancer));
    }
    let mut say = |when: bool, what: &str| {
        if when {
            out.push(what.to_owned());
        }
    };
    say(
        kind == "ExternalName" && !external.is_empty(),
        "spec.externalIPs is ignored when spec.type is \"ExternalName\"",
    );
    say(
        kind != "ExternalName" && !spec.get("externalName").is_empty(),
        "spec.externalName is ignored when spec.type is not \"ExternalName\"",
    );
    say(
        spec.get("trafficDistribution").text() == "PreferClose",
        "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
    );
    out
}
