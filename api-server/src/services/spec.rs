//! What a service says of itself, read as Go reads its zero values.

use object::{ApiError, FieldErrors, GroupKind, Value, meta};

/// A service, of which the spec is read.
#[derive(Clone, Copy)]
pub(super) struct Spec<'a>(pub &'a Value);

impl<'a> Spec<'a> {
    fn text(self, field: &str) -> &'a str {
        self.0["spec"][field].as_str().unwrap_or_default()
    }

    /// `spec.type`.
    pub(crate) fn kind(self) -> &'a str {
        self.text("type")
    }

    /// `spec.clusterIP`.
    pub(crate) fn address(self) -> &'a str {
        self.text("clusterIP")
    }

    /// `spec.ipFamilyPolicy`.
    pub(crate) fn policy(self) -> &'a str {
        self.text("ipFamilyPolicy")
    }

    /// A list of texts.
    pub(crate) fn list(self, field: &str) -> Vec<&'a str> {
        let list = self.0["spec"][field].as_array();
        list.into_iter().flatten().map(|item| item.as_str().unwrap_or_default()).collect()
    }

    /// `clusterIP: None`.
    pub(crate) fn is_headless(self) -> bool {
        self.address() == "None"
    }

    /// Whether no pods are selected.
    pub(crate) fn has_no_selector(self) -> bool {
        self.0["spec"]["selector"].as_object().is_none_or(|map| map.is_empty())
    }

    /// Whether it has addresses of its own, or could have.
    pub(crate) fn needs_address(self) -> bool {
        self.kind() != "ExternalName"
    }

    /// Whether each of its ports gets a node port.
    pub(crate) fn needs_node_ports(self) -> bool {
        match self.kind() {
            "NodePort" => true,
            "LoadBalancer" => self.0["spec"]["allocateLoadBalancerNodePorts"] != false,
            _ => false,
        }
    }

    /// Whether it may have node ports.
    pub(crate) fn may_have_node_ports(self) -> bool {
        matches!(self.kind(), "NodePort" | "LoadBalancer")
    }

    /// Whether load balancers ask nodes for the health of its endpoints.
    pub(crate) fn needs_health_check(self) -> bool {
        self.kind() == "LoadBalancer" && self.text("externalTrafficPolicy") == "Local"
    }

    /// `spec.healthCheckNodePort`, 0 where there is none.
    pub(crate) fn health_check_port(self) -> u16 {
        port(&self.0["spec"]["healthCheckNodePort"])
    }

    /// `spec.ports`.
    pub(crate) fn ports(self) -> &'a [Value] {
        self.0["spec"]["ports"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The node ports of its ports, as often as they are there.
    pub(crate) fn node_ports(self) -> Vec<u16> {
        self.ports().iter().map(|p| port(&p["nodePort"])).filter(|port| *port != 0).collect()
    }
}

/// A port number; 0 where there is none, or none that can be.
pub(super) fn port(value: &Value) -> u16 {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or_default()
}

/// 422 for a service.
pub(super) fn refusal(service: &Value, errors: FieldErrors) -> ApiError {
    ApiError::invalid(&GroupKind::new("", "Service"), meta::name(service), errors)
}
