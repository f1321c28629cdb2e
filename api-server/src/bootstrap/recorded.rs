//! Objects that upstream makes at its first start, recorded as data.

use crate::objects::Cached;
use crate::own::Own;
use auth::Objects;
use futures::{StreamExt, TryStreamExt, stream};
use object::{ApiError, GroupResource, Result, Value, meta};

/// The writes under way at once; the store commits them together.
pub(super) const WRITES_AT_ONCE: usize = 64;

/// Objects of one kind.
pub(super) struct Recorded {
    api_version: &'static str,
    kind: &'static str,
    resource: &'static str,
    text: &'static str,
}

pub(super) const NAMESPACES: &[Recorded] = &[Recorded {
    api_version: "v1",
    kind: "Namespace",
    resource: "namespaces",
    text: include_str!("../../bootstrap/namespaces.json"),
}];

pub(super) const PRIORITY_CLASSES: &[Recorded] = &[Recorded {
    api_version: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    resource: "priorityclasses",
    text: include_str!("../../bootstrap/priorityclasses.json"),
}];

pub(super) const FLOW_CONTROL: &[Recorded] = &[
    Recorded {
        api_version: "flowcontrol.apiserver.k8s.io/v1",
        kind: "PriorityLevelConfiguration",
        resource: "prioritylevelconfigurations",
        text: include_str!("../../bootstrap/prioritylevelconfigurations.json"),
    },
    Recorded {
        api_version: "flowcontrol.apiserver.k8s.io/v1",
        kind: "FlowSchema",
        resource: "flowschemas",
        text: include_str!("../../bootstrap/flowschemas.json"),
    },
];

/// Creates those that are missing.
pub(super) async fn ensure(own: &Own, objects: &Cached, all: &[Recorded]) -> Result<()> {
    let mut missing = Vec::new();
    for recorded in all {
        let group = recorded.api_version.split_once('/').map_or("", |(group, _)| group);
        let resource = GroupResource::new(group, recorded.resource);
        for object in recorded.objects()? {
            if objects.get(&resource, meta::namespace(&object), meta::name(&object)).is_none() {
                missing.push(object);
            }
        }
    }
    stream::iter(missing)
        .map(|object| async move { own.ensure(&object).await })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect::<()>()
        .await
}

impl Recorded {
    fn objects(&self) -> Result<Vec<Value>> {
        let mut objects: Vec<Value> =
            serde_json::from_str(self.text).map_err(ApiError::internal)?;
        for object in &mut objects {
            object["apiVersion"] = self.api_version.into();
            object["kind"] = self.kind.into();
        }
        Ok(objects)
    }
}
