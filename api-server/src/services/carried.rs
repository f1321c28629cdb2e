//! What an update that leaves out values given by the server means: they stay.
//!
//! Mirrors `normalizeClusterIPs` and `patchAllocatedValues` of
//! `pkg/registry/core/service/storage`.

use super::spec::{Spec, port};
use object::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// `clusterIPs` of a new service that only says `clusterIP`.
pub(super) fn normalize_new(service: &mut Value) {
    let spec = Spec(service);
    if !spec.address().is_empty() && spec.list("clusterIPs").is_empty() {
        service["spec"]["clusterIPs"] = json!([spec.address()]);
    }
}

/// Addresses and ports that the update left out.
pub(super) fn carry(service: &mut Value, old: &Value) {
    let (new, was) = (Spec(service), Spec(old));
    let ports = new.needs_node_ports() && was.needs_node_ports();
    let health = new.needs_health_check()
        && was.needs_health_check()
        && new.health_check_port() == 0
        && was.health_check_port() != 0;
    if new.needs_address() && was.needs_address() {
        let (no_address, no_list) = (new.address().is_empty(), new.list("clusterIPs").is_empty());
        if no_address && !was.address().is_empty() {
            service["spec"]["clusterIP"] = was.address().into();
        }
        if no_list && !was.list("clusterIPs").is_empty() {
            service["spec"]["clusterIPs"] = old["spec"]["clusterIPs"].clone();
        }
    }
    if ports {
        carry_node_ports(service, old);
    }
    if health {
        service["spec"]["healthCheckNodePort"] = was.health_check_port().into();
    }
    normalize_update(service, old);
}

/// By the names of the ports, as far as no other port has the number now.
fn carry_node_ports(service: &mut Value, old: &Value) {
    let set = |service: &Value| Spec(service).node_ports().into_iter().collect::<BTreeSet<_>>();
    let used: BTreeSet<u16> = &set(service) & &set(old);
    let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
    let known: BTreeMap<String, u16> =
        Spec(old).ports().iter().map(|item| (name(item), port(&item["nodePort"]))).collect();
    for item in service["spec"]["ports"].as_array_mut().into_iter().flatten() {
        let was = known.get(&name(item)).copied().unwrap_or_default();
        if port(&item["nodePort"]) == 0 && was != 0 && !used.contains(&was) {
            item["nodePort"] = was.into();
        }
    }
}

/// Old clients know only `clusterIP`, and clear or change that alone.
fn normalize_update(service: &mut Value, old: &Value) {
    let (new, was) = (Spec(service), Spec(old));
    let same_address = new.address() == was.address();
    if same_address && new.list("clusterIPs").is_empty() && !was.list("clusterIPs").is_empty() {
        service["spec"]["clusterIPs"] = old["spec"]["clusterIPs"].clone();
        return;
    }
    if same_address || new.list("clusterIPs") != was.list("clusterIPs") {
        return;
    }
    if new.address().is_empty() {
        if let Some(spec) = service["spec"].as_object_mut() {
            spec.remove("clusterIPs");
        }
    } else {
        service["spec"]["clusterIPs"] = json!([new.address()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_gave_stays() {
        let old = json!({"spec": {"type": "NodePort", "clusterIP": "10.0.0.5",
            "clusterIPs": ["10.0.0.5"],
            "ports": [{"name": "a", "port": 1, "nodePort": 30001}, {"name": "b", "port": 2, "nodePort": 30002}]}});
        let mut new = json!({"spec": {"type": "NodePort",
            "ports": [{"name": "b", "port": 2}, {"name": "c", "port": 3, "nodePort": 30001}, {"name": "a", "port": 1}]}});
        carry(&mut new, &old);
        assert_eq!(new["spec"]["clusterIP"], "10.0.0.5");
        assert_eq!(new["spec"]["clusterIPs"], json!(["10.0.0.5"]));
        assert_eq!(new["spec"]["ports"][0]["nodePort"], 30002);
        assert_eq!(new["spec"]["ports"][2].get("nodePort"), None, "the number went to another");
    }

    #[test]
    fn old_clients_change_only_the_first_address() {
        let old = json!({"spec": {"type": "ExternalName", "clusterIP": "", "clusterIPs": []}});
        let mut new = json!({"spec": {"type": "ClusterIP", "clusterIP": "10.0.0.9"}});
        carry(&mut new, &old);
        assert_eq!(new["spec"]["clusterIPs"], json!(["10.0.0.9"]));
        let mut created = json!({"spec": {"clusterIP": "None"}});
        normalize_new(&mut created);
        assert_eq!(created["spec"]["clusterIPs"], json!(["None"]));
    }
}
