//! What a load balancer reports. Mirrors `pkg/apis/core/validation`; ingresses use it too.

use crate::validation::{At, network};
use object::{FieldErrors, Value, names};

/// The status of a service.
pub(super) fn status(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (root, old) = (At::root(object), At::root(old_object));
    let list = root.get("status").get("loadBalancer").get("ingress");
    if root.get("spec.type").text() != "LoadBalancer" && !list.is_empty() {
        list.forbidden(errors, "may only be used when `spec.type` is 'LoadBalancer'");
        return;
    }
    let old = old.get("status.loadBalancer.ingress");
    let was: Vec<&str> =
        old.items().map(|i| i.get("ip").text()).filter(|ip| !ip.is_empty()).collect();
    for ingress in list.items() {
        let (ip, mode) = (ingress.get("ip"), ingress.get("ipMode"));
        if !ip.is_empty() {
            network::ip(&ip, &was, errors);
        }
        match (mode.is_set(), ip.is_empty()) {
            (false, false) => mode.required(errors, "must be specified when `ip` is set"),
            (true, true) => mode.forbidden(errors, "may not be specified when `ip` is not set"),
            (true, false) => mode.one_of(errors, &["Proxy", "VIP"]),
            (false, true) => {}
        }
        let host = ingress.get("hostname");
        if !host.is_empty() {
            host.check(errors, names::dns1123_subdomain);
            if network::parse_ip(host.text()).is_some() {
                host.invalid(errors, "must be a DNS name, not an IP address");
            }
        }
    }
}
