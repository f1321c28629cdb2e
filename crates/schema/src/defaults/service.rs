//! A service's defaults hang on its type (`SetDefaults_Service` in pkg/apis/core/v1).

use super::Object;
use object::{Value, json};

/// How long a client stays with one endpoint.
const CLIENT_IP_TIMEOUT_SECONDS: i64 = 10_800;

/// All of a service's defaults.
pub(super) fn service(service: &mut Object) {
    let spec = service.entry("spec").or_insert_with(|| Value::Object(Object::new()));
    let Value::Object(spec) = spec else { return };
    set_if_absent(spec, "sessionAffinity", "None".into());
    session_affinity(spec);
    set_if_absent(spec, "type", "ClusterIP".into());
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    ports.into_iter().flatten().filter_map(Value::as_object_mut).for_each(port);

    let kind = text(spec, "type").to_owned();
    let has_external =
        spec.get("externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    if matches!(kind.as_str(), "LoadBalancer" | "NodePort") || kind == "ClusterIP" && has_external {
        set_if_absent(spec, "externalTrafficPolicy", "Cluster".into());
    }
    if matches!(kind.as_str(), "LoadBalancer" | "NodePort" | "ClusterIP") {
        set_if_null(spec, "internalTrafficPolicy", "Cluster".into());
    }
    if kind == "LoadBalancer" {
        set_if_null(spec, "allocateLoadBalancerNodePorts", true.into());
        let ingress =
            service.get_mut("status").and_then(|s| s.get_mut("loadBalancer")?.get_mut("ingress"));
        let ingress = ingress.and_then(Value::as_array_mut).into_iter().flatten();
        for point in ingress.filter_map(Value::as_object_mut).filter(|p| !text(p, "ip").is_empty())
        {
            set_if_null(point, "ipMode", "VIP".into());
        }
    }
}

fn session_affinity(spec: &mut Object) {
    match text(spec, "sessionAffinity") {
        "None" => _ = spec.remove("sessionAffinityConfig"),
        "ClientIP" => {
            let timeout = spec
                .get("sessionAffinityConfig")
                .and_then(|config| config.get("clientIP")?.get("timeoutSeconds"));
            if timeout.is_none_or(Value::is_null) {
                let config = json!({"clientIP": {"timeoutSeconds": CLIENT_IP_TIMEOUT_SECONDS}});
                spec.insert("sessionAffinityConfig".to_owned(), config);
            }
        }
        _ => {}
    }
}

fn port(port: &mut Object) {
    set_if_absent(port, "protocol", "TCP".into());
    let Some(number) = port.get("port").cloned() else { return };
    let target = port.entry("targetPort").or_insert(Value::Null);
    if target.is_null() || target.as_i64() == Some(0) || target.as_str() == Some("") {
        *target = number;
    }
}

fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn set_if_absent(object: &mut Object, name: &str, value: Value) {
    if text(object, name).is_empty() {
        object.insert(name.to_owned(), value);
    }
}

fn set_if_null(object: &mut Object, name: &str, value: Value) {
    if object.get(name).is_none_or(Value::is_null) {
        object.insert(name.to_owned(), value);
    }
}
