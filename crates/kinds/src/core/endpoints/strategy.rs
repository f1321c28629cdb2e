//! How endpoints differ while they are written. Mirrors `pkg/registry/core/endpoint`.

use crate::Context;
use crate::validation::{At, equal, network};
use object::{FieldErrors, Value, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        subsets(object, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        if !equal::semantically(&object["subsets"], &old["subsets"]) {
            subsets(object, errors);
        }
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let managed = &object["metadata"]["labels"]["endpoints.kubernetes.io/managed-by"];
        if managed == "endpoint-controller" {
            return Vec::new();
        }
        let root = At::root(object);
        let mut out = Vec::new();
        for subset in root.get("subsets").items() {
            for field in ["addresses", "notReadyAddresses"] {
                let list = subset.get(field);
                out.extend(list.items().filter_map(|a| network::ip_warning(&a.get("ip"))));
            }
        }
        out
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }
}

fn subsets(object: &Value, errors: &mut FieldErrors) {
    for subset in At::root(object).get("subsets").items() {
        let lists = [subset.get("addresses"), subset.get("notReadyAddresses")];
        if lists.iter().all(|list| list.is_empty()) {
            subset.required(errors, "must specify `addresses` or `notReadyAddresses`");
        }
        for address in lists.iter().flat_map(At::items) {
            network::ip(&address.get("ip"), &[], errors);
            if !address.get("hostname").is_empty() {
                address.get("hostname").check(errors, names::dns1123_label);
            }
            if address.get("nodeName").is_set() {
                address.get("nodeName").check(errors, names::dns1123_subdomain);
            }
            network::endpoint_ip(&address.get("ip"), errors);
        }
        let ports = subset.get("ports");
        for port in ports.items() {
            let name = port.get("name");
            if !name.is_empty() {
                name.check(errors, names::dns1123_label);
            } else if ports.len() > 1 {
                name.required(errors, "");
            }
            port.get("port").check_int(errors, names::port_number);
            port.get("protocol").require_one_of(errors, &["SCTP", "TCP", "UDP"]);
            if port.get("appProtocol").is_set() {
                port.get("appProtocol").check(errors, names::qualified_name);
            }
        }
    }
}
