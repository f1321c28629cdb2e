//! DynamicResources: devices are not given out yet, so a pod that asks for some is told so.

use crate::plugin::{Events, Filter, Plugin};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;

pub(crate) struct DynamicResources;

impl Plugin for DynamicResources {
    fn name(&self) -> &'static str {
        "DynamicResources"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, _: &'a Snapshot) -> Filter<'a> {
        match pod.spec().resource_claims.iter().flatten().next() {
            None => Filter::Skip,
            Some(claim) => {
                let name = &claim.name;
                Filter::Refuse(format!("resource claim {name:?}: this scheduler gives out none"))
            }
        }
    }

    fn events(&self) -> Events {
        Events::POD_CHANGED
    }
}
