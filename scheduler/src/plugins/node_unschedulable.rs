//! NodeUnschedulable: a cordoned node takes only pods that tolerate it.

use crate::plugin::{Events, Filter, Plugin, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use control::taints::tolerates;
use k8s_openapi::api::core::v1::Taint;

pub(crate) struct NodeUnschedulable;

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        let cordon = Taint {
            key: "node.kubernetes.io/unschedulable".into(),
            effect: "NoSchedule".into(),
            ..Taint::default()
        };
        let is_welcome = pod.spec().tolerations.iter().flatten().any(|t| tolerates(t, &cordon));
        Filter::Check(Box::new(move |node| {
            if node.spec().unschedulable == Some(true) && !is_welcome {
                return Verdict::never("node(s) were unschedulable");
            }
            Verdict::Fits
        }))
    }

    fn events(&self) -> Events {
        Events::NODE_ADDED.and(Events::NODE_TAINTS)
    }
}
