//! What lies behind the `kubernetes` service: its Endpoints and EndpointSlice.
//!
//! Mirrors the lease reconciler and the endpoints adapter of `pkg/controlplane/reconcilers`.

use crate::objects::Cached;
use crate::own::Own;
use auth::Objects;
use object::{GroupResource, Result, Value, json, meta};
use std::net::IpAddr;

const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Brings both objects to these addresses; writes only what differs. `ports`: also the ports,
/// which upstream corrects only while it leaves.
pub(super) async fn reconcile(
    own: &Own,
    objects: &Cached,
    addresses: &[String],
    port: u16,
    ports: bool,
) -> Result<()> {
    let current = objects.get(&GroupResource::new("", "endpoints"), "default", "kubernetes");
    let wanted = endpoints(current.as_deref(), addresses, port, ports);
    match &current {
        None => own.ensure(&wanted).await?,
        Some(current) if **current != wanted => own.replace(&wanted).await?,
        Some(_) => {}
    }
    slice(own, objects, &wanted).await
}

/// The Endpoints object as it should be.
fn endpoints(current: Option<&Value>, addresses: &[String], port: u16, ports: bool) -> Value {
    let mut object = current.cloned().unwrap_or_else(|| {
        json!({"apiVersion": "v1", "kind": "Endpoints",
            "metadata": {"name": "kubernetes", "namespace": "default"}})
    });
    if object["metadata"]["labels"][SKIP_MIRROR] != "true" {
        let labels = &mut object["metadata"]["labels"];
        if !labels.is_object() {
            *labels = json!({});
        }
        labels[SKIP_MIRROR] = "true".into();
    }
    if addresses.is_empty() {
        meta::entry(&mut object, "metadata");
        if let Some(map) = object.as_object_mut() {
            map.remove("subsets");
        }
        return object;
    }
    let mut sorted: Vec<&String> = addresses.iter().collect();
    sorted.sort_by_key(|text| text.parse::<IpAddr>().ok());
    let subsets = object["subsets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own_ports = json!([{"name": "https", "port": port, "protocol": "TCP"}]);
    let (good, shown) = match subsets {
        [only] => {
            let mut shown: Vec<&str> = only["addresses"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|address| address["ip"].as_str())
                .collect();
            shown.sort_by_key(|text| text.parse::<IpAddr>().ok());
            (true, shown.len() == sorted.len() && shown.iter().zip(&sorted).all(|(a, b)| a == b))
        }
        _ => (false, false),
    };
    if !good {
        object["subsets"] = json!([{"addresses": [], "ports": own_ports.clone()}]);
    }
    if !good || !shown {
        let list: Vec<Value> = sorted.iter().map(|ip| json!({"ip": ip})).collect();
        object["subsets"][0]["addresses"] = list.into();
    }
    if ports {
        object["subsets"][0]["ports"] = own_ports;
    }
    object
}

async fn slice(own: &Own, objects: &Cached, endpoints: &Value) -> Result<()> {
    let resource = GroupResource::new("discovery.k8s.io", "endpointslices");
    let current = objects.get(&resource, "default", "kubernetes");
    let mut wanted = slice_of(endpoints);
    let Some(current) = current else { return own.ensure(&wanted).await };
    if current["addressType"] != wanted["addressType"] {
        own.remove(&current).await?;
        return own.ensure(&wanted).await;
    }
    let same = ["endpoints", "ports"].iter().all(|field| current[*field] == wanted[*field])
        && current["metadata"]["labels"] == wanted["metadata"]["labels"];
    if same {
        return Ok(());
    }
    let version = meta::resource_version(&current).to_owned();
    meta::set(&mut wanted, "resourceVersion", &version);
    own.replace(&wanted).await
}

/// The slice that says the same as the Endpoints object.
fn slice_of(endpoints: &Value) -> Value {
    let subset = &endpoints["subsets"][0];
    let addresses: Vec<&str> = subset["addresses"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|address| address["ip"].as_str())
        .collect();
    let is_v6 = |text: &&str| text.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    let family = if !addresses.is_empty() && addresses.iter().all(is_v6) { "IPv6" } else { "IPv4" };
    let each: Vec<Value> = addresses
        .iter()
        .filter(|text| is_v6(text) == (family == "IPv6"))
        .map(|text| json!({"addresses": [text], "conditions": {"ready": true}}))
        .collect();
    let mut slice = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {SERVICE_NAME: "kubernetes"},
        },
        "addressType": family,
        "endpoints": each,
    });
    if subset["ports"].is_array() {
        slice["ports"] = subset["ports"].clone();
    }
    slice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_set_and_strange_shapes_made_anew() {
        let two = ["10.0.0.10".to_owned(), "10.0.0.9".to_owned()];
        let made = endpoints(None, &two, 6443, false);
        assert_eq!(
            made["subsets"],
            json!([{
                "addresses": [{"ip": "10.0.0.9"}, {"ip": "10.0.0.10"}],
                "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
            }])
        );
        assert_eq!(endpoints(Some(&made), &two, 7000, false), made, "the ports are left alone");
        assert_eq!(
            endpoints(Some(&made), &two, 7000, true)["subsets"][0]["ports"][0]["port"],
            7000
        );
        let mut strange = made.clone();
        strange["subsets"] = json!([{}, {}]);
        assert_eq!(endpoints(Some(&strange), &two, 6443, false), made);
        assert_eq!(endpoints(Some(&made), &[], 6443, true).get("subsets"), None);
    }

    #[test]
    fn the_slice_says_the_same() {
        let slice = slice_of(&endpoints(None, &["fd00::1".to_owned()], 6443, false));
        assert_eq!(slice["addressType"], "IPv6");
        assert_eq!(
            slice["endpoints"],
            json!([{"addresses": ["fd00::1"], "conditions": {"ready": true}}])
        );
        assert_eq!(slice["ports"][0], json!({"name": "https", "port": 6443, "protocol": "TCP"}));
    }
}
