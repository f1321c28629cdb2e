//! Whether an IPAddress and the service it names belong together: pure.
//!
//! Mirrors `syncService` and `syncIPAddress` of
//! `pkg/registry/core/service/ipallocator/controller/repairip.go`. Where upstream tells people by
//! events, the server's log tells.

use super::addresses::{FAMILY_LABEL, MANAGED_BY};
use super::families::{IPV4, IPV6};
use object::{Value, meta};
use std::net::IpAddr;
use std::time::Duration;

/// How long a service may take to be written after its address was taken.
const WRITTEN_IN: Duration = Duration::from_secs(60);

/// The same, where a service of that name is there already.
const REVERTED_IN: Duration = Duration::from_secs(5);

/// What is to be done about the object of an address that a service has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is the service's.
    Right,
    /// It has to be made anew for this service.
    Wrong,
    /// Another service has the same address, and is named: one of them has to be recreated.
    Shared,
}

/// How `object` stands to `service`, which has its address. `named`: the service that the object
/// names, where there is one.
pub(super) fn claim(object: &Value, service: &Value, named: Option<&Value>) -> Claim {
    if !names_service(object) {
        return Claim::Wrong;
    }
    let parent = &object["spec"]["parentRef"];
    let is_own =
        parent["namespace"] == meta::namespace(service) && parent["name"] == meta::name(service);
    if !is_own {
        return match named {
            Some(named) if has(named, object) => Claim::Shared,
            Some(_) if is_labelled(object) => Claim::Right,
            _ => Claim::Wrong,
        };
    }
    if is_labelled(object) { Claim::Right } else { Claim::Wrong }
}

/// Why the object of an address that the server gave out is to go; `None` when it stays. `named`:
/// the service that it names, where there is one; `age`: how long ago it was made.
pub(super) fn stray(object: &Value, named: Option<&Value>, age: Duration) -> Option<&'static str> {
    if !meta::labels(object).any(|label| label == MANAGED_BY) {
        return None;
    }
    if !names_service(object) {
        return Some("appears to have been modified, not referencing a Service");
    }
    let Some(service) = named else {
        return (age > WRITTEN_IN).then_some("appears to have leaked");
    };
    if has(service, object) {
        return None;
    }
    let is_changing = service["spec"]["type"] == "ExternalName" && age < WRITTEN_IN;
    if is_changing || age < REVERTED_IN {
        return None;
    }
    Some("has a wrong reference")
}

/// Namespace and name of the service that an object names; empty when it names none.
pub(super) fn parent(object: &Value) -> (&str, &str) {
    let text = |field: &str| object["spec"]["parentRef"][field].as_str().unwrap_or_default();
    (text("namespace"), text("name"))
}

fn names_service(object: &Value) -> bool {
    let parent = &object["spec"]["parentRef"];
    parent["group"].as_str().unwrap_or_default().is_empty() && parent["resource"] == "services"
}

fn has(service: &Value, object: &Value) -> bool {
    let addresses = service["spec"]["clusterIPs"].as_array();
    addresses.into_iter().flatten().any(|address| *address == meta::name(object))
}

fn is_labelled(object: &Value) -> bool {
    let address: Option<IpAddr> = meta::name(object).parse().ok();
    let family = if address.is_some_and(|address| address.is_ipv6()) { IPV6 } else { IPV4 };
    [(FAMILY_LABEL, family), MANAGED_BY]
        .into_iter()
        .all(|wanted| meta::labels(object).any(|label| label == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    fn address(resource: &str, name: &str) -> Value {
        json!({"metadata": {"name": "10.0.0.9",
                   "labels": {FAMILY_LABEL: "IPv4", MANAGED_BY.0: MANAGED_BY.1}},
               "spec": {"parentRef": {"resource": resource, "namespace": "ns", "name": name}}})
    }

    fn service(name: &str, kind: &str, addresses: &[&str]) -> Value {
        json!({"metadata": {"namespace": "ns", "name": name},
               "spec": {"type": kind, "clusterIPs": addresses}})
    }

    #[test]
    fn a_service_has_an_object_that_names_it() {
        let web = service("web", "ClusterIP", &["10.0.0.9"]);
        let other = service("other", "ClusterIP", &["10.0.0.8"]);
        let twin = service("twin", "ClusterIP", &["10.0.0.9"]);
        let mut bare = address("services", "web");
        bare["metadata"]["labels"] = json!({});
        let table = [
            (address("services", "web"), Some(&web), Claim::Right),
            (bare, Some(&web), Claim::Wrong),
            (address("gateways", "web"), None, Claim::Wrong),
            (address("services", "gone"), None, Claim::Wrong),
            (address("services", "twin"), Some(&twin), Claim::Shared),
            // The sweep of strays takes it away, since the other does not have it.
            (address("services", "other"), Some(&other), Claim::Right),
        ];
        for (object, named, expected) in table {
            assert_eq!(claim(&object, &web, named), expected, "{object}");
        }
    }

    #[test]
    fn an_object_without_its_service_goes_after_a_while() {
        let has = service("web", "ClusterIP", &["10.0.0.9"]);
        let lacks = service("web", "ClusterIP", &["10.0.0.8"]);
        let name = service("web", "ExternalName", &[]);
        let web = || address("services", "web");
        let mut mine = web();
        mine["metadata"]["labels"] = json!({});
        let table = [
            (web(), None, 59, false),
            (web(), None, 61, true),
            (web(), Some(&has), 999, false),
            (web(), Some(&lacks), 4, false),
            (web(), Some(&lacks), 6, true),
            (web(), Some(&name), 59, false),
            (web(), Some(&name), 61, true),
            (address("gateways", "web"), None, 0, true),
            (mine, None, 999, false),
        ];
        for (object, named, age, expected) in table {
            let why = stray(&object, named, Duration::from_secs(age));
            assert_eq!(why.is_some(), expected, "{object} after {age} s: {why:?}");
        }
    }
}
