//! NodePorts: two pods of a node can't have the same port of the host.

use crate::plugin::{Events, Filter, Plugin, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;

pub(crate) struct NodePorts;

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        if pod.ports.is_empty() {
            return Filter::Skip;
        }
        Filter::Check(Box::new(move |node| {
            if pod.ports.iter().any(|port| node.has_port(port)) {
                let reason = "node(s) didn't have free ports for the requested pod ports";
                return Verdict::crowded(vec![reason.into()]);
            }
            Verdict::Fits
        }))
    }

    fn events(&self) -> Events {
        Events::NODE_ADDED.and(Events::POD_DELETED)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{node, pod, verdict};
    use super::*;
    use serde_json::{Value, json};

    fn with(ports: Value) -> PodInfo {
        pod(json!({"containers": [{"name": "c", "ports": ports}]}))
    }

    #[test]
    fn all_addresses_means_each_of_them() {
        let node = node(json!({"metadata": {"name": "n"}}));
        let there = || {
            with(json!([
                {"containerPort": 1, "hostPort": 80, "hostIP": "127.0.0.1", "protocol": "TCP"}]))
        };
        let table = [
            (json!([{"containerPort": 1, "hostPort": 80}]), false),
            (json!([{"containerPort": 1, "hostPort": 80, "hostIP": "127.0.0.2"}]), true),
            (json!([{"containerPort": 1, "hostPort": 80, "protocol": "UDP"}]), true),
            (json!([{"containerPort": 80}]), true),
        ];
        for (ports, fits) in table {
            assert_eq!(
                verdict(&NodePorts, &with(ports.clone()), &node, vec![there()]) == Verdict::Fits,
                fits,
                "{ports}"
            );
        }
    }
}
