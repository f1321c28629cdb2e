//! The one form of an Endpoints' subsets: ports that lead to the same addresses stand together.
//!
//! Mirrors `RepackSubsets` (`k8s.io/kubernetes/pkg/api/v1/endpoints`), but for its order, which
//! is that of hashes there and that of names and addresses here.

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset};
use std::collections::{BTreeMap, BTreeSet};

/// What an address is told apart by: the address, and the UID of what it belongs to.
type Identity = (String, Option<String>);

/// What makes a port another one; `None` stands for "no port at all".
type PortKey = Option<(Option<String>, i32, Option<String>, Option<String>)>;

/// `subsets` in their one form, sorted. An address that is ready in one and not in another for
/// the same port is not ready.
pub(super) fn repack(subsets: &[EndpointSubset]) -> Vec<EndpointSubset> {
    let mut addresses: BTreeMap<Identity, &EndpointAddress> = BTreeMap::new();
    let mut ports: BTreeMap<PortKey, Option<&EndpointPort>> = BTreeMap::new();
    let mut by_port: BTreeMap<PortKey, BTreeMap<Identity, bool>> = BTreeMap::new();
    for subset in subsets {
        let mut own: Vec<Option<&EndpointPort>> = subset.ports.iter().flatten().map(Some).collect();
        if own.is_empty() {
            own.push(None);
        }
        for port in own {
            let key = port_key(port);
            ports.entry(key.clone()).or_insert(port);
            let known = by_port.entry(key).or_default();
            let lists = [(&subset.addresses, true), (&subset.not_ready_addresses, false)];
            for (list, is_ready) in lists {
                for address in list.iter().flatten() {
                    let identity = identity(address);
                    addresses.entry(identity.clone()).or_insert(address);
                    let state = known.entry(identity).or_insert(is_ready);
                    *state &= is_ready;
                }
            }
        }
    }
    let mut by_addresses: BTreeMap<BTreeMap<Identity, bool>, BTreeSet<PortKey>> = BTreeMap::new();
    for (port, known) in by_port {
        by_addresses.entry(known).or_default().insert(port);
    }
    let mut packed: Vec<(BTreeSet<PortKey>, EndpointSubset)> = by_addresses
        .into_iter()
        .map(|(known, keys)| {
            let of = |wanted: bool| {
                let chosen = known.iter().filter(|(_, is_ready)| **is_ready == wanted);
                let list: Vec<EndpointAddress> =
                    chosen.map(|(identity, _)| addresses[identity].clone()).collect();
                Some(list).filter(|list| !list.is_empty())
            };
            let list: Vec<EndpointPort> =
                keys.iter().filter_map(|key| ports[key].cloned()).collect();
            let subset = EndpointSubset {
                addresses: of(true),
                not_ready_addresses: of(false),
                ports: Some(list).filter(|list| !list.is_empty()),
            };
            (keys, subset)
        })
        .collect();
    packed.sort_by(|(one, _), (other, _)| one.cmp(other));
    packed.into_iter().map(|(_, subset)| subset).collect()
}

fn identity(address: &EndpointAddress) -> Identity {
    let uid = address.target_ref.as_ref().and_then(|target| target.uid.clone());
    (address.ip.clone(), uid)
}

fn port_key(port: Option<&EndpointPort>) -> PortKey {
    let port = port?;
    let name = port.name.clone().filter(|name| !name.is_empty());
    Some((name, port.port, port.protocol.clone(), port.app_protocol.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn repacked(subsets: Value) -> Value {
        let subsets: Vec<EndpointSubset> = serde_json::from_value(subsets).expect("subsets");
        let once = repack(&subsets);
        assert_eq!(repack(&once), once, "its own form is left alone");
        serde_json::to_value(once).expect("JSON")
    }

    #[test]
    fn ports_with_the_same_addresses_stand_together() {
        let (a, b) = (json!({"ip": "10.0.0.1"}), json!({"ip": "10.0.0.2"}));
        let (web, more) = (json!({"port": 80}), json!({"port": 81}));
        let table = [
            // One address, two subsets.
            (
                json!([{"addresses": [a], "ports": [more]}, {"addresses": [a], "ports": [web]}]),
                json!([{"addresses": [a], "ports": [web, more]}]),
            ),
            // One port, two subsets.
            (
                json!([{"addresses": [b], "ports": [web]}, {"addresses": [a], "ports": [web]}]),
                json!([{"addresses": [a, b], "ports": [web]}]),
            ),
            // An address with more ports than the other stands twice.
            (
                json!([{"addresses": [a], "ports": [web]}, {"addresses": [b], "ports": [web, more]}]),
                json!([{"addresses": [a, b], "ports": [web]}, {"addresses": [b], "ports": [more]}]),
            ),
            // Who is not ready in one place is not ready.
            (
                json!([{"addresses": [a], "ports": [web]}, {"notReadyAddresses": [a], "ports": [web]}]),
                json!([{"notReadyAddresses": [a], "ports": [web]}]),
            ),
            // Ready for one port only: two subsets.
            (
                json!([{"addresses": [a], "ports": [web]}, {"notReadyAddresses": [a], "ports": [more]}]),
                json!([{"addresses": [a], "ports": [web]}, {"notReadyAddresses": [a], "ports": [more]}]),
            ),
            // No port at all.
            (json!([{"addresses": [b, a]}]), json!([{"addresses": [a, b]}])),
            (json!([]), json!([])),
        ];
        for (given, wanted) in table {
            assert_eq!(repacked(given.clone()), wanted, "{given}");
        }
    }

    #[test]
    fn one_address_of_two_pods_is_two() {
        let of = |uid: &str| json!({"ip": "10.0.0.1", "targetRef": {"uid": uid}});
        let given = json!([{"addresses": [of("b"), of("a"), of("b")], "ports": [{"port": 80}]}]);
        let wanted = json!([{"addresses": [of("a"), of("b")], "ports": [{"port": 80}]}]);
        assert_eq!(repacked(given), wanted);
    }
}
