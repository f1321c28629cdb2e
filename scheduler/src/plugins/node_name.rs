//! NodeName: a pod that names a node fits no other.

use crate::plugin::{Events, Filter, Plugin, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;

pub(crate) struct NodeName;

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        match pod.spec().node_name.as_deref().filter(|name| !name.is_empty()) {
            None => Filter::Skip,
            Some(wanted) => Filter::Check(Box::new(move |node| {
                if node.name == wanted {
                    return Verdict::Fits;
                }
                Verdict::never("node(s) didn't match the requested node name")
            })),
        }
    }

    fn events(&self) -> Events {
        Events::NODE_ADDED
    }
}
