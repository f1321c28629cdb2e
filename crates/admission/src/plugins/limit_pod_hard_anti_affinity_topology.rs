//! `LimitPodHardAntiAffinityTopology`: pods keep each other off nodes, not off zones.
//!
//! Mirrors `plugin/pkg/admission/antiaffinity`.

use super::Setup;
use super::pod_parts::{items, text};
use crate::{Operation, Plugin, Request};
use async_trait::async_trait;
use object::{ApiError, Result, Value, meta};

const HOST: &str = "kubernetes.io/hostname";

struct LimitPodHardAntiAffinityTopology;

pub(super) fn make(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(LimitPodHardAntiAffinityTopology)
}

#[async_trait]
impl Plugin for LimitPodHardAntiAffinityTopology {
    fn name(&self) -> &'static str {
        "LimitPodHardAntiAffinityTopology"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let concerns = request.is_whole("", "pods") && changes;
        let Some(pod) = object.filter(|_| concerns) else { return Ok(()) };
        let apart = &pod["spec"]["affinity"]["podAntiAffinity"];
        let wide = items(&apart["requiredDuringSchedulingIgnoredDuringExecution"])
            .map(|term| text(&term["topologyKey"]))
            .find(|key| *key != HOST);
        let Some(key) = wide else { return Ok(()) };
        let why = format!(
            "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey {key} but only key \
             {HOST} is allowed"
        );
        Err(ApiError::forbidden(&request.kind.group_resource(), meta::name(pod), why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn only_nodes_may_be_kept_apart() {
        let case = Case::new(make, &cluster(), "", "pods");
        let pod = |keys: &[&str]| {
            let terms: Vec<Value> = keys.iter().map(|key| json!({"topologyKey": key})).collect();
            let apart = json!({"requiredDuringSchedulingIgnoredDuringExecution": terms});
            let spec = json!({"affinity": {"podAntiAffinity": apart}});
            json!({"metadata": {"name": "p"}, "spec": spec})
        };
        for (keys, allowed) in [(&[][..], true), (&[HOST][..], true), (&[HOST, "zone"][..], false)]
        {
            assert_eq!(case.create("ns", &mut pod(keys)).await.is_ok(), allowed, "{keys:?}");
        }
    }
}
